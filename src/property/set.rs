//! Property sets: what the phases of a map are made of.

use std::path::Path;
use std::sync::LazyLock;

use super::light::IndexTable;
use super::{Moduli, PropertyError};

/// What one phase is made of. A value that is absent is not known.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Material {
    /// Its name.
    pub name: String,
    /// Thermal or electrical conductivity, in the set's unit; 0 for an insulator.
    pub conductivity: Option<f64>,
    /// Diffusivity of what moves through the structure, in the set's unit; 0 where nothing moves.
    pub diffusivity: Option<f64>,
    /// Young's modulus in GPa; 0 for a void.
    pub young: Option<f64>,
    /// Poisson's ratio.
    pub poisson: Option<f64>,
    /// Whether it is pore space, through which a fluid flows.
    pub pore: bool,
    /// Refractive index n + ik.
    pub index: Option<IndexTable>,
    /// Where the values come from.
    pub source: String,
}

/// Light, and the layers above and below a map that is a pattern in a layer.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LightSettings {
    /// Wavelengths in nm.
    pub wavelengths: Vec<f64>,
    /// Angle of incidence in degrees.
    pub angle: f64,
    /// Angle between the plane of incidence and the x axis in degrees.
    pub azimuth: f64,
    /// Thickness of the patterned layer in nm.
    pub thickness: f64,
    /// Edge of a pixel in nm, for maps without a pixel size.
    pub pixel: f64,
    /// Orders along each axis, odd: 15 for 15 × 15.
    pub orders: usize,
    /// The medium that light comes from: n.
    pub above: f64,
    /// Uniform layers on the pattern, from above: thickness in nm, n and k.
    pub upper_layers: Vec<[f64; 3]>,
    /// Uniform layers under the pattern, from above: thickness in nm, n and k.
    pub lower_layers: Vec<[f64; 3]>,
    /// The medium below: n and k.
    pub below: [f64; 2],
}

impl Default for LightSettings {
    fn default() -> Self {
        Self {
            wavelengths: vec![600.0],
            angle: 0.0,
            azimuth: 0.0,
            thickness: 200.0,
            pixel: 10.0,
            orders: 11,
            above: 1.0,
            upper_layers: vec![],
            lower_layers: vec![],
            below: [1.0, 0.0],
        }
    }
}

/// The materials of a map's phases, and what else its properties need. As a file it is JSON.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PropertySet {
    /// Its name.
    #[serde(default)]
    pub name: String,
    /// The material of each phase, from phase 0.
    pub phases: Vec<Material>,
    /// The unit of conductivities.
    #[serde(default = "watts")]
    pub conductivity_unit: String,
    /// The unit of diffusivities; empty if they are relative to free diffusion.
    #[serde(default)]
    pub diffusivity_unit: String,
    /// Light and layers.
    #[serde(default)]
    pub light: LightSettings,
}

fn watts() -> String {
    "W/(m K)".into()
}

/// The largest file of a property set, in bytes.
const MOST_BYTES: u64 = 4 << 20;

/// The materials that the program knows.
static MATERIALS: LazyLock<Vec<Material>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../assets/materials.json")).expect("a test reads the materials")
});

/// Textbook materials; each states its sources.
pub fn materials() -> &'static [Material] {
    &MATERIALS
}

/// A material that the program knows, by its name in any case.
pub fn material(name: &str) -> Option<&'static Material> {
    materials().iter().find(|m| m.name.eq_ignore_ascii_case(name.trim()))
}

impl PropertySet {
    /// A set of so many phases for first attempts: voids in quartz, the first phase being quartz.
    pub fn first(phases: usize) -> Self {
        let names = ["Quartz", "Void", "Calcite", "Water", "Iron", "Aluminium", "Copper", "PMMA"];
        let of = |n: usize| material(names[n % names.len()]).cloned().unwrap_or_default();
        Self::of((0..phases).map(of).collect())
    }

