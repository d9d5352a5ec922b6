//! The trained network, fetched file by file: each checked against its size and content id, resumable.
//!
//! The files are those of the public repository DavidCai1993/vgg19-tensorflowjs-model (MIT) at a fixed commit; the
//! weights in them are the Visual Geometry Group's, University of Oxford (CC BY 4.0).

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sha1::{Digest, Sha1};

use crate::net::Layer;

/// One published file.
#[derive(Clone, Copy, Debug)]
pub struct Shard {
    /// The layer that it belongs to; a layer in several files is their concatenation.
    pub layer: &'static str,
    /// Its name.
    pub file: &'static str,
    /// Its size.
    pub bytes: u64,
    /// Its git blob id: SHA-1 of `blob <bytes>\0` and the content.
    pub blob: &'static str,
}

const fn shard(layer: &'static str, file: &'static str, bytes: u64, blob: &'static str) -> Shard {
    Shard { layer, file, bytes, blob }
}

/// The address of the files.
pub const ADDRESS: &str = "https://raw.githubusercontent.com/DavidCai1993/vgg19-tensorflowjs-model/\
    08d09052bc6258d3abdfa341850122fc4b746db6/model";

/// All files up to conv5_4.
pub const SOURCES: [Shard; 31] = [
    shard("conv1_1", "group1-shard1of1", 7_168, "d5dc010d2591a1bba216ecaa7b17c3c4104ca570"),
    shard("conv1_2", "group2-shard1of1", 147_712, "5eb64d62899a8dcfc08fb9d623b8fd80bb4e8969"),
    shard("conv2_1", "group3-shard1of1", 295_424, "debab6e087aefdec47aad792f404ee849013915a"),
    shard("conv2_2", "group4-shard1of1", 590_336, "37158f2e74e4f124b1af755dbbda1f1c7cf901c1"),
    shard("conv3_1", "group5-shard1of1", 1_180_672, "2e7e61b9cd7f8d917cc5ab8a8f7d477f8f9ecf07"),
    shard("conv3_2", "group6-shard1of1", 2_360_320, "48e6fcccb9ec37e0951ace2339aa23d330aa7225"),
    shard("conv3_3", "group7-shard1of1", 2_360_320, "f5d27f47b16cddda014d3a2a7c517c6ed7cf40b1"),
    shard("conv3_4", "group8-shard1of1", 2_360_320, "47c01b2aee6c6f839de0abca1fed0d066a8d6883"),
    shard("conv4_1", "group9-shard1of2", 4_194_304, "e0aeae43d3d767ec27ed3fca726c5619c058097f"),
    shard("conv4_1", "group9-shard2of2", 526_336, "19881d4d23862e2459008c642e5965bc14538cd6"),
    shard("conv4_2", "group10-shard1of3", 4_194_304, "2ab453d66b452527219b6d38c1aa1f308f4dce80"),
    shard("conv4_2", "group10-shard2of3", 4_194_304, "db5733fde7b719c484a83f60197fb3a9c584c96c"),
    shard("conv4_2", "group10-shard3of3", 1_050_624, "0fdc25721d83da5e6d551e1ad2dc0c0670eccee2"),
    shard("conv4_3", "group11-shard1of3", 4_194_304, "ba69c69ce7e082576f0b278fcfa8cac8ff0950cf"),
    shard("conv4_3", "group11-shard2of3", 4_194_304, "5da164af31754a7095ffaf0527f7d95e83a95b6e"),
    shard("conv4_3", "group11-shard3of3", 1_050_624, "2fae61b1a8b300cbde5ba367bc4cebf427b46db0"),
    shard("conv4_4", "group12-shard1of3", 4_194_304, "978df76136fcc60c857888499062e3f84e8f80c3"),
    shard("conv4_4", "group12-shard2of3", 4_194_304, "d9aaebd177091da37d02aadf1b67360a90e9aa3f"),
    shard("conv4_4", "group12-shard3of3", 1_050_624, "9e285a2c37f0e9363135f4853599e66b4c75287b"),
    shard("conv5_1", "group13-shard1of3", 4_194_304, "24aa6625c012605b96bfe5473530eca7ba33bdcb"),
    shard("conv5_1", "group13-shard2of3", 4_194_304, "630983138456a18e4395aa405f018e981bfb6f77"),
    shard("conv5_1", "group13-shard3of3", 1_050_624, "11b5f2062760174dd792d78f67407d634d756283"),
    shard("conv5_2", "group14-shard1of3", 4_194_304, "0a99b7dd80761c6378f2944c267b71967b013d04"),
    shard("conv5_2", "group14-shard2of3", 4_194_304, "9cfe0f4f8ed7877386ef70ba971d44612cea4f5b"),
    shard("conv5_2", "group14-shard3of3", 1_050_624, "ae47f209c241d85a5710094db8e04e69ef7fb087"),
    shard("conv5_3", "group15-shard1of3", 4_194_304, "73e7f19906b1997801eadae35c9496046927c619"),
    shard("conv5_3", "group15-shard2of3", 4_194_304, "ea38049e03d8727cf63a4cb253e654d9fad62d4b"),
    shard("conv5_3", "group15-shard3of3", 1_050_624, "49503f7464fc8b4dfb5781f176bce9c917e6d8d2"),
    shard("conv5_4", "group16-shard1of3", 4_194_304, "b802461273065501bdc358887770e39aa5dc7719"),
    shard("conv5_4", "group16-shard2of3", 4_194_304, "8577a524f1b1bfc65d84c6a0594758b91d8ab906"),
    shard("conv5_4", "group16-shard3of3", 1_050_624, "70b25a2f8616e3354a7c3eccdf982832f24adcb2"),
];

