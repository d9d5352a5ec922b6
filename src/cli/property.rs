//! `microwright property`

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::bail;

use super::follow::follow;
use super::print::say;
use super::reconstruct::check_folder;
use super::segmentation::SegmentationArguments;
use crate::figure::significant;
use crate::job::{
    ComputeProperties, ComputeVolume, Ending, Measure, PropertyMap, PropertyResults, property_rows, write_properties,
};
use crate::micrograph::pictures_in;
use crate::property::{
    Accuracy, Cell, Dimension, Material, Plane, Property, PropertySet, Quantity, Wanted, material, materials,
};

/// What is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// Thermal or electrical conductivity
    Conductivity,
    /// Diffusivity and tortuosity
    Diffusivity,
    /// Elastic moduli
    Elasticity,
    /// Fluid permeability
    Permeability,
    /// Reflection, transmission and absorption of light
    Light,
}

impl Kind {
    /// The property.
    pub fn property(self) -> Property {
        Property::ALL[self as usize]
    }
}

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Micrographs; the first one is the original that others are compared with
    #[arg(required_unless_present = "list_materials")]
    images: Vec<PathBuf>,
    /// What was made from the first micrograph: files, or folders of them
    #[arg(long, value_name = "PATH", num_args = 1..)]
    made: Vec<PathBuf>,
    /// What the phases are made of: a property set, as the window saves it
    #[arg(long, value_name = "JSON", conflicts_with = "materials")]
    set: Option<PathBuf>,
    /// What the phases are made of: the materials of phase 0, 1 and so on, such as quartz,void
    #[arg(long, value_name = "NAME,NAME", value_delimiter = ',')]
    materials: Vec<String>,
    /// Properties, apart by commas [default: all that the set has values for]
    #[arg(long, value_enum, value_delimiter = ',')]
    properties: Vec<Kind>,
    /// Take the map as a section of an isotropic material in three dimensions instead of a structure that goes on
    /// unchanged through the thickness (bounds and estimates)
    #[arg(long)]
    section: bool,
    /// Plane stress (a thin sheet) instead of plane strain
    #[arg(long)]
    plane_stress: bool,
    /// Mirror the map at its edges, like a sample between two plates with sealed sides, instead of repeating it
    #[arg(long)]
    sealed: bool,
    /// Compute bounds and estimates only, no full fields
    #[arg(long)]
    estimates: bool,
    /// Take the pages of each file as a volume (conductivity, diffusivity and elasticity in three dimensions)
    #[arg(long, conflicts_with_all = ["made", "section", "plane_stress", "sealed", "output"])]
    volume: bool,
    /// The residual that full fields are solved to, as a share of the first one
    #[arg(long, default_value_t = Accuracy::default().tolerance)]
    tolerance: f64,
    /// Wavelengths in nm, apart by commas, instead of those of the set
    #[arg(long, value_delimiter = ',', value_name = "NM")]
    wavelengths: Vec<f64>,
    /// Print the materials that the program knows, with their sources
    #[arg(long)]
    list_materials: bool,
    /// Folder for tables, figures and fields (PNG, NPY, VTI)
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
    #[command(flatten)]
    segmentation: SegmentationArguments,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    if arguments.list_materials {
        list();
        return Ok(());
    }
    if let Some(folder) = &arguments.output {
        check_folder(folder)?;
    }
    if !(arguments.tolerance > 0.0 && arguments.tolerance < 0.1) {
        bail!("The tolerance has to be above 0 and below 0.1.");
    }
    let mut set = set_of(arguments.set.as_deref(), &arguments.materials)?;
    if !arguments.wavelengths.is_empty() {
        set.light.wavelengths.clone_from(&arguments.wavelengths);
    }
    if arguments.volume {
        return volumes(arguments, &set);
    }
    let maps = maps_of(arguments)?;
    let request =
        Arc::new(ComputeProperties { wanted: wanted(arguments, &set), maps, set, quarters: !arguments.estimates });
    let mut results = PropertyResults::new(request.clone());
    let ending = follow(ComputeProperties::clone(&request), |_| vec![], |output| results.take(output))?;
    if let Ending::Failed(reason) = &ending {
        bail!("{reason}");
    }
    print(&results);
    if let Some(folder) = &arguments.output {
        for path in write_properties(folder, &results).map_err(anyhow::Error::msg)? {
            say!("{}", path.display());
        }
    }
    if ending != Ending::Finished {
        bail!("Stopped before all properties were computed.");
    }
    Ok(())
}

