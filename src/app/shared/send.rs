//! Sending pictures to other workspaces.

use std::path::{Path, PathBuf};

use super::Shared;
use crate::app::command::Action;
use crate::job::Member;
use crate::micrograph::{write_image_png, write_labels_npy, write_labels_tiff};

/// Where pictures can be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    Latent,
    Compare,
    Reconstruct,
    Properties,
}

/// The most pictures that are compared, or whose properties are computed, at a time.
const MOST_COMPARED: usize = 24;

impl Sent {
    fn space(self) -> &'static str {
        match self {
            Self::Latent => "Latent",
            Self::Compare => "Compare",
            Self::Reconstruct => "Reconstruct",
            Self::Properties => "Properties",
        }
    }

    /// Why so many pictures cannot be sent.
    pub fn blocked(self, count: usize) -> Option<&'static str> {
        match self {
            _ if count == 0 => Some("Select pictures first."),
            Self::Reconstruct if count > 1 => Some("Select one picture."),
            Self::Compare | Self::Properties if count > MOST_COMPARED => Some("Select at most 24 pictures."),
            _ => None,
        }
    }
}

/// Sends pictures: their own files if `as_files`, else files that are written for them.
pub fn send(shared: &mut Shared, members: Vec<Member>, as_files: bool, to: Sent) {
    let moment = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |now| now.as_millis());
    // A folder of its own, so that what was sent before is not replaced.
    let folder = crate::folders::data().join("sent").join(moment.to_string());
    shared.in_background(true, move || {
        let paths: Result<Vec<PathBuf>, String> = members
            .iter()
            .enumerate()
            .map(|(n, member)| match member.path.clone().filter(|_| as_files) {
                Some(path) => Ok(path),
                None => written(&folder, member, n),
            })
            .collect();
        Box::new(move |shared| match paths {
            Err(reason) => shared.messages.error(reason),
            Ok(paths) => {
                shared.act(Action::Go(to.space()));
                match (to, paths) {
                    (Sent::Reconstruct, paths) => {
                        paths.into_iter().take(1).for_each(|path| shared.act(Action::Open(path)))
                    }
                    (Sent::Latent, paths) => {
                        shared.act(Action::DoIn(to.space(), "train-page"));
                        shared.act(Action::Files(to.space(), paths));
                    }
                    (Sent::Compare | Sent::Properties, paths) => shared.act(Action::Files(to.space(), paths)),
                }
            }
        })
    });
}

/// Makes the files of pictures, and the table of their values, what Learn learns from.
pub fn send_to_learn(shared: &mut Shared, members: &[Member], table: Option<PathBuf>) {
    let mut paths: Vec<PathBuf> = members.iter().filter_map(|member| member.path.clone()).collect();
    // Patches of a micrograph have one file.
    paths.sort();
    paths.dedup();
    paths.extend(table);
    shared.act(Action::Go("Learn"));
    shared.act(Action::DoIn("Learn", "choose set"));
    shared.act(Action::Files("Learn", paths));
}

/// Writes a member's picture into a folder, and returns its path.
fn written(folder: &Path, member: &Member, number: usize) -> Result<PathBuf, String> {
    std::fs::create_dir_all(folder).map_err(|error| format!("{} could not be made: {error}.", folder.display()))?;
    let plain: String = member.name.chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).take(60).collect();
    let stem = format!("{plain}-{}", number + 1);
    match member.phase_map() {
        // Only a TIFF holds the size of a pixel.
        Some(map) if member.pixel_size.is_some() => {
            let path = folder.join(format!("{stem}.tiff"));
            write_labels_tiff(&path, &map, member.pixel_size.as_ref()).map_err(|error| error.to_string())?;
            Ok(path)
        }
        Some(map) => {
            let path = folder.join(format!("{stem}.npy"));
            write_labels_npy(&path, &map).map_err(|error| error.to_string())?;
            Ok(path)
        }
        None => {
            let path = folder.join(format!("{stem}.png"));
            let values: Vec<f32> = member.grey.iter().flat_map(|v| [f32::from(*v); 3]).collect();
            write_image_png(&path, &values, member.size, member.pixel_size.as_ref())
                .map_err(|error| error.to_string())?;
            Ok(path)
        }
    }
}
