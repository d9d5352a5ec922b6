//! Micrographs from outside: what is read rightly, and what is refused with a sentence that names the file.

use std::path::{Path, PathBuf};

use microwright::micrograph::{self, Micrograph, MicrographError, Part, Segmentation, thresholds};

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn write(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, content).expect("a file");
        path
    }

    fn image(&self, name: &str, bytes: &[u8], (h, w): (u32, u32), color: image::ExtendedColorType) -> PathBuf {
        let path = self.0.path().join(name);
        image::save_buffer(&path, bytes, w, h, color).expect("a file");
        path
    }
}

/// A .npy file as NumPy would write it.
fn npy(descr: &str, fortran: bool, shape: &str, data: &[u8]) -> Vec<u8> {
    let fortran = if fortran { "True" } else { "False" };
    let mut header = format!("{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}");
    header.push_str(&" ".repeat((54 + 64 - header.len() % 64) % 64 - 1 + 64));
    header.push('\n');
    let mut out = b"\x93NUMPY\x01\x00".to_vec();
    out.extend((header.len() as u16).to_le_bytes());
    out.extend(header.as_bytes());
    out.extend(data);
    out
}

fn read(path: &Path) -> Micrograph {
    micrograph::read(path).expect("a micrograph")
}

#[test]
fn npy_of_every_order_and_number_is_read_alike() {
    let place = Place::new();
    let expected = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0];
    let bytes =
        |each: &dyn Fn(f64) -> Vec<u8>, values: &[f64]| values.iter().flat_map(|v| each(*v)).collect::<Vec<u8>>();
    let columns = [0.0, 3.0, 1.0, 4.0, 2.0, 5.0];
    let files = [
        npy("|u1", false, "(2, 3)", &bytes(&|v| vec![v as u8], &expected)),
        npy("|u1", true, "(2, 3)", &bytes(&|v| vec![v as u8], &columns)),
        npy("<u2", false, "(2, 3)", &bytes(&|v| (v as u16).to_le_bytes().into(), &expected)),
        npy(">u2", false, "(2, 3)", &bytes(&|v| (v as u16).to_be_bytes().into(), &expected)),
        npy("<i8", false, "(2, 3)", &bytes(&|v| (v as i64).to_le_bytes().into(), &expected)),
        npy(">i4", true, "(2, 3)", &bytes(&|v| (v as i32).to_be_bytes().into(), &columns)),
        npy("<f4", false, "(2, 3)", &bytes(&|v| (v as f32).to_le_bytes().into(), &expected)),
        npy(">f8", false, "(2, 3)", &bytes(&|v| v.to_be_bytes().into(), &expected)),
        npy("<f2", false, "(2, 3, 1)", &bytes(&|v| half::f16::from_f64(v).to_le_bytes().into(), &expected)),
    ];
    for (n, file) in files.iter().enumerate() {
        let micrograph = read(&place.write("a.npy", file));
        assert_eq!((micrograph.size(), micrograph.channels()), ((2, 3), 1), "file {n}");
        assert_eq!(micrograph.flat(), expected.map(|v| v as f32), "file {n}");
    }
    let negative = read(&place.write("a.npy", &npy("|i1", false, "(1, 2)", &[0xff, 1])));
    assert_eq!(negative.flat(), [-1.0, 1.0]);
    let logical = read(&place.write("a.npy", &npy("|b1", false, "(1, 2)", &[0, 1])));
    assert_eq!((logical.flat(), logical.range), (&[0.0, 1.0][..], (0.0, 1.0)));
}