/// Prints the properties of each file as a volume.
fn volumes(arguments: &Arguments, set: &PropertySet) -> anyhow::Result<()> {
    let mut wanted = wanted(arguments, set);
    if arguments.properties.is_empty() {
        wanted.properties.retain(|p| !matches!(p, Property::Permeability | Property::Light));
    }
    for path in &arguments.images {
        let volume = arguments.segmentation.volume(path)?;
        let [planes, rows, columns] = volume.shape;
        say!("{}: {columns} × {rows} × {planes} voxels", path.display());
        let task = ComputeVolume { volume, set: set.clone(), wanted: wanted.clone() };
        let mut found = None;
        let ending = follow(task, |_| vec![], |output| found = Some(output))?;
        match (ending, found) {
            (Ending::Failed(reason), _) => bail!("{reason}"),
            (_, None) => bail!("Stopped before the properties were computed."),
            (_, Some(found)) => {
                let width = found.quantities.iter().map(|q| q.name.chars().count()).max().unwrap_or(8);
                found.quantities.iter().for_each(|quantity| say!("{}", line_of(quantity, width)));
                found.notes.iter().for_each(|note| eprintln!("{note}"));
            }
        }
    }
    Ok(())
}

/// A quantity as a line: its estimate, bounds, full field and unit.
fn line_of(q: &Quantity, width: usize) -> String {
    let number = |value: Option<f64>| value.map_or(String::new(), significant);
    let bounds = q.narrowest();
    let line = format!(
        "{:width$}  {:>10}  {:>10} – {:<10}  {:>10}  {}",
        q.name,
        number(q.estimate),
        number(bounds.map(|b| b.lower)),
        number(bounds.map(|b| b.upper)),
        number(q.field),
        q.unit
    );
    line.trim_end().to_string()
}

/// The materials with what is known of them.
fn list() {
    for Material { name, conductivity, young, poisson, index, source, .. } in materials() {
        let number = |value: &Option<f64>| value.map_or("–".to_string(), significant);
        let range = index.as_ref().map_or("no n, k".to_string(), |table| match table.rows.as_slice() {
            [first, .., last] => format!("n, k from {} to {} nm", first[0], last[0]),
            [only] => format!("n = {}", only[1]),
            [] => "no n, k".into(),
        });
        say!("{name}: {} W/(m K), E = {} GPa, nu = {}, {range}", number(conductivity), number(young), number(poisson));
        say!("    {source}");
    }
}

/// The set of a file, or of the names of the phases' materials.
pub fn set_of(file: Option<&Path>, names: &[String]) -> anyhow::Result<PropertySet> {
    if let Some(path) = file {
        return Ok(PropertySet::read(path)?);
    }
    if names.is_empty() {
        bail!(
            "Say what the phases are made of: --materials quartz,void for phase 0 and phase 1, or --set FILE. `microwright property --list-materials` shows the materials that are known."
        );
    }
    let one = |name: &String| {
        let known = || materials().iter().map(|m| m.name.as_str()).collect::<Vec<_>>().join(", ");
        material(name).cloned().ok_or_else(|| format!("There is no material {name}. Known are {}.", known()))
    };
    let found: Result<Vec<Material>, String> = names.iter().map(one).collect();
    Ok(PropertySet::of(found.map_err(anyhow::Error::msg)?))
}

/// How to solve for some properties: of micrographs as they are, or as sections of an isotropic material in three dimensions.
pub fn solving(set: PropertySet, properties: Vec<Property>, section: bool) -> Measure {
    let dimension = if section { Dimension::Section } else { Dimension::Plane };
    let wanted = Wanted { properties, dimension, full_fields: !section, keep_fields: false, ..Wanted::default() };
    Measure::Solve(Box::new((set, wanted)))
}

