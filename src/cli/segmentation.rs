//! The options that say which part of a file is read, and how it becomes phases.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::bail;

use crate::micrograph::{
    MOST_PHASES, Micrograph, Part, PhaseMap, PictureFile, PixelSize, Prepare, Prepared, Recipe, Rectangle,
    Segmentation, data_bar,
};
use crate::property::Volume;

/// Which pages of a file are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pages {
    /// This one, counted from 0.
    One(usize),
    /// Each.
    All,
}

fn page(text: &str) -> Result<Pages, String> {
    match text.parse::<usize>() {
        Ok(n) if n > 0 => Ok(Pages::One(n - 1)),
        _ if text == "all" => Ok(Pages::All),
        _ => Err("write a number from 1 on, or all".into()),
    }
}

fn rectangle(text: &str) -> Result<Rectangle, String> {
    let numbers: Result<Vec<usize>, _> = text.split(',').map(|n| n.trim().parse()).collect();
    match numbers.as_deref() {
        Ok([top, left, height, width]) => Ok(Rectangle { top: *top, left: *left, height: *height, width: *width }),
        _ => Err("write the first row, the first column, the height and the width as 0,0,512,512".into()),
    }
}

/// Which part of a file is read.
#[derive(Clone, Debug, clap::Args)]
pub struct SourceArguments {
    /// The page of a stack (TIFF, ImageJ, OME, .npy), counted from 1, or all of them [default: 1]
    #[arg(long, value_name = "N|all", value_parser = page)]
    page: Option<Pages>,
    /// Read a rectangle only: its first row and column, its height and width in pixels of the file,
    /// turned as its orientation tag says
    #[arg(long, value_name = "TOP,LEFT,HEIGHT,WIDTH", value_parser = rectangle)]
    crop: Option<Rectangle>,
}

impl SourceArguments {
    /// All parts of a file that are wanted.
    pub fn parts(&self, file: &PictureFile) -> Vec<Part> {
        let of = |page| Part { page, crop: self.crop };
        match self.page {
            Some(Pages::All) => (0..file.pages.len()).map(of).collect(),
            Some(Pages::One(page)) => vec![of(page)],
            None => vec![of(0)],
        }
    }

    /// The part of a file, for work that takes one only.
    pub fn part(&self) -> anyhow::Result<Part> {
        match self.page {
            Some(Pages::All) => bail!("This takes one page at a time: give its number with --page."),
            Some(Pages::One(page)) => Ok(Part { page, crop: self.crop }),
            None => Ok(Part { page: 0, crop: self.crop }),
        }
    }
}

/// What becomes of a data bar at the bottom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CutBar {
    /// It is cut off where one is found and no recipe is given.
    Auto,
    /// Nothing is cut off.
    No,
    /// So many rows are cut off.
    Rows(usize),
}

fn cut_bar(text: &str) -> Result<CutBar, String> {
    match (text, text.parse()) {
        ("auto", _) => Ok(CutBar::Auto),
        ("none", _) => Ok(CutBar::No),
        (_, Ok(rows)) => Ok(CutBar::Rows(rows)),
        _ => Err("write auto, none, or a number of rows".into()),
    }
}

/// How a micrograph becomes phases.
#[derive(Clone, Debug, clap::Args)]
pub struct SegmentationArguments {
    /// Make N phases by thresholds (multi-Otsu) instead of taking at most 8 distinct values as phases.
    #[arg(long, value_name = "N", conflicts_with = "unsegmented")]
    phases: Option<usize>,
    /// Take the micrograph as a grey or colour image without phases.
    #[arg(long)]
    unsegmented: bool,
    /// Prepare, segment and correct by a recipe, as the window saves it
    #[arg(long, value_name = "JSON", conflicts_with_all = ["phases", "unsegmented"])]
    recipe: Option<PathBuf>,
    /// Rows of a data bar to cut off the bottom: a number, none, or auto, which cuts what looks like one if no recipe is
    /// given
    #[arg(long, value_name = "auto|ROWS|none", default_value = "auto", value_parser = cut_bar)]
    cut_bar: CutBar,
    #[command(flatten)]
    pub source: SourceArguments,
}

