//! Reading micrographs. Files come from outside: sizes are checked before memory is taken.

use std::fs::File;
use std::io::{BufReader, Cursor, Read, Seek};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader};
use sha2::{Digest, Sha256};

use super::calibration::PixelSize;
use super::canvas::Canvas;
use super::makers::{self, Facts};
use super::part::Part;
use super::samples::{Numbers, Samples};
use super::{Micrograph, MicrographError, malformed, npy, png, tags, tiff};

/// What can be opened, for error texts.
const FORMATS: &str = "PNG, JPEG, TIFF, BMP, WebP and .npy files can be opened";
/// The file name endings of pictures, for dialogs and folders.
pub const ENDINGS: &[&str] = &["png", "jpg", "jpeg", "tif", "tiff", "btf", "tf8", "bmp", "webp", "npy"];
/// The most bytes that the decoders of other formats may take.
const MOST_BYTES: u64 = 3 << 30;

/// Reads a picture, or the first page of several. Its content, not its name, decides the format.
///
/// # Errors
/// The file cannot be read, is not a picture of a known kind, is damaged or too large.
pub fn read(path: &Path) -> Result<Micrograph, MicrographError> {
    read_part(path, &Part::default())
}

/// What the pages of a file show, one text a page, empty where the file does not say: the pages of TIFF, the images of
/// ImageJ and OME, the slices of .npy. One page for a file that cannot be read.
pub fn pages(path: &Path) -> Vec<String> {
    let one = || vec![String::new()];
    let Ok(file) = File::open(path) else { return one() };
    let mut file = BufReader::new(file);
    let mut start = [0; 8];
    if file.read_exact(&mut start).is_err() || file.rewind().is_err() {
        return one();
    }
    if start.starts_with(npy::MAGIC) {
        return vec![String::new(); npy::pages(file, path)];
    }
    if tags::layout(&start).is_some() { tiff::pages(file) } else { one() }
}

/// A file of pictures. Its pages are listed once, and its hash is computed once, after the first picture was read, however
/// many of its pages are.
#[derive(Clone, Debug)]
pub struct PictureFile {
    /// The file.
    pub path: PathBuf,
    /// What its pages show; see [`pages`].
    pub pages: Vec<String>,
    sha256: OnceLock<String>,
}

impl PictureFile {
    /// Looks at a file.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn open(path: &Path) -> Result<Self, MicrographError> {
        if path.is_dir() {
            return Err(malformed(path, format!("it is a folder; {FORMATS}")));
        }
        File::open(path).map_err(|source| MicrographError::Read { path: path.into(), source })?;
        Ok(Self { path: path.into(), pages: pages(path), sha256: OnceLock::new() })
    }

    /// Reads a part, as [`read_part`] does.
    ///
    /// # Errors
    /// As [`read_part`].
    pub fn read(&self, part: &Part) -> Result<Micrograph, MicrographError> {
        let mut micrograph = decoded(&self.path, part)?;
        micrograph.sha256 = match self.sha256.get() {
            Some(sha256) => sha256.clone(),
            None => {
                let unreadable = |source| MicrographError::Read { path: self.path.clone(), source };
                let sha256 = sha256_of(&self.path).map_err(unreadable)?;
                self.sha256.get_or_init(|| sha256).clone()
            }
        };
        if self.pages.len() > 1 {
            let name = self.pages.get(part.page).filter(|n| !n.is_empty()).map_or(String::new(), |n| format!(" ({n})"));
            micrograph.notes.insert(0, format!("page {} of {}{name}", part.page + 1, self.pages.len()));
        }
        Ok(micrograph)
    }
}

/// Reads a part of a picture. Where it has more pixels than can be handled, squares of them become one.
///
/// # Errors
/// As [`read`], or there is no such page or part.
pub fn read_part(path: &Path, part: &Part) -> Result<Micrograph, MicrographError> {
    PictureFile::open(path)?.read(part)
}

/// The picture, without the facts of its file.
fn decoded(path: &Path, part: &Part) -> Result<Micrograph, MicrographError> {
    // A decoder that fails must not take other files of the same work with it.
    catch_unwind(AssertUnwindSafe(|| read_unguarded(path, part))).unwrap_or_else(|_| {
        Err(malformed(path, "its decoder failed; the file is damaged or of a kind that is not supported"))
    })
}