fn wanted(arguments: &Arguments, set: &PropertySet) -> Wanted {
    let all = |has: fn(&Material) -> bool| set.phases.iter().all(has);
    let has_values = |property: Property| match property {
        Property::Conductivity => all(|m| m.conductivity.is_some()),
        Property::Diffusivity => {
            all(|m| m.diffusivity.is_some()) && set.phases.iter().any(|m| m.diffusivity > Some(0.0))
        }
        Property::Elasticity => all(|m| m.young.is_some()),
        Property::Permeability => set.phases.iter().any(|m| m.pore),
        Property::Light => all(|m| m.index.is_some()),
    };
    let properties = match arguments.properties.as_slice() {
        [] => Property::ALL.into_iter().filter(|p| has_values(*p)).collect(),
        chosen => chosen.iter().map(|k| k.property()).collect(),
    };
    Wanted {
        properties,
        dimension: if arguments.section { Dimension::Section } else { Dimension::Plane },
        cell: if arguments.sealed { Cell::Sealed } else { Cell::Periodic },
        plane: if arguments.plane_stress { Plane::Stress } else { Plane::Strain },
        full_fields: !arguments.estimates,
        keep_fields: arguments.output.is_some(),
        accuracy: Accuracy { tolerance: arguments.tolerance, ..Accuracy::default() },
    }
}

/// Levels of subfolders that are searched.
const DEPTH: usize = 4;

fn maps_of(arguments: &Arguments) -> anyhow::Result<Vec<PropertyMap>> {
    let one = |path: &Path, made_by: Option<String>| -> anyhow::Result<PropertyMap> {
        let (map, pixel_size) = arguments.segmentation.phase_map(path)?;
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        Ok(PropertyMap { name, made_by, map, pixel_size })
    };
    let mut maps: Vec<PropertyMap> = vec![];
    for path in &arguments.images {
        maps.push(one(path, None)?);
    }
    for path in &arguments.made {
        let mut files = if path.is_dir() { pictures_in(path, DEPTH) } else { vec![path.clone()] };
        // A folder of results has each realisation as labels, as a picture, and as the image before decoding.
        let is_labels = |file: &PathBuf| {
            let stem = file.file_stem().unwrap_or_default().to_string_lossy();
            stem.starts_with("reconstruction") && file.extension().is_some_and(|e| e == "npy")
        };
        if path.is_dir() && files.iter().any(is_labels) {
            files.retain(is_labels);
        }
        if files.is_empty() {
            bail!("{} has no pictures.", path.display());
        }
        for file in &files {
            let mut map = one(file, Some("what was made from it".into()))?;
            map.pixel_size = map.pixel_size.or_else(|| maps[0].pixel_size.clone());
            maps.push(map);
        }
    }
    Ok(maps)
}

/// Prints the table, the verdicts and the notes.
fn print(results: &PropertyResults) {
    let rows = property_rows(results);
    let width = rows.iter().map(|row| row.quantity.name.chars().count()).max().unwrap_or(0).max(8);
    say!("{:width$}  {:>10}  {:>10} – {:<10}  {:>10}  unit", "", "estimate", "lower", "upper", "full field");
    for row in &rows {
        let mut text = line_of(&row.quantity, width);
        if let Some(own) = row.field_interval() {
            text += &format!("  ± {} by the size of the field", significant(own));
        }
        for (name, spread) in &row.groups {
            let half = spread.half_width.map_or(String::new(), |h| format!(" ± {}", significant(h)));
            text += &format!("  {name}: {}{half} ({})", significant(spread.mean), spread.count);
        }
        say!("{}", text.trim_end());
    }
    for verdict in rows.iter().flat_map(|row| row.verdicts()) {
        say!("{verdict}");
    }
    for (map, found) in results.request.maps.iter().zip(&results.maps) {
        for note in found.iter().flat_map(|f| &f.notes) {
            eprintln!("{}: {note}", map.name);
        }
    }
}