#[test]
fn pictures_of_every_kind_are_read_rightly() {
    use image::ExtendedColorType as Color;
    let place = Place::new();
    let grey = read(&place.image("a.png", &[0, 255, 7, 9], (2, 2), Color::L8));
    assert_eq!((grey.flat(), grey.channels()), (&[0.0, 255.0, 7.0, 9.0][..], 1));
    let words: Vec<u8> = [0u16, 65535, 300, 1].iter().flat_map(|v| v.to_ne_bytes()).collect();
    for name in ["a.png", "a.tiff"] {
        let deep = read(&place.image(name, &words, (2, 2), Color::L16));
        assert_eq!((deep.flat(), deep.range), (&[0.0, 65535.0, 300.0, 1.0][..], (0.0, 65535.0)), "{name}");
    }
    let alpha = read(&place.image("a.png", &[9, 255, 8, 0], (1, 2), Color::La8));
    assert_eq!((alpha.flat(), alpha.channels()), (&[9.0][..], 1), "what is transparent is no material");
    let rgba = read(&place.image("a.png", &[1, 2, 3, 255, 4, 5, 6, 0], (1, 2), Color::Rgba8));
    assert_eq!((rgba.flat(), rgba.channels()), (&[1.0, 2.0, 3.0][..], 3));
    let needless = read(&place.image("a.png", &[7, 7, 7, 8, 8, 8], (1, 2), Color::Rgb8));
    assert_eq!((needless.flat(), needless.channels()), (&[7.0, 8.0][..], 1));
    for name in ["a.bmp", "a.webp", "a.tiff"] {
        let colour = read(&place.image(name, &[1, 2, 3, 4, 5, 6], (1, 2), Color::Rgb8));
        assert_eq!(colour.flat(), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], "{name}");
    }
    let path = place.0.path().join("float.tif");
    let mut encoder =
        tiff::encoder::TiffEncoder::new(std::fs::File::create(&path).expect("a file")).expect("an encoder");
    encoder.write_image::<tiff::encoder::colortype::Gray32Float>(2, 1, &[-0.5, 2.5]).expect("an image");
    let float = read(&path);
    assert_eq!((float.flat(), float.range), (&[-0.5, 2.5][..], (-0.5, 2.5)));
}

/// A PNG of two colours by palette, made by hand: two pixels, indices 1 and 0.
#[test]
fn numbers_of_a_palette_are_labels() {
    let chunk = |kind: &[u8; 4], data: &[u8]| {
        let mut body = kind.to_vec();
        body.extend(data);
        let mut out = (data.len() as u32).to_be_bytes().to_vec();
        out.extend(&body);
        out.extend(crc(&body).to_be_bytes());
        out
    };
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    png.extend(chunk(b"IHDR", &[0, 0, 0, 2, 0, 0, 0, 1, 8, 3, 0, 0, 0]));
    png.extend(chunk(b"PLTE", &[200, 10, 10, 10, 10, 200]));
    // zlib: stored block of three bytes: filter 0, index 1, index 0.
    png.extend(chunk(b"IDAT", &[0x78, 1, 1, 3, 0, 0xfc, 0xff, 0, 1, 0, 0, 5, 0, 2]));
    png.extend(chunk(b"IEND", &[]));
    let place = Place::new();
    let micrograph = read(&place.write("palette.png", &png));
    assert_eq!((micrograph.flat(), micrograph.channels()), (&[1.0, 0.0][..], 1));
    assert!(micrograph.notes[0].contains("labels"), "{:?}", micrograph.notes);
}

fn crc(bytes: &[u8]) -> u32 {
    let step = |c: u32, b: &u8| {
        (0..8).fold(c ^ u32::from(*b), |c, _| if c & 1 == 1 { 0xedb8_8320 ^ (c >> 1) } else { c >> 1 })
    };
    !bytes.iter().fold(u32::MAX, step)
}