impl SegmentationArguments {
    /// The recipe of these options, if one is given.
    pub fn chosen_recipe(&self) -> anyhow::Result<Option<Recipe>> {
        Ok(match (self.phases, self.unsegmented, &self.recipe) {
            (_, _, Some(path)) => Some(Recipe::read(path)?),
            (Some(n), ..) => Some(Recipe::of(Segmentation::Phases(n))),
            (None, true, None) => Some(Recipe::of(Segmentation::Unsegmented)),
            (None, false, None) => None,
        })
    }

    /// Adds the cut of a data bar to a recipe, and says so. An automatic cut comes only before no other preparation.
    pub fn cut_off(&self, recipe: &mut Recipe, micrograph: &Micrograph) {
        let rows = match self.cut_bar {
            CutBar::Rows(rows) if rows > 0 => Some(rows),
            CutBar::Auto
                if self.recipe.is_none() && recipe.prepare.is_empty() && !micrograph.has_few_values(MOST_PHASES) =>
            {
                let rows = data_bar(micrograph);
                if let Some(rows) = rows {
                    eprintln!(
                        "{}: the lowest {rows} rows are cut off, because they look like a data bar (--cut-bar none keeps them).",
                        micrograph.name
                    );
                }
                rows
            }
            _ => None,
        };
        if let Some(rows) = rows {
            recipe.prepare.insert(0, Prepare::CutBottom { rows });
        }
    }

    /// A part of a file, prepared and segmented with these options. Says what was decided about it.
    pub fn prepared(&self, file: &PictureFile, part: &Part) -> anyhow::Result<Prepared> {
        self.prepared_after(file, part, None)
    }

    fn prepared_after(&self, file: &PictureFile, part: &Part, last: Option<Prepare>) -> anyhow::Result<Prepared> {
        let micrograph = file.read(part)?;
        let mut recipe = self.chosen_recipe()?.unwrap_or_default();
        self.cut_off(&mut recipe, &micrograph);
        recipe.prepare.extend(last);
        let prepared = recipe.apply(&micrograph)?;
        tell(&prepared.micrograph.name, &prepared.notes());
        Ok(prepared)
    }

    /// The phases of all pages of a file, one upon another.
    pub fn volume(&self, path: &Path) -> anyhow::Result<Volume> {
        let file = PictureFile::open(path)?;
        let (mut labels, mut size) = (vec![], None);
        let pages = file.pages.len();
        for page in 0..pages {
            let map = self.prepared(&file, &Part { page, ..self.source.part()? })?.phases;
            let map = map.ok_or_else(|| anyhow::anyhow!("{} has no phases.", path.display()))?;
            if *size.get_or_insert(map.size()) != map.size() {
                bail!("The pages of {} have several sizes, so they are no volume.", path.display());
            }
            labels.extend_from_slice(map.flat());
        }
        let (rows, columns) = size.unwrap_or_default();
        if pages < 2 {
            bail!("{} has one page only; a volume is a stack (TIFF, or .npy of three axes).", path.display());
        }
        Ok(Volume { shape: [pages, rows, columns], labels })
    }

    /// The phases of the wanted page of a file, and its pixel size.
    pub fn phase_map(&self, path: &Path) -> anyhow::Result<(Arc<PhaseMap>, Option<PixelSize>)> {
        self.phases_after(path, None)
    }

    /// The same, scaled to pixels of so many metres.
    pub fn phase_map_scaled(&self, path: &Path, metres: f64) -> anyhow::Result<(Arc<PhaseMap>, Option<PixelSize>)> {
        self.phases_after(path, Some(Prepare::ScaleTo { metres }))
    }

    fn phases_after(&self, path: &Path, last: Option<Prepare>) -> anyhow::Result<(Arc<PhaseMap>, Option<PixelSize>)> {
        let prepared = self.prepared_after(&PictureFile::open(path)?, &self.source.part()?, last)?;
        let map = prepared.phases.ok_or_else(|| anyhow::anyhow!("{} has no phases.", path.display()))?;
        Ok((map, prepared.micrograph.pixel_size.clone()))
    }
}

/// Says on the standard error what was decided about a file.
pub fn tell(name: &str, notes: &[String]) {
    if !notes.is_empty() {
        eprintln!("{name}: {}.", notes.join("; "));
    }
}
