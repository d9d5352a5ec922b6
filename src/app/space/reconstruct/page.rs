//! The page with everything about a realisation.

use crate::figure::{Figure, Page, PagePicture, duration};
use crate::micrograph::{PhaseMap, image_png, phase_png};
use crate::reconstruct::Realisation;
use crate::stats::RULE;

/// The page of a realisation, with these plots.
///
/// # Errors
/// A picture cannot be encoded.
pub fn page(realisation: &Realisation, figures: Vec<Figure>) -> Result<Page, String> {
    let report = &realisation.report;
    let recipe = &report.settings.recipe;
    let phases = |caption: &str, map: &PhaseMap| -> Result<PagePicture, String> {
        let png = phase_png(map, &recipe.phase_colors(map.phases), None).map_err(|e| e.to_string())?;
        Ok(PagePicture { caption: caption.into(), png, size: map.size() })
    };
    let mut pictures = vec![];
    if let Some(map) = &realisation.original {
        pictures.push(phases(&format!("Original: {}", report.input.name), map)?);
    }
    let caption = format!("Realisation {}", realisation.number + 1);
    match &realisation.phases {
        Some(map) => pictures.push(phases(&caption, map)?),
        None => {
            let png = image_png(&realisation.image, realisation.size, None).map_err(|e| e.to_string())?;
            pictures.push(PagePicture { caption, png, size: realisation.size });
        }
    }
    let scale = report.input.pixel_size.as_ref().map_or("pixel size unknown".into(), |p| format!("{p} ({})", p.source));
    let mut paragraphs = vec![format!(
        "{}, {} × {} px, {scale}. {} realisation of {} × {} px, seed {}, {} iterations in {} on {}{}. {}, {}.",
        report.input.name,
        report.input.width,
        report.input.height,
        report.settings.method.settings().name(),
        report.size.1,
        report.size.0,
        report.seed,
        report.iterations,
        duration(report.seconds),
        report.device.name,
        if report.stopped_early { ", stopped early" } else { "" },
        report.program,
        report.finished,
    )];
    paragraphs.extend(report.notes.clone());
    for phase in &report.phases {
        paragraphs.extend(phase.verdict().map(|v| format!("{}: {v}", recipe.phase_name(phase.phase))));
    }
    if report.phases.iter().any(|phase| phase.natural.is_some()) {
        paragraphs.push(RULE.into());
    }
    let mut table =
        vec![["", "phase", "error or change, %", "original's own variation, %", ""].map(String::from).to_vec()];
    for phase in &report.phases {
        for number in phase.judged() {
            table.push(vec![
                number.name.into(),
                recipe.phase_name(phase.phase),
                format!("{:.2}", number.found),
                format!("{:.2}", number.natural),
                format!("{}, {}", number.kind(), if number.is_within() { "within" } else { "beyond" }),
            ]);
        }
    }
    let title = format!("{}: realisation {}", report.input.name, realisation.number + 1);
    Ok(Page { title, paragraphs, pictures, figures, table })
}