#[test]
fn bad_files_are_refused_with_a_sentence_that_names_them() {
    let place = Place::new();
    let grey: Vec<u8> = (0..64 * 64).map(|i| (i * 31 % 256) as u8).collect();
    let png = std::fs::read(place.image("good.png", &grey, (64, 64), image::ExtendedColorType::L8)).expect("a file");
    let tif = std::fs::read(place.image("good.tiff", &grey, (64, 64), image::ExtendedColorType::L8)).expect("a file");
    let mut huge = png.clone();
    huge[16..24].copy_from_slice(&[0, 0, 0x75, 0x30, 0, 0, 0x75, 0x30]);
    let crc_at = crc(&huge[12..29]).to_be_bytes();
    huge[29..33].copy_from_slice(&crc_at);
    let nan: Vec<u8> = [f32::INFINITY, f32::NAN].iter().flat_map(|v| v.to_le_bytes()).collect();
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("empty.png", vec![], "empty"),
        ("text.png", b"this is a text, not a picture".to_vec(), "no picture"),
        ("short.png", png[..png.len() / 2].to_vec(), "damaged or incomplete"),
        ("short.tiff", tif[..tif.len() / 2].to_vec(), "damaged"),
        ("huge.png", huge, "30000 × 30000"),
        ("nan.npy", npy("<f4", false, "(1, 2)", &nan), "no numbers"),
        ("object.npy", npy("|O", false, "(1, 2)", &[0; 16]), "never unpickled"),
        (
            "record.npy",
            b"\x93NUMPY\x01\x00\x40\x00{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,2)} ".to_vec(),
            "records",
        ),
        ("short.npy", npy("<f8", false, "(100, 100)", &[0; 80]), "ends after 80"),
        ("huge.npy", npy("<f8", false, "(9999999999, 9999999999)", &[]), "too many"),
        ("line.npy", npy("<f8", false, "(5,)", &[0; 40]), "rows, columns"),
        ("header.npy", b"\x93NUMPY\x02\x00\xff\xff\xff\xff".to_vec(), "claims"),
        ("empty.npy", npy("|u1", false, "(0, 7)", &[]), "no pixels"),
    ];
    for (name, content, words) in cases {
        let path = place.write(name, &content);
        let text = micrograph::read(&path).expect_err(name).to_string();
        assert!(text.contains(name) && text.contains(words), "{name}: {text}");
    }
    assert!(micrograph::read(place.0.path()).expect_err("a folder").to_string().contains("folder"));
    assert!(
        micrograph::read(&place.0.path().join("none.png"))
            .expect_err("nothing")
            .to_string()
            .contains("could not be read")
    );
}

#[test]
fn phases_are_told_apart_or_the_reason_is_given() {
    let place = Place::new();
    let of = |values: &[u8], how| {
        let side = (values.len() as f64).sqrt() as usize;
        let data = npy("|u1", false, &format!("({side}, {side})"), values);
        micrograph::segment(&read(&place.write("m.npy", &data)), &how)
    };
    let eight: Vec<u8> = (0..16).map(|i| (i % 8) * 30).collect();
    assert_eq!(of(&eight, Segmentation::Auto).expect("phases").expect("phases").phases, 8);
    let nine: Vec<u8> = (0..16).map(|i| (i % 9) * 20).collect();
    let error = of(&nine, Segmentation::Auto).expect_err("nine labels");
    assert!(matches!(error, MicrographError::TooManyLabels { found: 9, .. }));
    assert!(error.to_string().contains("m.npy") && error.to_string().contains("--phases"));
    assert_eq!(of(&nine, Segmentation::Phases(2)).expect("phases").expect("phases").phases, 2);
    assert!(matches!(of(&[4; 16], Segmentation::Auto), Err(MicrographError::OnePhase { .. })));
    assert!(matches!(of(&[4; 16], Segmentation::Unsegmented), Err(MicrographError::OnePhase { .. })));
    assert!(matches!(of(&[4], Segmentation::Auto), Err(MicrographError::OnePhase { .. })));
    assert!(of(&eight, Segmentation::Unsegmented).expect("an image").is_none());
    assert!(matches!(of(&eight, Segmentation::Phases(1)), Err(MicrographError::PhaseCount { .. })));
}

