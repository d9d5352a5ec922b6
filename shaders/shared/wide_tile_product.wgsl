// A 128 × 64 tile of a matrix product, 8 × 8 of it in each of 128 invocations; 8 of the inner sum at a time.
// left[k · 128 + row], right[k · 16 + column / 4]; an invocation has 8 rows side by side, and columns 4c … 4c + 3 and
// 32 + 4c … 32 + 4c + 3. Written without loops, so that the sums stay in registers with every driver.
var<workgroup> left: array<f32, 1024>;
var<workgroup> right: array<vec4<f32>, 128>;

// Eight numbers of the inner sum for one row.
fn bring_row(row: u32, a: vec4<f32>, b: vec4<f32>) {
    left[row] = a.x;
    left[128u + row] = a.y;
    left[256u + row] = a.z;
    left[384u + row] = a.w;
    left[512u + row] = b.x;
    left[640u + row] = b.y;
    left[768u + row] = b.z;
    left[896u + row] = b.w;
}

fn multiply_tiles(local: u32, sums: ptr<function, array<vec4<f32>, 16>>) {
    for (var k = 0u; k < 8u; k++) {
        let row = k * 128u + local / 8u * 8u;
        let column = k * 16u + local % 8u;
        let a = right[column];
        let b = right[column + 8u];
        let x0 = left[row];
        let x1 = left[row + 1u];
        let x2 = left[row + 2u];
        let x3 = left[row + 3u];
        let x4 = left[row + 4u];
        let x5 = left[row + 5u];
        let x6 = left[row + 6u];
        let x7 = left[row + 7u];
        (*sums)[0] += x0 * a;
        (*sums)[1] += x0 * b;
        (*sums)[2] += x1 * a;
        (*sums)[3] += x1 * b;
        (*sums)[4] += x2 * a;
        (*sums)[5] += x2 * b;
        (*sums)[6] += x3 * a;
        (*sums)[7] += x3 * b;
        (*sums)[8] += x4 * a;
        (*sums)[9] += x4 * b;
        (*sums)[10] += x5 * a;
        (*sums)[11] += x5 * b;
        (*sums)[12] += x6 * a;
        (*sums)[13] += x6 * b;
        (*sums)[14] += x7 * a;
        (*sums)[15] += x7 * b;
    }
}

// Hands the 8 rows of an invocation to store_tile(row, column / 4, sum), counted from the tile's corner.
fn store_tiles(local: u32, first_row: u32, first_column: u32, sums: ptr<function, array<vec4<f32>, 16>>) {
    let row = first_row + local / 8u * 8u;
    let column = first_column / 4u + local % 8u;
    store_tile(row, column, (*sums)[0]);
    store_tile(row, column + 8u, (*sums)[1]);
    store_tile(row + 1u, column, (*sums)[2]);
    store_tile(row + 1u, column + 8u, (*sums)[3]);
    store_tile(row + 2u, column, (*sums)[4]);
    store_tile(row + 2u, column + 8u, (*sums)[5]);
    store_tile(row + 3u, column, (*sums)[6]);
    store_tile(row + 3u, column + 8u, (*sums)[7]);
    store_tile(row + 4u, column, (*sums)[8]);
    store_tile(row + 4u, column + 8u, (*sums)[9]);
    store_tile(row + 5u, column, (*sums)[10]);
    store_tile(row + 5u, column + 8u, (*sums)[11]);
    store_tile(row + 6u, column, (*sums)[12]);
    store_tile(row + 6u, column + 8u, (*sums)[13]);
    store_tile(row + 7u, column, (*sums)[14]);
    store_tile(row + 7u, column + 8u, (*sums)[15]);
}
