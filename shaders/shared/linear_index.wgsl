// The number of an invocation in a grid of 256-wide groups that may be folded into two dimensions.
fn linear_index(group: vec3<u32>, groups: vec3<u32>, local: u32) -> u32 {
    return (group.y * groups.x + group.x) * 256u + local;
}
