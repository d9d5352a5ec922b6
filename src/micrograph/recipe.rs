//! Recipes: the steps from a file's pixels to phases, which can be read, kept and applied to another micrograph.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::correct::{Correction, Numbers, OWN_NUMBERS};
use super::prepare::Prepare;
use super::segment::{Segmented, segment_with_certainty};
use super::{MOST_PHASES, Micrograph, MicrographError, Part, PhaseMap, PictureFile, PixelSize, Segmentation};

/// A phase's name and colour.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PhaseStyle {
    /// The name; `phase n` if it is empty.
    pub name: String,
    /// The colour; if there is none, the usual colour of the phase's number.
    pub color: Option<[u8; 3]>,
}

/// Everything between a micrograph and its phases. A recipe is a JSON file of these fields; all may be left out.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Recipe {
    /// The size of a pixel, where a person has set it.
    pub pixel_size: Option<PixelSize>,
    /// The values of black and white, where they are not those of the picture itself: filters and classifiers that were
    /// set on one picture then do the same on others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub range: Option<(f32, f32)>,
    /// How the picture is prepared.
    pub prepare: Vec<Prepare>,
    /// How the picture is segmented.
    pub segmentation: Segmentation,
    /// How the phases are then corrected.
    pub corrections: Vec<Correction>,
    /// Names and colours, by phase number.
    pub phases: Vec<PhaseStyle>,
}

/// The most steps of a recipe, and the longest file of one.
const MOST_STEPS: usize = 100_000;
const MOST_BYTES: u64 = 256 << 20;

/// The result of a recipe.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// The picture after its preparation.
    pub micrograph: Arc<Micrograph>,
    /// What the segmentation found, before corrections.
    pub segmented: Option<Arc<Segmented>>,
    /// The phases, unless the micrograph stays an image.
    pub phases: Option<Arc<PhaseMap>>,
    /// The phases that the labels of the segmentation have become.
    numbers: Numbers,
}

impl Prepared {
    /// What was decided about the picture without being asked, as parts of a sentence.
    pub fn notes(&self) -> Vec<String> {
        let guess = self.segmented.as_ref().and_then(|s| s.guess.clone());
        self.micrograph.notes.iter().cloned().chain(guess).collect()
    }
}

impl Recipe {
    /// A recipe that only segments.
    pub fn of(segmentation: Segmentation) -> Self {
        Self { segmentation, ..Self::default() }
    }

    /// Reads a recipe, or the recipe of a report.
    ///
    /// # Errors
    /// The file cannot be read, or is not a recipe.
    pub fn read(path: &Path) -> Result<Self, MicrographError> {
        let unreadable = |source| MicrographError::Read { path: path.into(), source };
        let malformed = |reason: String| MicrographError::Malformed { path: path.into(), reason };
        if std::fs::metadata(path).map_err(unreadable)?.len() > MOST_BYTES {
            return Err(malformed("it is too large for a recipe".into()));
        }
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        Self::parse(&text).map_err(malformed)
    }