#[test]
fn otsu_cuts_between_the_modes() {
    let mut grey: Vec<f32> = (0..300).map(|i| 40.0 + (i % 20) as f32).collect();
    grey.extend((0..200).map(|i| 120.0 + (i % 20) as f32));
    grey.extend((0..100).map(|i| 220.0 + (i % 20) as f32));
    let cuts = thresholds(&grey, 3);
    assert!((59.0..=120.0).contains(&cuts[0]) && (139.0..=220.0).contains(&cuts[1]), "{cuts:?}");
    assert_eq!(thresholds(&grey, 2).len(), 1);
}

/// A TIFF of one strip, made by hand: tags as (number, kind 3 = word or 4 = long, values).
fn tiff_file(tags: &[(u16, u16, Vec<u16>)], data: &[u8]) -> Vec<u8> {
    let mut out = b"II*\0".to_vec();
    out.extend(8u32.to_le_bytes());
    let mut tags = tags.to_vec();
    tags.extend([(273, 4, vec![0]), (278, 3, vec![u16::MAX]), (279, 4, vec![data.len() as u16])]);
    tags.sort_by_key(|t| t.0);
    let mut tail_at = 8 + 2 + 12 * tags.len() + 4;
    let mut tail = vec![];
    out.extend((tags.len() as u16).to_le_bytes());
    let long: usize = tags.iter().filter(|t| t.2.len() > 2).map(|t| 2 * t.2.len()).sum();
    let data_at = tail_at + long;
    for (number, kind, values) in &tags {
        out.extend(number.to_le_bytes());
        out.extend(kind.to_le_bytes());
        out.extend((values.len() as u32).to_le_bytes());
        let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        match (number, values.len()) {
            (273, _) => out.extend((data_at as u32).to_le_bytes()),
            (_, 1..=2) => out.extend([bytes, vec![0; 4]].concat()[..4].iter()),
            _ => {
                out.extend((tail_at as u32).to_le_bytes());
                tail_at += bytes.len();
                tail.extend(bytes);
            }
        }
    }
    out.extend([0; 4]);
    out.extend(tail);
    out.extend(data);
    out
}

#[test]
fn tiff_palettes_bits_and_planes_are_read() {
    let place = Place::new();
    let base = |bits: Vec<u16>, photometric: u16, samples: u16| {
        let n = |v: u16| vec![v];
        vec![
            (256, 3, n(4)),
            (257, 3, n(1)),
            (258, 3, bits),
            (259, 3, n(1)),
            (262, 3, n(photometric)),
            (277, 3, n(samples)),
        ]
    };
    let mut palette = base(vec![8], 3, 1);
    let mut map = vec![0u16; 768];
    (map[1], map[256 + 1], map[512 + 2]) = (65535, 1000, 65535);
    palette.push((320, 3, map));
    let labels = read(&place.write("palette.tif", &tiff_file(&palette, &[0, 1, 2, 1])));
    assert_eq!(labels.flat(), [0.0, 1.0, 2.0, 1.0]);
    let bits = read(&place.write("bits.tif", &tiff_file(&base(vec![1], 1, 1), &[0b1010_0000])));
    assert!(bits.flat() == [1.0, 0.0, 1.0, 0.0] || bits.flat() == [255.0, 0.0, 255.0, 0.0], "{:?}", bits.values);
    let mut planes = base(vec![8, 8, 8], 2, 3);
    planes.retain(|t| t.0 != 273 && t.0 != 279);
    planes.push((284, 3, vec![1]));
    let chunky = read(&place.write("chunky.tif", &tiff_file(&planes, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])));
    assert_eq!(chunky.flat()[..6], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
}

