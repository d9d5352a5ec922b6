// A convolution as an implicit matrix product of 16-bit numbers, summed in 32 bits, by the adapter's cooperative
// matrices of T × T numbers. A workgroup computes 128 positions of 64 outputs. In each round, each of its subgroups
// computes a unit of 2 × 4 matrices, until all are done. If there are more subgroups than units, several compute the
// same unit.
const ROWS = 2u * T;
const COLUMNS = 4u * T;
const ACROSS = 64u / COLUMNS;
const UNITS = 128u / ROWS * ACROSS;
// Numbers of the inner sum per step, and the distances between rows in the workgroup's memory. The distances are longer
// than the rows, so that rows do not begin in the same bank.
const INNER = 16u;
const LEFT_STEP = 24u;
const RIGHT_STEP = 72u;

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> x: array<vec4<Input>>;
@group(0) @binding(2) var<storage, read> weights: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> bias: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> mask: array<u32>;
@group(0) @binding(5) var<storage, read_write> y: array<vec4<Output>>;

// left[position · LEFT_STEP + k], right[k · RIGHT_STEP + output], and a matrix of sums for each unit of a round.
var<workgroup> left: array<f16, 128u * LEFT_STEP>;
var<workgroup> right: array<f16, INNER * RIGHT_STEP>;
var<workgroup> sums: array<f32, UNITS * T * T>;
var<workgroup> subgroups: u32;

fn bring_left(at: u32, values: vec4<f32>) {
    left[at] = f16(values.x);
    left[at + 1u] = f16(values.y);
    left[at + 2u] = f16(values.z);
    left[at + 3u] = f16(values.w);
}

fn bring_right(at: u32, values: vec4<f32>) {
    right[at] = f16(values.x);
    right[at + 1u] = f16(values.y);
    right[at + 2u] = f16(values.z);
    right[at + 3u] = f16(values.w);
}

// Finishes the sums that the subgroups have stored: for each unit from `first` on, the matrix that begins at the given
// row and column of the unit.
fn store_sums(local: u32, corner: vec2<u32>, first: u32, step: u32, row: u32, column: u32) {
    let positions = parameters.batch * parameters.out_height * parameters.out_width;
    let columns = parameters.outputs / 4u;
    let fours = T * T / 4u;
    for (var at = local; at < step * fours; at += 128u) {
        let unit = (first + at / fours) % UNITS;
        let position = corner.x + unit / ACROSS * ROWS + row + at % fours / (T / 4u);
        let output = (corner.y + unit % ACROSS * COLUMNS + column) / 4u + at % (T / 4u);
        if (position < positions && output < columns) {
            let sum = vec4(sums[4u * at], sums[4u * at + 1u], sums[4u * at + 2u], sums[4u * at + 3u]);
            y[position * columns + output] = stored_four(finished(sum, output));
        }
    }
}