    /// Reads the text of a recipe.
    ///
    /// # Errors
    /// The end of a sentence that says what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let recipe: Self = serde_json::from_str(text).map_err(|e| format!("it is no recipe of this program ({e})"))?;
        recipe.check()?;
        Ok(recipe)
    }

    /// Whether a recipe from outside makes sense.
    ///
    /// # Errors
    /// The end of a sentence that says what does not.
    pub fn check(&self) -> Result<(), String> {
        let steps = self.prepare.len() + self.corrections.len();
        if steps > MOST_STEPS || self.phases.len() > MOST_PHASES {
            return Err("it has more steps or phases than any recipe needs".into());
        }
        let size = self.pixel_size.as_ref();
        if size.is_some_and(|p| PixelSize::new(p.metres, &p.source).is_none()) {
            return Err("its pixel size makes no sense".into());
        }
        if self.range.is_some_and(|(black, white)| !(black.is_finite() && white.is_finite() && black < white)) {
            return Err("its values of black and white make no sense".into());
        }
        Ok(())
    }

    /// The text of a recipe.
    pub fn text(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// Prepares, segments and corrects a micrograph.
    ///
    /// # Errors
    /// A step does not fit; the message says which.
    pub fn apply(&self, micrograph: &Micrograph) -> Result<Prepared, MicrographError> {
        self.apply_after(Arc::new(micrograph.clone()), None)
    }

    /// Like [`Recipe::apply`], but reuses the results of an earlier recipe for the same micrograph, for as many steps
    /// as both have in common at the beginning.
    ///
    /// # Errors
    /// As [`Recipe::apply`].
    pub fn apply_after(
        &self,
        micrograph: Arc<Micrograph>,
        earlier: Option<(&Self, &Prepared)>,
    ) -> Result<Prepared, MicrographError> {
        let alike = |r: &Self| (&r.prepare, &r.pixel_size, r.range) == (&self.prepare, &self.pixel_size, self.range);
        let earlier = earlier.filter(|(r, _)| alike(r));
        let prepared = match earlier {
            Some((_, done)) => done.micrograph.clone(),
            None => self.prepare(micrograph)?,
        };
        let earlier = earlier.filter(|(r, _)| r.segmentation == self.segmentation);
        let segmented = match earlier {
            Some((_, done)) => done.segmented.clone(),
            None => segment_with_certainty(&prepared, &self.segmentation)?.map(Arc::new),
        };
        let Some(found) = &segmented else {
            return Ok(Prepared { micrograph: prepared, segmented: None, phases: None, numbers: OWN_NUMBERS });
        };
        // If corrections were only added, the earlier ones need not be applied again.
        let begun = earlier.and_then(|(r, done)| {
            let same = self.corrections.starts_with(&r.corrections);
            done.phases.clone().filter(|_| same).map(|map| (map, r.corrections.len(), done.numbers))
        });
        let (start, from, mut numbers) = begun.unwrap_or_else(|| (Arc::new(found.map.clone()), 0, OWN_NUMBERS));
        if from == self.corrections.len() {
            return Ok(Prepared { micrograph: prepared, segmented, phases: Some(start), numbers });
        }
        let mut map = PhaseMap::clone(&start);
        for correction in &self.corrections[from..] {
            correction.apply(&mut map, &found.map, &mut numbers, &prepared.name)?;
        }
        Ok(Prepared { micrograph: prepared, segmented, phases: Some(Arc::new(map)), numbers })
    }

    fn prepare(&self, micrograph: Arc<Micrograph>) -> Result<Arc<Micrograph>, MicrographError> {
        let mut picture = micrograph;
        if self.pixel_size.is_some() || self.range.is_some() {
            let mut own = Micrograph::clone(&picture);
            own.pixel_size = self.pixel_size.clone().or(own.pixel_size);
            own.range = self.range.unwrap_or(own.range);
            picture = Arc::new(own);
        }
        for step in &self.prepare {
            picture = Arc::new(step.apply(&picture)?);
        }
        Ok(picture)
    }

    /// The recipe for other micrographs. Strokes that taught a classifier become features of `prepared`, the micrograph
    /// that they were drawn on. `by_hand` says whether steps at places of that picture are kept.
    pub fn portable(&self, prepared: &Micrograph, by_hand: bool) -> Self {
        let mut recipe = self.clone();
        if let Segmentation::Strokes(lesson) = &mut recipe.segmentation {
            *lesson = lesson.learnt_from(prepared);
        }
        if !by_hand {
            recipe.corrections.retain(|c| !c.is_by_hand());
            recipe.prepare.retain(|step| !step.is_by_hand());
        }
        let by_range = matches!(recipe.segmentation, Segmentation::Strokes(_) | Segmentation::Local { .. })
            || recipe.prepare.iter().any(|step| matches!(step, Prepare::Bilateral { .. }));
        if by_range {
            recipe.range = Some(prepared.range);
        }
        recipe
    }

    /// The name of a phase.
    pub fn phase_name(&self, phase: usize) -> String {
        match self.phases.get(phase).map(|s| s.name.trim()) {
            Some(name) if !name.is_empty() => name.into(),
            _ => format!("phase {phase}"),
        }
    }

    /// The colour of a phase out of `phases`.
    pub fn phase_color(&self, phase: usize, phases: usize) -> [u8; 3] {
        let own = self.phases.get(phase).and_then(|s| s.color);
        own.unwrap_or_else(|| super::phase_color(phase, phases))
    }

    /// The colours of all `phases` phases.
    pub fn phase_colors(&self, phases: usize) -> Vec<[u8; 3]> {
        (0..phases).map(|phase| self.phase_color(phase, phases)).collect()
    }

    /// Whether the recipe does nothing but segment.
    pub fn is_plain(&self) -> bool {
        *self == Self::of(self.segmentation.clone())
    }
}