    /// A set of these materials.
    pub fn of(phases: Vec<Material>) -> Self {
        let name = phases.iter().map(|m| m.name.as_str()).collect::<Vec<_>>().join(", ");
        Self {
            name,
            phases,
            conductivity_unit: watts(),
            diffusivity_unit: String::new(),
            light: LightSettings::default(),
        }
    }

    /// The text of a file that is meant to be a set: JSON with phases, and not a recipe or a report, which have a
    /// segmentation.
    pub fn text_of(path: &Path) -> Option<String> {
        let is_json = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("json"));
        let is_small = std::fs::metadata(path).is_ok_and(|m| m.len() <= MOST_BYTES);
        let text = (is_json && is_small).then(|| std::fs::read_to_string(path).ok()).flatten()?;
        (text.contains("\"phases\"") && !text.contains("\"segmentation\"")).then_some(text)
    }

    /// Reads a set from a file.
    ///
    /// # Errors
    /// The file cannot be read, or is no property set; the sentence says where.
    pub fn read(path: &Path) -> Result<Self, PropertyError> {
        let failed = |source| PropertyError::File { path: path.into(), done: "read", source };
        if std::fs::metadata(path).map_err(failed)?.len() > MOST_BYTES {
            return Err(PropertyError::Malformed {
                path: path.into(),
                reason: "it is larger than any property set".into(),
            });
        }
        Self::from_text(&std::fs::read_to_string(path).map_err(failed)?, path)
    }

    /// A set from the text of a file; sentences name its path.
    ///
    /// # Errors
    /// It is no property set, or a number in it is impossible.
    pub fn from_text(text: &str, path: &Path) -> Result<Self, PropertyError> {
        let malformed = |reason: String| PropertyError::Malformed { path: path.into(), reason };
        let set: Self = serde_json::from_str(text).map_err(|e| malformed(format!("it is not a property set ({e})")))?;
        set.check().map_err(malformed)?;
        Ok(set)
    }

    /// The set as a file.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("numbers and texts") + "\n"
    }

    /// Whether its numbers are possible.
    ///
    /// # Errors
    /// A sentence that says which is not.
    pub fn check(&self) -> Result<(), String> {
        for (phase, material) in self.phases.iter().enumerate() {
            let not_negative = [
                ("conductivity", material.conductivity),
                ("diffusivity", material.diffusivity),
                ("Young's modulus", material.young),
            ];
            for (value, found) in not_negative {
                if let Some(found) = found.filter(|v| !(v.is_finite() && *v >= 0.0)) {
                    return Err(format!("phase {phase} has the {value} {found}, which has to be 0 or more"));
                }
            }
            if let Some(ratio) = material.poisson.filter(|v| !(-0.99..=0.499).contains(v)) {
                return Err(format!("phase {phase} has the Poisson's ratio {ratio}, which has to be −0.99 to 0.499"));
            }
            if let Some(table) = &material.index {
                table
                    .check()
                    .map_err(|reason| format!("the refractive index of phase {phase} cannot be used: {reason}"))?;
            }
        }
        Ok(())
    }

    /// The value that each phase of a map has.
    fn each(
        &self,
        present: &[bool],
        value: &'static str,
        property: &'static str,
        of: impl Fn(&Material) -> Option<f64>,
    ) -> Result<Vec<f64>, PropertyError> {
        let one = |(phase, is_there): (usize, &bool)| match self.phases.get(phase).and_then(&of) {
            // A phase without a pixel needs no value, and its value must not count.
            _ if !is_there => Ok(0.0),
            Some(found) => Ok(found),
            None => Err(PropertyError::Missing { phase, value, property }),
        };
        present.iter().enumerate().map(one).collect()
    }

    /// Conductivities; `present` says which phases the map has.
    ///
    /// # Errors
    /// A phase has none.
    pub fn conductivities(&self, present: &[bool]) -> Result<Vec<f64>, PropertyError> {
        self.each(present, "conductivity", "conduction", |m| m.conductivity)
    }

    /// Diffusivities.
    ///
    /// # Errors
    /// A phase has none.
    pub fn diffusivities(&self, present: &[bool]) -> Result<Vec<f64>, PropertyError> {
        self.each(present, "diffusivity", "diffusion", |m| m.diffusivity)
    }

    /// Bulk and shear moduli in three dimensions, in GPa.
    ///
    /// # Errors
    /// A phase has none.
    pub fn moduli(&self, present: &[bool]) -> Result<Vec<Moduli>, PropertyError> {
        let young = self.each(present, "Young's modulus", "elasticity", |m| m.young)?;
        // A void needs no Poisson's ratio.
        let of = |m: &Material| m.poisson.or(m.young.filter(|y| *y == 0.0).map(|_| 0.0));
        let poisson = self.each(present, "Poisson's ratio", "elasticity", of)?;
        Ok(young.into_iter().zip(poisson).map(|(e, nu)| Moduli::of_young(e, nu)).collect())
    }

    /// Permittivities at a wavelength in nm.
    ///
    /// # Errors
    /// A phase has no index, or its table does not reach the wavelength.
    pub fn permittivities(&self, present: &[bool], wavelength: f64) -> Result<Vec<faer::c64>, PropertyError> {
        let one = |(phase, is_there): (usize, &bool)| {
            let Some(table) = self.phases.get(phase).and_then(|m| m.index.as_ref()) else {
                let missing = PropertyError::Missing { phase, value: "refractive index", property: "light" };
                return if *is_there { Err(missing) } else { Ok(faer::c64::new(1.0, 0.0)) };
            };
            let say = |reason| {
                PropertyError::Light(format!("The refractive index of phase {phase} cannot be used: {reason}."))
            };
            table.check().and_then(|()| table.at(wavelength)).map(|n| n * n).map_err(say)
        };
        present.iter().enumerate().map(one).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_materials_can_be_used_and_state_their_sources() {
        assert!(materials().len() > 8);
        for material in materials() {
            PropertySet::of(vec![material.clone()]).check().unwrap_or_else(|e| panic!("{}: {e}", material.name));
            assert!(!material.source.is_empty() && material.source.ends_with('.'), "{}", material.name);
        }
        assert_eq!(material("quartz").map(|m| m.name.as_str()), Some("Quartz"));
        assert!(PropertySet::first(8).phases.iter().all(|m| !m.name.is_empty()));
    }

    #[test]
    fn sets_come_back_from_their_files_and_bad_ones_are_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("set.json");
        let set = PropertySet::first(3);
        std::fs::write(&path, set.to_json()).expect("a file");
        assert_eq!(PropertySet::read(&path).expect("a set"), set);
        for (text, part) in [
            ("{", "not a property set"),
            (r#"{"phases": [{"name": "a", "young": -1.0}]}"#, "Young's modulus"),
            (r#"{"phases": [{"name": "a", "poisson": 0.5}]}"#, "Poisson"),
            (r#"{"phases": [{"name": "a", "youngs": 1.0}]}"#, "unknown field"),
            (r#"{"phases": [{"name": "a", "index": [[600, 1.5, -1]]}]}"#, "negative"),
        ] {
            std::fs::write(&path, text).expect("a file");
            let reason = PropertySet::read(&path).expect_err(text).to_string();
            assert!(reason.contains(part), "{text}: {reason}");
        }
        assert!(PropertySet::read(&folder.path().join("none")).is_err());
    }

    #[test]
    fn a_phase_without_a_value_is_named() {
        let set = PropertySet::of(vec![material("Quartz").cloned().expect("quartz"), Material::default()]);
        let reason = set.conductivities(&[true, true]).expect_err("none").to_string();
        assert!(reason.contains("Phase 1") && reason.contains("conductivity"), "{reason}");
        assert!(set.conductivities(&[true, false]).is_ok());
        assert!(set.moduli(&[true, true, true]).is_err());
    }
}