@compute @workgroup_size(128)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
    @builtin(subgroup_id) subgroup: u32,
    @builtin(num_subgroups) num_subgroups: u32,
) {
    let image_positions = parameters.out_height * parameters.out_width;
    let corner = vec2((group.x + group.z * groups.x) * 128u, group.y * 64u);
    let columns = parameters.outputs / 4u;
    if (local == 0u) {
        subgroups = num_subgroups;
    }
    let step = min(workgroupUniformLoad(&subgroups), UNITS);
    let slot = subgroup % step * T * T;

    // This invocation loads 16 channels of one position, and eight outputs of one channel.
    let position = corner.x + local;
    let image = position / image_positions;
    let place = position % image_positions;
    let is_position = position < parameters.batch * image_positions;
    let brought = local / 8u;
    let output = local % 8u * 2u;
    let first_column = corner.y / 4u + output;

    for (var first = 0u; first < UNITS; first += step) {
        let unit = (first + subgroup % step) % UNITS;
        let row = unit / ACROSS * ROWS * LEFT_STEP;
        let column = unit % ACROSS * COLUMNS;
        var a0 = Sums();
        var a1 = Sums();
        var a2 = Sums();
        var a3 = Sums();
        var b0 = Sums();
        var b1 = Sums();
        var b2 = Sums();
        var b3 = Sums();
        for (var t = 0u; t < parameters.edge * parameters.edge; t++) {
            let tap_row = source_row(place / parameters.out_width + t / parameters.edge);
            let tap_column = source_column(place % parameters.out_width + t % parameters.edge);
            let tap = tap_at(image, tap_row, tap_column);
            for (var i = 0u; i < parameters.inputs; i += INNER) {
                for (var k = 0u; k < INNER; k += 4u) {
                    var values = vec4<f32>();
                    if (is_position && tap.is_inside) {
                        values = tap_values(tap, i + k);
                    }
                    bring_left(local * LEFT_STEP + k, values);
                }
                for (var k = 0u; k < 2u; k++) {
                    var values = vec4<f32>();
                    if (first_column + k < columns) {
                        values = weights[(t * parameters.inputs + i + brought) * columns + first_column + k];
                    }
                    bring_right(brought * RIGHT_STEP + (output + k) * 4u, values);
                }
                workgroupBarrier();
                for (var k = 0u; k < INNER; k += T) {
                    let upper = coopLoadT<Left>(&left[row + k], LEFT_STEP);
                    let lower = coopLoadT<Left>(&left[row + T * LEFT_STEP + k], LEFT_STEP);
                    let r0 = coopLoadT<Right>(&right[k * RIGHT_STEP + column], RIGHT_STEP);
                    let r1 = coopLoadT<Right>(&right[k * RIGHT_STEP + column + T], RIGHT_STEP);
                    let r2 = coopLoadT<Right>(&right[k * RIGHT_STEP + column + 2u * T], RIGHT_STEP);
                    let r3 = coopLoadT<Right>(&right[k * RIGHT_STEP + column + 3u * T], RIGHT_STEP);
                    a0 = coopMultiplyAdd(upper, r0, a0);
                    a1 = coopMultiplyAdd(upper, r1, a1);
                    a2 = coopMultiplyAdd(upper, r2, a2);
                    a3 = coopMultiplyAdd(upper, r3, a3);
                    b0 = coopMultiplyAdd(lower, r0, b0);
                    b1 = coopMultiplyAdd(lower, r1, b1);
                    b2 = coopMultiplyAdd(lower, r2, b2);
                    b3 = coopMultiplyAdd(lower, r3, b3);
                }
                workgroupBarrier();
            }
        }
        // One matrix of each unit at a time goes through the workgroup's memory.
        coopStoreT(a0, &sums[slot], T);
        workgroupBarrier();
        store_sums(local, corner, first, step, 0u, 0u);
        workgroupBarrier();
        coopStoreT(a1, &sums[slot], T);
        workgroupBarrier();
        store_sums(local, corner, first, step, 0u, T);
        workgroupBarrier();
        coopStoreT(a2, &sums[slot], T);
        workgroupBarrier();
        store_sums(local, corner, first, step, 0u, 2u * T);
        workgroupBarrier();
        coopStoreT(a3, &sums[slot], T);
        workgroupBarrier();
        store_sums(local, corner, first, step, 0u, 3u * T);
        workgroupBarrier();
        coopStoreT(b0, &sums[slot], T);
        workgroupBarrier();
        store_sums(local, corner, first, step, T, 0u);
        workgroupBarrier();
        coopStoreT(b1, &sums[slot], T);
        workgroupBarrier();
        store_sums(local, corner, first, step, T, T);
        workgroupBarrier();
        coopStoreT(b2, &sums[slot], T);
        workgroupBarrier();
        store_sums(local, corner, first, step, T, 2u * T);
        workgroupBarrier();
        coopStoreT(b3, &sums[slot], T);
        workgroupBarrier();
        store_sums(local, corner, first, step, T, 3u * T);
        workgroupBarrier();
    }
}