/// The files that a depth needs.
pub fn shards(depth: Layer) -> Vec<Shard> {
    let wanted: Vec<_> = depth.convolutions().map(|(name, ..)| name).collect();
    SOURCES.iter().filter(|s| wanted.contains(&s.layer)).copied().collect()
}

/// Bytes of the files that a depth needs.
pub fn download_bytes(depth: Layer) -> u64 {
    shards(depth).iter().map(|s| s.bytes).sum()
}

/// Errors of a download; files that have arrived are kept and not fetched again.
#[derive(Debug, thiserror::Error)]
pub enum DownloadError {
    /// The server could not be reached, or the connection ended too early.
    #[error(
        "{file} could not be fetched from {host}: {reason}. What has arrived is kept; try again, or get the files by other means and use `microwright weights import FOLDER`."
    )]
    Transfer {
        /// The file.
        file: &'static str,
        /// The server.
        host: String,
        /// Why.
        reason: String,
    },
    /// The content is not what was published.
    #[error("{file} is not what was published ({reason}). It was deleted; try again.")]
    WrongContent {
        /// The file.
        file: &'static str,
        /// The difference.
        reason: String,
    },
    /// The file cannot be written.
    #[error("{} could not be written: {source}. {} are needed there.", path.display(), crate::compute::mebibytes(*needed))]
    Disk {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
        /// Bytes of the whole download.
        needed: u64,
    },
    /// The user cancelled.
    #[error("The download was cancelled; what has arrived is kept.")]
    Cancelled,
}

/// Where to fetch from, and how long to wait for it.
#[derive(Clone, Debug)]
pub struct Server {
    /// Folder of the files, without a slash at the end.
    pub address: String,
    /// The longest time to wait for data.
    pub timeout: Duration,
}

impl Default for Server {
    fn default() -> Self {
        Self { address: ADDRESS.into(), timeout: Duration::from_secs(20) }
    }
}

impl Server {
    fn host(&self) -> String {
        self.address.split('/').nth(2).unwrap_or(&self.address).to_string()
    }

    /// HTTPS only, except to this machine itself; no redirect is followed.
    fn agent(&self) -> ureq::Agent {
        let loopback = self.address.starts_with("http://127.0.0.1:");
        ureq::Agent::config_builder()
            .https_only(!loopback)
            .max_redirects(0)
            .timeout_resolve(Some(self.timeout))
            .timeout_connect(Some(self.timeout))
            .timeout_recv_response(Some(self.timeout))
            .timeout_per_read(Some(self.timeout))
            .user_agent(concat!("microwright/", env!("CARGO_PKG_VERSION")))
            .build()
            .into()
    }
}