/// A name without its extension that two of these files share: their outputs would have the same name.
pub fn repeated_stem(paths: &[PathBuf]) -> Option<String> {
    let mut seen = HashSet::new();
    let stem = |path: &PathBuf| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    paths.iter().map(stem).find(|stem| !seen.insert(stem.clone()))
}

/// Applies a recipe to a part of a file and writes its phases beside its name into a folder: `NAME-phases.png` in their
/// colours, `NAME-labels.tiff` (grey value = phase, with the pixel size) and `NAME-labels.npy`. Of a file with several
/// pages, `NAME-page-N` stands for the name. Returns the result.
///
/// # Errors
/// The file cannot be read, the recipe does not fit, it leaves the micrograph unsegmented, or a file cannot be written.
pub fn segment_file(
    recipe: &Recipe,
    file: &PictureFile,
    part: &Part,
    output: &Path,
) -> Result<Prepared, MicrographError> {
    let prepared = recipe.apply(&file.read(part)?)?;
    let Some(map) = &prepared.phases else {
        let reason = "the recipe leaves it without phases".into();
        return Err(MicrographError::Step {
            step: "Segmentation".into(),
            name: prepared.micrograph.name.clone(),
            reason,
        });
    };
    let mut stem = file.path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    if file.pages.len() > 1 {
        stem = format!("{stem}-page-{}", part.page + 1);
    }
    let colors = recipe.phase_colors(map.phases);
    let pixel = prepared.micrograph.pixel_size.as_ref();
    super::write_phase_png(&output.join(format!("{stem}-phases.png")), map, &colors, pixel)?;
    super::write_labels_tiff(&output.join(format!("{stem}-labels.tiff")), map, pixel)?;
    super::write_labels_npy(&output.join(format!("{stem}-labels.npy")), map)?;
    Ok(prepared)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::micrograph::Stroke;

    fn picture() -> Micrograph {
        let value = |n: usize| ((n * 7919 + n / 40 * 131) % 256) as f32;
        Micrograph::new((40, 40), 1, (0..1600).map(value).collect(), (0.0, 255.0))
    }

    fn full() -> Recipe {
        let stroke = Stroke { phase: 1, radius: 3.0, points: Arc::new(vec![[4.0, 4.0], [9.0, 20.0]]) };
        Recipe {
            pixel_size: PixelSize::new(2e-8, "set by hand"),
            range: None,
            prepare: vec![Prepare::CutBottom { rows: 4 }, Prepare::Gaussian { sigma: 1.5 }],
            segmentation: Segmentation::Phases(3),
            corrections: vec![Correction::Despeckle { pixels: 5 }, Correction::Brush(stroke), Correction::Invert],
            phases: vec![PhaseStyle { name: "pore".into(), color: Some([1, 2, 3]) }],
        }
    }

    #[test]
    fn a_recipe_survives_its_text() {
        assert_eq!(Recipe::parse(&full().text()), Ok(full()));
        assert_eq!(Recipe::parse("{}"), Ok(Recipe::default()));
        let short = r#"{"segmentation": {"thresholds": [99.5]}, "prepare": [{"do": "median", "radius": 1}]}"#;
        assert_eq!(Recipe::parse(short).expect("a recipe").prepare, [Prepare::Median { radius: 1 }]);
        assert!(Recipe::parse(r#"{"sharpen": 3}"#).is_err());
    }

    #[test]
    fn going_on_from_an_earlier_state_gives_the_same_as_starting_anew() {
        let (picture, whole) = (Arc::new(picture()), full());
        let anew = whole.apply(&picture).expect("phases");
        assert_eq!(anew.micrograph.pixel_size.as_ref().map(|p| p.metres), Some(2e-8));
        let mut state = Recipe::default();
        let mut done = state.apply(&picture).expect("phases");
        let mut steps: Vec<Recipe> = vec![];
        for n in 0..=2 {
            steps.push(Recipe { prepare: whole.prepare[..n].to_vec(), ..Recipe::default() });
        }
        for n in 0..=3 {
            steps.push(Recipe { corrections: whole.corrections[..n].to_vec(), ..whole.clone() });
        }
        for next in steps {
            done = next.apply_after(picture.clone(), Some((&state, &done))).expect("phases");
            state = next;
        }
        assert_eq!((done.micrograph, done.phases), (anew.micrograph, anew.phases));
    }
}