fn read_unguarded(path: &Path, part: &Part) -> Result<Micrograph, MicrographError> {
    let unreadable = |source| MicrographError::Read { path: path.into(), source };
    let mut file = BufReader::new(File::open(path).map_err(unreadable)?);
    let mut start = vec![];
    file.by_ref().take(16).read_to_end(&mut start).map_err(unreadable)?;
    file.rewind().map_err(unreadable)?;
    if start.is_empty() {
        return Err(malformed(path, "the file is empty"));
    }
    let (samples, mut facts) = if start.starts_with(npy::MAGIC) {
        (npy::read(&mut file, path, part)?, Facts::default())
    } else if tags::layout(&start).is_some() {
        tiff::read(file, path, part)?
    } else {
        let no_page = || malformed(path, format!("it has no page {}", part.page + 1));
        match image::guess_format(&start) {
            Ok(ImageFormat::Png | ImageFormat::Jpeg | ImageFormat::Bmp | ImageFormat::WebP) if part.page > 0 => {
                return Err(no_page());
            }
            Ok(ImageFormat::Png) => {
                let (samples, pixel_size) = png::read(file, path, part)?;
                let aspect = samples.aspect;
                (samples, Facts { pixel_size, aspect, ..Facts::default() })
            }
            Ok(format @ (ImageFormat::Jpeg | ImageFormat::Bmp | ImageFormat::WebP)) => {
                (read_common(file, format, path, part)?, Facts::default())
            }
            _ => return Err(malformed(path, format!("its content is no picture; {FORMATS}"))),
        }
    };
    let (stored, bin) = (samples.values.dim(), samples.bin);
    if facts.pixel_size.is_none() {
        let beside = makers::of_sidecar(path, samples.full);
        facts = Facts { bar_rows: facts.bar_rows.or(beside.bar_rows), ..beside };
    }
    let is_turned = samples.orientation > 1;
    let mut micrograph =
        Samples { aspect: facts.aspect, ..samples }.micrograph().map_err(|reason| malformed(path, reason))?;
    let is_whole =
        part.crop.is_none() && !is_turned && facts.aspect == 1.0 && micrograph.size() == (stored.0, stored.1);
    micrograph.name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    // Of pixels that are not squares, the finer edge is kept.
    let edge = bin as f64 * facts.aspect.min(1.0);
    micrograph.pixel_size = facts.pixel_size.and_then(|p| PixelSize::new(p.metres * edge, &p.source));
    let rows = |rows: usize| (rows as f64 / bin as f64).round() as usize;
    micrograph.bar_rows = facts.bar_rows.filter(|_| is_whole).map(rows);
    if bin > 1 {
        micrograph
            .notes
            .insert(0, format!("it was read with squares of {bin} × {bin} pixels as one, because it is so large"));
    }
    micrograph.notes.extend(facts.notes);
    Ok(micrograph)
}

/// The SHA-256 of a file in hexadecimal digits, as `sha256sum` prints it.
///
/// # Errors
/// The file cannot be read.
pub fn sha256_of(path: &Path) -> std::io::Result<String> {
    let mut hash = Sha256::new();
    let mut file = File::open(path)?;
    let mut block = vec![0; 1 << 20];
    loop {
        match file.read(&mut block)? {
            0 => return Ok(crate::folders::hex(&hash.finalize())),
            n => hash.update(&block[..n]),
        }
    }
}