/// Fetches `shards` into `folder`; `progress(done, all)` receives bytes and returns whether to go on.
///
/// A complete and correct file is not fetched again; a part of one (`….part`) is continued.
///
/// # Errors
/// See [`DownloadError`].
pub fn fetch(
    server: &Server,
    folder: &Path,
    shards: &[Shard],
    progress: &mut dyn FnMut(u64, u64) -> bool,
) -> Result<(), DownloadError> {
    let all: u64 = shards.iter().map(|s| s.bytes).sum();
    let disk = |path: &Path| {
        let path = path.to_path_buf();
        move |source| DownloadError::Disk { path, source, needed: all }
    };
    fs::create_dir_all(folder).map_err(disk(folder))?;
    let agent = server.agent();
    let mut before = 0;
    for shard in shards {
        let path = folder.join(shard.file);
        if !has_content(&path, shard) {
            let part = folder.join(format!("{}.part", shard.file));
            let mut told = |done: u64| progress(before + done, all);
            fetch_one(server, &agent, shard, &part, all, &mut told)?;
            fs::rename(&part, &path).map_err(disk(&path))?;
        }
        before += shard.bytes;
        if !progress(before, all) {
            return Err(DownloadError::Cancelled);
        }
    }
    Ok(())
}

fn fetch_one(
    server: &Server,
    agent: &ureq::Agent,
    shard: &Shard,
    part: &Path,
    all: u64,
    progress: &mut dyn FnMut(u64) -> bool,
) -> Result<(), DownloadError> {
    let disk = |source| DownloadError::Disk { path: part.to_path_buf(), source, needed: all };
    let failed = |reason: String| DownloadError::Transfer { file: shard.file, host: server.host(), reason };
    let have = fs::metadata(part).map(|m| m.len()).unwrap_or(0);
    let have = if have < shard.bytes { have } else { 0 };
    let mut request = agent.get(format!("{}/{}", server.address, shard.file));
    if have > 0 {
        request = request.header("Range", format!("bytes={have}-"));
    }
    let response = request.call().map_err(|e| failed(describe(&e)))?;
    let status = response.status().as_u16();
    if status != 200 && status != 206 {
        return Err(failed(format!("the server answered with status {status}")));
    }
    // A server that ignores the range sends the whole file.
    let mut done = if status == 206 { have } else { 0 };
    let mut file = File::options().create(true).append(true).open(part).map_err(disk)?;
    if file.metadata().map_err(disk)?.len() != done {
        file.set_len(done).map_err(disk)?;
    }
    let mut body = response.into_body().into_reader();
    let mut buffer = [0; 1 << 16];
    loop {
        let n = body.read(&mut buffer).map_err(|e| failed(describe(&e.into())))?;
        if n == 0 {
            break;
        }
        done += n as u64;
        if done > shard.bytes {
            drop(file);
            let _ = fs::remove_file(part);
            return Err(wrong(shard, "it is longer".into()));
        }
        file.write_all(&buffer[..n]).map_err(disk)?;
        if !progress(done) {
            return Err(DownloadError::Cancelled);
        }
    }
    file.sync_all().map_err(disk)?;
    drop(file);
    if done < shard.bytes {
        return Err(failed(format!("the connection ended after {done} of {} bytes", shard.bytes)));
    }
    if !has_content(part, shard) {
        let _ = fs::remove_file(part);
        return Err(wrong(shard, "its content id differs".into()));
    }
    Ok(())
}

fn wrong(shard: &Shard, reason: String) -> DownloadError {
    DownloadError::WrongContent { file: shard.file, reason }
}

fn describe(error: &ureq::Error) -> String {
    match error {
        ureq::Error::StatusCode(status) => format!("the server answered with status {status}"),
        ureq::Error::Timeout(_) => "the server did not answer in time".into(),
        ureq::Error::HostNotFound => "the server was not found; is this machine online?".into(),
        ureq::Error::Io(e) if e.kind() == io::ErrorKind::UnexpectedEof => "the connection was cut".into(),
        other => other.to_string(),
    }
}

/// Whether the file has the published size and content.
pub fn has_content(path: &Path, shard: &Shard) -> bool {
    let right_size = fs::metadata(path).is_ok_and(|m| m.len() == shard.bytes);
    right_size && fs::read(path).is_ok_and(|content| blob_id(&content) == shard.blob)
}

/// Git's id of a file's content.
pub fn blob_id(content: &[u8]) -> String {
    let mut hash = Sha1::new();
    hash.update(format!("blob {}\0", content.len()));
    hash.update(content);
    crate::folders::hex(&hash.finalize())
}