#[test]
fn phase_colours_are_read_back_as_the_phases_they_were() {
    let place = Place::new();
    for phases in 2..=8usize {
        let labels: Vec<u8> = (0..64).map(|i| (i % phases) as u8).collect();
        let map = micrograph::PhaseMap::new((8, 8), labels, phases);
        let path = place.0.path().join("phases.png");
        let colors: Vec<[u8; 3]> = (0..phases).map(|p| micrograph::phase_color(p, phases)).collect();
        micrograph::write_phase_png(&path, &map, &colors, None).expect("a file");
        let back = micrograph::segment(&read(&path), &Segmentation::Auto).expect("phases").expect("phases");
        assert_eq!(back, map, "{phases} phases");
    }
}

#[test]
fn pixel_sizes_survive_tiff_and_png_from_picometres_to_micrometres() {
    let folder = tempfile::tempdir().expect("a folder");
    let map = micrograph::PhaseMap::new((2, 3), vec![0, 1, 0, 1, 1, 0], 2);
    for metres in [2e-11, 2.5e-9, 4.2e-7, 3.1e-6] {
        let pixel = micrograph::PixelSize::new(metres, "typed");
        let tiff = folder.path().join("labels.tiff");
        micrograph::write_labels_tiff(&tiff, &map, pixel.as_ref()).expect("a file");
        let back = read(&tiff).pixel_size.expect("a pixel size");
        assert!((back.metres / metres - 1.0).abs() < 1e-3, "{} instead of {metres}", back.metres);
        // A PNG counts whole pixels per metre: it says nothing rather than something wrong.
        let png = folder.path().join("labels.png");
        micrograph::write_labels_png(&png, &map, pixel.as_ref()).expect("a file");
        let bytes = std::fs::read(&png).expect("bytes");
        let chunk = bytes.windows(4).position(|w| w == b"pHYs");
        let said = chunk.map(|at| 1.0 / f64::from(u32::from_be_bytes([4, 5, 6, 7].map(|k| bytes[at + k]))));
        assert!(said.map_or(metres < 5e-10, |m| (m / metres - 1.0).abs() < 1e-3), "{said:?} for {metres}");
        // The text beside it comes back exactly.
        let back = read(&png).pixel_size.expect("a pixel size");
        assert!((back.metres / metres - 1.0).abs() < 1e-12, "{} instead of {metres}", back.metres);
        assert_eq!(read(&png).flat(), map.labels.iter().map(|l| f32::from(*l)).collect::<Vec<_>>());
    }
}

#[test]
fn a_picture_of_one_colour_has_one_phase() {
    let values = [10.0, 20.0, 30.0].repeat(16);
    let picture = Micrograph::new((4, 4), 3, values, (0.0, 255.0));
    for how in [Segmentation::Auto, Segmentation::Clusters(2), Segmentation::Unsegmented] {
        let error = micrograph::segment(&picture, &how).expect_err("one phase");
        assert!(matches!(error, MicrographError::OnePhase { .. }), "{error}");
    }
}

#[test]
fn every_page_of_a_tiff_can_be_read() {
    use tiff::encoder::{TiffEncoder, colortype};
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("pages.tiff");
    let mut file = std::fs::File::create(&path).expect("a file");
    let mut encoder = TiffEncoder::new(&mut file).expect("a file");
    for page in 0..3u16 {
        let values: Vec<u16> = (0..6).map(|n| 1000 * page + n).collect();
        encoder.write_image::<colortype::Gray16>(3, 2, &values).expect("a page");
    }
    assert_eq!(micrograph::pages(&path).len(), 3);
    let page = |page| micrograph::read_part(&path, &Part { page, crop: None });
    for number in 0..3 {
        let read = page(number).expect("a page");
        assert!(read.notes[0].contains(&format!("page {} of 3", number + 1)), "{:?}", read.notes);
        assert_eq!((read.size(), read.flat()[5]), ((2, 3), 1000.0 * number as f32 + 5.0));
    }
    let error = page(3).expect_err("no such page").to_string();
    assert!(error.contains("no page 4"), "{error}");
}