/// Reads JPEG, BMP and WebP.
fn read_common(
    mut file: BufReader<File>,
    format: ImageFormat,
    path: &Path,
    part: &Part,
) -> Result<Samples, MicrographError> {
    let broken = |e: image::ImageError| malformed(path, format!("it is damaged or incomplete ({e})"));
    if format == ImageFormat::Bmp
        && let Some(read) = read_indexed_bmp(&mut file, path, part)?
    {
        return Ok(read);
    }
    let mut reader = ImageReader::with_format(file, format);
    let mut limits = image::Limits::default();
    limits.max_alloc = Some(MOST_BYTES);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(broken)?;
    let (width, height) = decoder.dimensions();
    // The size is checked before anything is decoded.
    let channels = usize::from(decoder.color_type().channel_count());
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms).to_exif();
    let crop = part.stored_crop(orientation, (height.into(), width.into()));
    let mut canvas = Canvas::new((height.into(), width.into()), channels, crop, path)?;
    // The decoders do not keep to the limits themselves.
    if decoder.total_bytes() > MOST_BYTES {
        return Err(MicrographError::TooLarge { path: path.into(), height: height.into(), width: width.into() });
    }
    let image = DynamicImage::from_decoder(decoder).map_err(broken)?;
    let (height, width) = canvas.full;
    let wide = image.color().bytes_per_pixel() as usize == 2 * channels;
    let bytes = image.as_bytes();
    let value = |at: usize| match wide {
        true => f32::from(u16::from_ne_bytes([bytes[2 * at], bytes[2 * at + 1]])),
        false => f32::from(bytes[at]),
    };
    if bytes.len() != height * width * channels * (1 + usize::from(wide)) {
        return Err(malformed(path, "its samples are of a kind that is not read; save it as PNG or TIFF"));
    }
    canvas.put((0, 0), (height, width), 0..channels, |y, x, c| value((y * width + x) * channels + c));
    let numbers = Numbers::Unsigned(if wide { 16 } else { 8 });
    Ok(Samples { orientation, ..canvas.finish(numbers, None) })
}

/// Reads a BMP with a palette; `None` if it has none, or is better read with its colours.
fn read_indexed_bmp(file: &mut BufReader<File>, path: &Path, part: &Part) -> Result<Option<Samples>, MicrographError> {
    let mut bytes = vec![];
    let unreadable = |source| MicrographError::Read { path: path.into(), source };
    file.by_ref().take(MOST_BYTES).read_to_end(&mut bytes).map_err(unreadable)?;
    file.rewind().map_err(unreadable)?;
    // Of packed numbers, of 1 and 4 bits, the decoder gives the colours only.
    let bits_at = if bytes.get(14) == Some(&12) { 24 } else { 28 };
    if bytes.get(bits_at..bits_at + 2) != Some(&[8, 0]) {
        return Ok(None);
    }
    let Ok(mut decoder) = image::codecs::bmp::BmpDecoder::new(Cursor::new(&bytes)) else { return Ok(None) };
    let Some(palette) = decoder.get_palette().map(<[[u8; 3]]>::to_vec) else { return Ok(None) };
    decoder.set_indexed_color(true);
    let (width, height) = decoder.dimensions();
    let mut canvas = Canvas::new((height.into(), width.into()), 1, part.crop, path)?;
    let (height, width) = canvas.full;
    if decoder.total_bytes() != (height * width) as u64 || decoder.total_bytes() > MOST_BYTES {
        return Ok(None);
    }
    let mut indices = vec![0; height * width];
    if decoder.read_image(&mut indices).is_err() {
        return Ok(None);
    }
    canvas.put((0, 0), (height, width), 0..1, |y, x, _| f32::from(indices[y * width + x]));
    Ok(Some(canvas.finish(Numbers::Unsigned(8), Some(palette))))
}

/// Whether a file's name is that of a picture. Hidden files are none, such as those that macOS leaves on foreign disks.
pub fn is_picture(path: &Path) -> bool {
    let hidden = path.file_name().is_none_or(|n| n.to_string_lossy().starts_with('.'));
    let ending = path.extension().and_then(|e| e.to_str()).map(str::to_lowercase);
    !hidden && ending.is_some_and(|e| ENDINGS.contains(&e.as_str()))
}

/// The pictures of a folder and its subfolders down to a depth (0: the folder alone), in the order of their paths, without
/// hidden files and folders.
pub fn pictures_in(folder: &Path, depth: usize) -> Vec<PathBuf> {
    let mut inside: Vec<PathBuf> =
        std::fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path()).collect();
    inside.sort();
    let mut found = vec![];
    for path in inside {
        if path.is_dir() {
            let hidden = path.file_name().is_none_or(|n| n.to_string_lossy().starts_with('.'));
            if depth > 0 && !hidden {
                found.extend(pictures_in(&path, depth - 1));
            }
        } else if is_picture(&path) {
            found.push(path);
        }
    }
    found
}
