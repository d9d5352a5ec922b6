//! Files as instruments and people write them: what they hold comes out as it was meant.

#[path = "common/tiff.rs"]
mod tiff;

use std::path::{Path, PathBuf};
use std::process::Command;

use microwright::micrograph::{self, Micrograph, Part, PhaseMap, PixelSize, Recipe, Rectangle, Segmentation};
use tiff::{Tiff, Value};

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).expect("a file");
        path
    }

    fn run(&self, arguments: &[&str]) -> (String, String, bool) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_microwright"));
        command.env("MICROWRIGHT_DATA", self.path("data")).current_dir(self.0.path()).args(arguments);
        let out = command.output().expect("the program runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (text(&out.stdout), text(&out.stderr), out.status.success())
    }
}

fn read(path: &Path) -> Micrograph {
    micrograph::read(path).expect("a micrograph")
}

fn page(path: &Path, page: usize) -> Micrograph {
    micrograph::read_part(path, &Part { page, crop: None }).expect("a page")
}

fn words(values: &[u16]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

const IMAGEJ: &str = "ImageJ=1.54f\nunit=um\n";

#[test]
fn bigtiff_is_read_like_tiff_with_its_tags() {
    let place = Place::new();
    for (big, little) in [(false, true), (false, false), (true, true), (true, false)] {
        let made = Tiff { big, little, ..Tiff::grey(3, 2, 8, vec![0, 1, 2, 3, 4, 255]) }
            .with(270, Value::Text(IMAGEJ.into()))
            .with(282, Value::Ratio(2, 1))
            .with(283, Value::Ratio(2, 1));
        let picture = read(&place.write("a.tif", &made.bytes()));
        assert_eq!((picture.size(), picture.flat()), ((2, 3), &[0.0, 1.0, 2.0, 3.0, 4.0, 255.0][..]));
        let pixel = picture.pixel_size.expect("a size");
        assert!((pixel.metres - 5e-7).abs() < 1e-15 && pixel.source.contains("ImageJ"), "{pixel:?}");
    }
}

#[test]
fn pixels_of_a_probe_microscope_become_squares() {
    let place = Place::new();
    let made = Tiff::grey(4, 2, 8, vec![0, 100, 200, 50, 10, 20, 30, 40])
        .with(270, Value::Text(IMAGEJ.into()))
        .with(282, Value::Ratio(100, 1))
        .with(283, Value::Ratio(50, 1));
    let picture = read(&place.write("afm.tif", &made.bytes()));
    assert_eq!(picture.size(), (4, 4));
    assert!((picture.pixel_size.expect("a size").metres - 1e-8).abs() < 1e-15);
    assert!(picture.notes.iter().any(|n| n.contains("square")), "{:?}", picture.notes);
    // The other way round, the finer edge is kept too.
    let made = Tiff::grey(4, 2, 8, vec![0, 100, 200, 50, 10, 20, 30, 40])
        .with(270, Value::Text(IMAGEJ.into()))
        .with(282, Value::Ratio(50, 1))
        .with(283, Value::Ratio(100, 1));
    let picture = read(&place.write("afm.tif", &made.bytes()));
    assert_eq!(picture.size(), (2, 8));
    assert!((picture.pixel_size.expect("a size").metres - 1e-8).abs() < 1e-15);
}

#[test]
fn twelve_bits_in_sixteen_give_what_eight_bits_give() {
    let place = Place::new();
    let edge = 64u32;
    let grey = |n: u32| {
        let (y, x) = ((n / edge) as f64, (n % edge) as f64);
        let value = 2000.0 + 1500.0 * ((x / 7.0).sin() * (y / 5.0).cos()) + f64::from((n * 7919) % 97);
        (value as u16 / 16) * 16
    };
    let deep: Vec<u16> = (0..edge * edge).map(grey).collect();
    let flat: Vec<u8> = deep.iter().map(|v| (v / 16) as u8).collect();
    let twelve = read(&place.write("deep.tif", &Tiff::grey(edge, edge, 16, words(&deep)).bytes()));
    let eight = read(&place.write("flat.tif", &Tiff::grey(edge, edge, 8, flat).bytes()));
    assert_eq!(twelve.range, (0.0, 4095.0));
    assert!(twelve.notes[0].contains("12 bits"), "{:?}", twelve.notes);
    let brightest = |p: &Micrograph| p.image().into_iter().fold(0.0, f32::max);
    assert!((brightest(&twelve) - brightest(&eight)).abs() < 1.0);
    for recipe in [
        Recipe::of(Segmentation::Local { radius: 9, sensitivity: 0.2 }),
        Recipe {
            prepare: vec![micrograph::Prepare::Bilateral { sigma: 1.5, tolerance: 0.1 }],
            ..Recipe::of(Segmentation::Phases(2))
        },
    ] {
        let share = |p: &Micrograph| recipe.apply(p).expect("phases").phases.expect("phases").volume_fractions()[1];
        assert!((share(&twelve) - share(&eight)).abs() < 0.005, "{} {}", share(&twelve), share(&eight));
    }
    // What a file states is better than what its values suggest.
    let stated =
        Tiff::grey(edge, edge, 16, words(&deep)).with(280, Value::Short(vec![500])).with(281, Value::Short(vec![3600]));
    assert_eq!(read(&place.write("stated.tif", &stated.bytes())).range, (500.0, 3600.0));
}

#[test]
fn packed_inverted_and_planar_samples_are_read() {
    let place = Place::new();
    // 12 bits: 0x123, 0xFFF, 0x00A in each of two rows, which begin at a byte.
    let row = [0x12, 0x3F, 0xFF, 0x00, 0xA0];
    let packed = Tiff::grey(3, 2, 12, [row, row].concat());
    let picture = read(&place.write("packed.tif", &packed.bytes()));
    assert_eq!(picture.flat(), [291.0, 4095.0, 10.0, 291.0, 4095.0, 10.0]);
    assert_eq!(picture.range, (0.0, 4095.0));
    // 10 bits: 1, 2, 3, 1023.
    let ten = Tiff::grey(4, 1, 10, vec![0x00, 0x40, 0x20, 0x0F, 0xFF]);
    assert_eq!(read(&place.write("ten.tif", &ten.bytes())).flat(), [1.0, 2.0, 3.0, 1023.0]);
    // White is zero: integers are turned, measurements keep their values.
    let inverted = Tiff::grey(2, 1, 8, vec![0, 200]).with(262, Value::Short(vec![0]));
    assert_eq!(read(&place.write("inverted.tif", &inverted.bytes())).flat(), [255.0, 55.0]);
    let heights: Vec<u8> = [-3.5f32, 12.25].iter().flat_map(|v| v.to_le_bytes()).collect();
    let float = Tiff::grey(2, 1, 32, heights).with(262, Value::Short(vec![0])).with(339, Value::Short(vec![3]));
    assert_eq!(read(&place.write("float.tif", &float.bytes())).flat(), [-3.5, 12.25]);
    // Three planes of tiles that stand over the edge.
    let tile = |first: u8| (0..256u32).map(|n| first + (n / 16 * 3 + n % 16) as u8 % 60).collect::<Vec<u8>>();
    let mut planes = Tiff::grey(20, 5, 8, vec![])
        .with(258, Value::Short(vec![8, 8, 8]))
        .with(262, Value::Short(vec![2]))
        .with(277, Value::Short(vec![3]))
        .with(284, Value::Short(vec![2]))
        .with(322, Value::Short(vec![16]))
        .with(323, Value::Short(vec![16]));
    planes.tags.retain(|(tag, _)| *tag != 278);
    planes.tiled = true;
    planes.data = [0, 40, 80, 120, 160, 190].map(tile).to_vec();
    let colour = read(&place.write("planes.tif", &planes.bytes()));
    assert_eq!((colour.size(), colour.channels()), ((5, 20), 3));
    let at = |y: usize, x: usize| colour.flat()[(y * 20 + x) * 3..][..3].to_vec();
    assert_eq!(at(0, 0), [0.0, 80.0, 160.0]);
    assert_eq!(at(4, 17), [40.0 + 13.0, 120.0 + 13.0, 190.0 + 13.0]);
}

#[test]
fn encodings_that_are_not_read_are_named() {
    let place = Place::new();
    for (number, name) in [(3, "Group 3"), (6, "JPEG"), (34712, "JPEG 2000"), (34661, "JBIG")] {
        let made = Tiff::grey(8, 1, 1, vec![0]).with(259, Value::Short(vec![number]));
        let error = micrograph::read(&place.write("rare.tif", &made.bytes())).expect_err("not read").to_string();
        assert!(error.contains(name) && error.contains("rare.tif"), "{error}");
    }
    let odd = Tiff::grey(8, 1, 24, vec![0; 24]);
    let error = micrograph::read(&place.write("odd.tif", &odd.bytes())).expect_err("not read").to_string();
    assert!(error.contains("24 bits"), "{error}");
}

#[test]
fn zstd_and_webp_in_tiff_are_read() {
    // The encoder writes neither; a picture of ZSTD blocks that are not compressed is easily made by hand.
    let place = Place::new();
    let data = [1u8, 2, 3, 4];
    let mut frame = 0xFD2F_B528u32.to_le_bytes().to_vec();
    // A single segment of 4 bytes; its last block is raw.
    frame.extend([0x20, 4]);
    frame.extend([(4 << 3 | 1) as u8, 0, 0]);
    frame.extend(data);
    let made = Tiff::grey(2, 2, 8, frame).with(259, Value::Short(vec![50000]));
    assert_eq!(read(&place.write("zstd.tif", &made.bytes())).flat(), [1.0, 2.0, 3.0, 4.0]);
}

#[test]
fn orientation_tags_are_followed() {
    let place = Place::new();
    let turned = Tiff::grey(3, 2, 8, vec![1, 2, 3, 4, 5, 6]).with(274, Value::Short(vec![6]));
    let picture = read(&place.write("turned.tif", &turned.bytes()));
    assert_eq!((picture.size(), picture.flat()), ((3, 2), &[4.0, 1.0, 5.0, 2.0, 6.0, 3.0][..]));
    assert!(picture.notes.iter().any(|n| n.contains("orientation")));
    // EXIF of a JPEG file: a small TIFF with the same tag.
    let mut jpeg = vec![];
    let grey: Vec<u8> = (0..16 * 8).map(|n| if n % 16 < 8 { 20 } else { 220 }).collect();
    image::codecs::jpeg::JpegEncoder::new_with_quality(&mut jpeg, 95)
        .encode(&grey, 16, 8, image::ExtendedColorType::L8)
        .expect("a picture");
    let mut exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0".to_vec();
    exif.extend([0x12, 0x01, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0]);
    let mut marked = jpeg[..2].to_vec();
    marked.extend([0xFF, 0xE1]);
    marked.extend(((exif.len() + 2) as u16).to_be_bytes());
    marked.extend(&exif);
    marked.extend(&jpeg[2..]);
    let picture = read(&place.write("turned.jpg", &marked));
    // Clockwise: what was left is now on top.
    assert_eq!(picture.size(), (16, 8));
    assert!(picture.flat()[0] < 60.0 && picture.flat()[127] > 180.0);
}

#[test]
fn stacks_of_imagej_ome_and_numpy_have_all_their_pages() {
    let place = Place::new();
    let description = "ImageJ=1.54f\nimages=5\nslices=5\n";
    let data: Vec<u8> = (0..30).collect();
    let mut stack = Tiff::grey(3, 2, 8, data).with(270, Value::Text(description.into()));
    // Its directory tells of the first image only.
    stack.tags.push((279, Value::Long(vec![6])));
    let mut bytes = stack.bytes();
    let entry = bytes.windows(4).position(|w| w == [0x17, 0x01, 4, 0]).expect("the tag");
    bytes[entry + 8..entry + 12].copy_from_slice(&6u32.to_le_bytes());
    let path = place.write("stack.tif", &bytes);
    let names = micrograph::pages(&path);
    assert_eq!((names.len(), names[2].as_str()), (5, "slice 3"));
    for n in 0..5 {
        let picture = page(&path, n);
        assert_eq!(picture.flat()[0], 6.0 * n as f32);
        assert!(picture.notes[0].contains(&format!("page {} of 5", n + 1)), "{:?}", picture.notes);
    }
    assert!(micrograph::read_part(&path, &Part { page: 5, crop: None }).is_err());
    // A volume of NumPy, in both orders.
    let header = |order: &str| {
        let mut text = format!("{{'descr': '<u2', 'fortran_order': {order}, 'shape': (3, 2, 5), }}");
        text.push_str(&" ".repeat(127 - 10 - text.len()));
        text.push('\n');
        [b"\x93NUMPY\x01\x00", &(text.len() as u16).to_le_bytes()[..], text.as_bytes()].concat()
    };
    let value = |n: u16, y: u16, x: u16| 1000 * n + 10 * y + x;
    let c: Vec<u16> = (0..30).map(|k| value(k / 10, k / 5 % 2, k % 5)).collect();
    let fortran: Vec<u16> = (0..30).map(|k| value(k % 3, k / 3 % 2, k / 6)).collect();
    for (order, data) in [("False", c), ("True", fortran)] {
        let path = place.write("volume.npy", &[header(order), words(&data)].concat());
        assert_eq!(micrograph::pages(&path).len(), 3);
        assert_eq!(page(&path, 2).flat()[6..8], [2011.0, 2012.0], "{order}");
    }
}

#[test]
fn sidecars_in_utf16_and_makers_tags_give_the_pixel_size() {
    let place = Place::new();
    let grey = || Tiff::grey(10, 4, 8, (0..40).map(|n| n * 6).collect());
    let path = place.write("hitachi.tif", &grey().bytes());
    let text = "[SemImageFile]\r\nDataSize=10x4\r\nPixelSize=9.92\r\n";
    for mark in [vec![], vec![0xFF, 0xFE]] {
        let wide = text.encode_utf16().flat_map(u16::to_le_bytes);
        place.write("hitachi.txt", &mark.into_iter().chain(wide).collect::<Vec<u8>>());
        let size = read(&path).pixel_size.expect("a size");
        assert!((size.metres - 9.92e-9).abs() < 1e-15, "{size:?}");
    }
    let gatan = grey().with(65003, Value::Text("nm".into())).with(65009, Value::Doubles(vec![0.25]));
    let size = read(&place.write("gatan.tif", &gatan.bytes())).pixel_size.expect("a size");
    assert!((size.metres - 0.25e-9).abs() < 1e-18 && size.source.contains("Gatan"));
    // Olympus: a list with one block of general data at its end, whose place is that of the file.
    let block = |at: u32| {
        let mut sis = b"SIS0".to_vec();
        sis.extend([0; 54]);
        sis.extend(1u16.to_le_bytes());
        sis.extend([1, 0, 1, 0]);
        sis.extend(at.to_le_bytes());
        sis.extend([0; 10]);
        sis.extend((-9i16).to_le_bytes());
        sis.extend(64.5f64.to_le_bytes());
        sis.extend(64.5f64.to_le_bytes());
        sis
    };
    let draft = grey().with(33560, Value::PlaceOf(block(0))).bytes();
    let at = draft.windows(4).position(|w| w == b"SIS0").expect("the block") as u32;
    let olympus = grey().with(33560, Value::PlaceOf(block(at + 68))).bytes();
    let size = read(&place.write("olympus.tif", &olympus)).pixel_size.expect("a size");
    assert!((size.metres - 64.5e-9).abs() < 1e-15 && size.source.contains("Olympus"), "{size:?}");
}

#[test]
fn scale_goes_with_exports_and_comes_back() {
    let place = Place::new();
    let map = PhaseMap::new((4, 4), (0..16).map(|n| n % 2).collect(), 2);
    for metres in [4.2e-7, 1.234_567e-10, 3.3e-5] {
        let path = place.path("phases.png");
        micrograph::write_phase_png(&path, &map, &[[0; 3], [255; 3]], PixelSize::new(metres, "typed").as_ref())
            .expect("a file");
        let back = read(&path).pixel_size.expect("a size");
        assert!((back.metres / metres - 1.0).abs() < 1e-12, "{metres}: {back:?}");
    }
    // A printing resolution of another program says nothing about the specimen; a microscope's does.
    let with = |per_metre: u32| {
        let mut encoder_out = vec![];
        let mut encoder = png::Encoder::new(&mut encoder_out, 2, 1);
        encoder.set_color(png::ColorType::Grayscale);
        encoder.set_pixel_dims(Some(png::PixelDimensions { xppu: per_metre, yppu: per_metre, unit: png::Unit::Meter }));
        encoder.write_header().expect("a header").write_image_data(&[0, 255]).expect("a picture");
        read(&place.write("other.png", &encoder_out)).pixel_size
    };
    assert_eq!((with(2835), with(3780), with(11811)), (None, None, None));
    assert!((with(2_000_000).expect("a size").metres - 5e-7).abs() < 1e-15);
}

#[test]
fn large_pictures_are_read_in_squares_or_in_parts() {
    let place = Place::new();
    let edge = 8_200usize;
    let header = {
        let mut text = format!("{{'descr': '|u1', 'fortran_order': False, 'shape': ({edge}, {edge}), }}");
        text.push_str(&" ".repeat(127 - 10 - text.len()));
        text.push('\n');
        [b"\x93NUMPY\x01\x00", &(text.len() as u16).to_le_bytes()[..], text.as_bytes()].concat()
    };
    let row = |y: usize| (0..edge).map(move |x| ((x * 3 + y * 5) % 200) as u8);
    let bytes: Vec<u8> = header.into_iter().chain((0..edge).flat_map(row)).collect();
    let path = place.write("large.npy", &bytes);
    let whole = read(&path);
    assert_eq!(whole.size(), (4100, 4100));
    let mean = |y: usize, x: usize| {
        let of = |y: usize, x: usize| ((x * 3 + y * 5) % 200) as f32;
        (of(y, x) + of(y, x + 1) + of(y + 1, x) + of(y + 1, x + 1)) / 4.0
    };
    assert_eq!((whole.flat()[0], whole.flat()[4100 * 7 + 11]), (mean(0, 0), mean(14, 22)));
    assert!(whole.notes[0].contains("2 × 2"), "{:?}", whole.notes);
    let crop = Some(Rectangle { top: 8_000, left: 100, height: 50, width: 60 });
    let part = micrograph::read_part(&path, &Part { page: 0, crop }).expect("a part");
    assert_eq!((part.size(), part.flat()[0]), ((50, 60), ((300 + 40_000) % 200) as f32));
    let crop = Some(Rectangle { top: 8_000, left: 100, height: 500, width: 60 });
    let error = micrograph::read_part(&path, &Part { page: 0, crop }).expect_err("outside").to_string();
    assert!(error.contains("does not lie within"), "{error}");
}

#[test]
fn folders_are_walked_without_hidden_files_and_sidecars() {
    let place = Place::new();
    std::fs::create_dir_all(place.path("set/.hidden")).expect("a folder");
    std::fs::create_dir_all(place.path("set/sub")).expect("a folder");
    for name in
        ["set/b.tif", "set/a.PNG", "set/._a.png", "set/Thumbs.db", "set/a.txt", "set/.hidden/c.png", "set/sub/d.bmp"]
    {
        place.write(name, b"x");
    }
    let names = |depth| -> Vec<String> {
        let found = micrograph::pictures_in(&place.path("set"), depth);
        found.iter().map(|p| p.file_name().expect("a name").to_string_lossy().into_owned()).collect()
    };
    assert_eq!(names(0), ["a.PNG", "b.tif"]);
    assert_eq!(names(1), ["a.PNG", "b.tif", "d.bmp"]);
}

#[test]
fn the_command_line_says_what_it_decided_and_cuts_the_data_bar() {
    let place = Place::new();
    let (h, w) = (264usize, 200usize);
    let value = |n: usize| {
        let (y, x) = (n / w, n % w);
        match y {
            0..200 => {
                let inside = ((y % 40) as f32 - 20.0).hypot((x % 40) as f32 - 20.0) < 12.36;
                30_000 * u16::from(inside) + 10_000 + ((n * 7919) % 3001) as u16
            }
            200 => 65_535,
            _ if n.is_multiple_of(7) && x < 120 => 65_535,
            _ => 0,
        }
    };
    let data: Vec<u16> = (0..h * w).map(value).collect();
    place.write("sem.tif", &Tiff::grey(w as u32, h as u32, 16, words(&data)).bytes());
    let fraction = |arguments: &[&str]| {
        let (out, error, fine) = place.run(arguments);
        assert!(fine, "{error}");
        let line = out.lines().nth(2).expect("phase 1").to_string();
        (line.split(',').nth(1).expect("a fraction").parse::<f64>().expect("a number"), error)
    };
    let (cut, said) = fraction(&["stats", "sem.tif", "--summary"]);
    assert!((cut - 0.300).abs() < 0.005, "{cut}");
    assert!(said.contains("64 rows are cut off") && said.contains("Otsu"), "{said}");
    let (whole, said) = fraction(&["stats", "sem.tif", "--summary", "--cut-bar", "none"]);
    assert!(whole < 0.29 && !said.contains("cut off"), "{whole} {said}");
    let (told, _) = fraction(&["stats", "sem.tif", "--summary", "--cut-bar", "64"]);
    assert!((told - cut).abs() < 1e-9);
    // All pages of a stack, each with its number.
    let stack: Vec<u8> =
        (0..3u8).flat_map(|n| (0..64 * 64u32).map(move |k| u8::from(k % 64 < 16 * u32::from(n + 1)))).collect();
    let mut text = "{'descr': '|u1', 'fortran_order': False, 'shape': (3, 64, 64), }".to_string();
    text.push_str(&" ".repeat(127 - 10 - text.len()));
    text.push('\n');
    let header = [b"\x93NUMPY\x01\x00", &(text.len() as u16).to_le_bytes()[..], text.as_bytes()].concat();
    place.write("stack.npy", &[header, stack].concat());
    let (out, said, fine) = place.run(&["stats", "stack.npy", "--summary", "--page", "all"]);
    assert!(fine && said.contains("page 2 of 3"), "{said}");
    let shares: Vec<&str> = out
        .lines()
        .filter(|l| l.split(',').nth(1) == Some("1"))
        .map(|l| l.split(',').nth(2).expect("a share"))
        .collect();
    assert_eq!(shares, ["0.250000", "0.500000", "0.750000"], "{out}");
    let (_, said, fine) = place.run(&["reconstruct", "stack.npy", "--output", "out", "--page", "all"]);
    assert!(!fine && said.contains("--page"), "{said}");
    // One file of a batch that cannot be decoded does not stop the others.
    place.write("recipe.json", b"{}");
    let (out, said, fine) =
        place.run(&["segment", "recipe.json", "stack.npy", "recipe.json", "--page", "2", "--output", "out"]);
    assert!(!fine && out.contains("50.00 %") && said.contains("no picture"), "{out} {said}");
    assert!(place.path("out/stack-page-2-phases.png").is_file());
}

#[test]
fn channels_that_are_no_transparency_and_stray_labels_are_kept() {
    let place = Place::new();
    // Four detectors, the last of which is 0 in a half of the picture: not transparent.
    let detectors: Vec<u8> = (0..64).flat_map(|n| [n, n + 1, n + 2, u8::from(n % 8 < 4)]).collect();
    let four = Tiff::grey(8, 8, 8, detectors)
        .with(258, Value::Short(vec![8; 4]))
        .with(277, Value::Short(vec![4]))
        .with(338, Value::Short(vec![0, 0, 0]));
    let picture = read(&place.write("four.tif", &four.bytes()));
    assert_eq!((picture.size(), picture.channels()), ((8, 8), 3));
    // White is zero, and opaque is not.
    let pair = Tiff::grey(4, 1, 8, vec![0, 255, 10, 255, 20, 255, 255, 255])
        .with(258, Value::Short(vec![8, 8]))
        .with(262, Value::Short(vec![0]))
        .with(277, Value::Short(vec![2]))
        .with(338, Value::Short(vec![2]));
    assert_eq!(read(&place.write("pair.tif", &pair.bytes())).flat(), [255.0, 245.0, 235.0, 0.0]);
    // More samples than any picture has must not take memory.
    let many = Tiff::grey(8192, 8192, 8, vec![1; 8]).with(277, Value::Short(vec![65535]));
    assert!(micrograph::read(&place.write("many.tif", &many.bytes())).is_err());
    // A thin phase with a number far from the others.
    let films: Vec<u8> = (0..64 * 64).map(|n| [0, 0, 1, 1, 9, 1, 1, 0][n % 64 / 2 % 8]).collect();
    let films: Vec<u8> = films.iter().enumerate().map(|(n, v)| if *v == 9 && n % 2 == 1 { 1 } else { *v }).collect();
    place.write("films.tif", &Tiff::grey(64, 64, 8, films).bytes());
    let (table, said, _) = place.run(&["stats", "films.tif", "--summary"]);
    assert_eq!(table.lines().count(), 4, "{table} {said}");
}

#[test]
fn every_image_of_a_stack_is_read_like_its_first() {
    let place = Place::new();
    let image = [0, 0, 0, 255, 7, 9];
    let stack = Tiff::grey(3, 2, 8, [image, image].concat())
        .with(262, Value::Short(vec![0]))
        .with(270, Value::Text("ImageJ=1.54f\nimages=2\nslices=2\n".into()))
        .with(279, Value::Long(vec![6]));
    let path = place.write("stack.tif", &stack.bytes());
    assert_eq!(page(&path, 0).flat(), [255.0, 255.0, 255.0, 0.0, 248.0, 246.0]);
    assert_eq!(page(&path, 0).flat(), page(&path, 1).flat());
}

#[test]
fn a_part_is_that_of_the_picture_as_it_is_seen() {
    let place = Place::new();
    let data: Vec<u8> = (0..24).collect();
    let crop = Rectangle { top: 1, left: 1, height: 2, width: 3 };
    for orientation in 1..=8 {
        let made = Tiff::grey(6, 4, 8, data.clone()).with(274, Value::Short(vec![orientation]));
        let path = place.write("a.tif", &made.bytes());
        let whole = read(&path);
        let part = micrograph::read_part(&path, &Part { page: 0, crop: Some(crop) }).expect("a part");
        let columns = whole.size().1;
        let expected: Vec<f32> =
            (1..3).flat_map(|y| (1..4).map(move |x| y * columns + x)).map(|n| whole.flat()[n]).collect();
        assert_eq!((part.size(), part.flat()), ((2, 3), &expected[..]), "orientation {orientation}");
        let outside = Part { page: 0, crop: Some(Rectangle { top: whole.size().0 - 1, ..crop }) };
        assert!(micrograph::read_part(&path, &outside).is_err(), "orientation {orientation}");
    }
    // The pixel size that stands beside a file is that of its whole width.
    let path = place.write("b.tif", &Tiff::grey(6, 4, 8, data).bytes());
    place.write("b.txt", b"[SemImageFile]\r\nDataSize=6x4\r\nPixelSize=10\r\n");
    let part = micrograph::read_part(&path, &Part { page: 0, crop: Some(crop) }).expect("a part");
    assert!((part.pixel_size.expect("a size").metres - 1e-8).abs() < 1e-15);
}

#[test]
fn bitmaps_of_one_bit_are_read() {
    let place = Place::new();
    let header = |v: &[u32]| -> Vec<u8> { v.iter().flat_map(|v| v.to_le_bytes()).collect() };
    // 16 × 2 pixels in rows of four bytes, black and white.
    let mut file = b"BM".to_vec();
    file.extend(header(&[70, 0, 62, 40, 16, 2, 1 | 1 << 16, 0, 8, 0, 0, 2, 2, 0, 0x00ff_ffff]));
    file.extend([0b1010_1010, 0xff, 0, 0, 0, 0, 0, 0]);
    let picture = read(&place.write("mask.bmp", &file));
    assert_eq!(picture.size(), (2, 16));
    assert_eq!(picture.flat()[16..26], [255.0, 0.0, 255.0, 0.0, 255.0, 0.0, 255.0, 0.0, 255.0, 255.0]);
}
