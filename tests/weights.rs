//! Weights: built in, from files, and downloaded from a server on this machine that can misbehave.

mod common;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use microwright::net::weights::download::{self, DownloadError, Server, Shard, blob_id, fetch};
use microwright::net::weights::store;
use microwright::net::{DEPTHS, Layer, Weights, WeightsError, WeightsKind};
use safetensors::Dtype;
use safetensors::tensor::TensorView;

/// How the server answers.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Manner {
    Well,
    /// Closes the connection in the middle, every first time.
    Cut,
    WrongByte,
    NotFound,
    Stall,
    TooLong,
}

struct Host {
    address: String,
    requests: Arc<AtomicUsize>,
    ranges: Arc<AtomicUsize>,
}

/// Serves files of a folder on loopback.
fn host(folder: PathBuf, manner: Manner) -> Host {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    let (requests, ranges) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (count, ranged) = (requests.clone(), ranges.clone());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let first = count.fetch_add(1, Ordering::SeqCst) == 0;
            let _ = answer(stream, &folder, manner, first, &ranged);
        }
    });
    Host { address, requests, ranges }
}

fn answer(
    mut stream: TcpStream,
    folder: &Path,
    manner: Manner,
    first: bool,
    ranged: &AtomicUsize,
) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let request = lines.next().transpose()?.unwrap_or_default();
    let mut start = 0;
    for line in lines.map_while(Result::ok).take_while(|l| !l.is_empty()) {
        if let Some(range) = line.to_lowercase().strip_prefix("range: bytes=") {
            start = range.trim_end_matches('-').parse().unwrap_or(0);
            ranged.fetch_add(1, Ordering::SeqCst);
        }
    }
    let name = request.split(' ').nth(1).unwrap_or("/").rsplit('/').next().unwrap_or("").to_string();
    if manner == Manner::NotFound {
        return stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    }
    let mut content = std::fs::read(folder.join(name))?.split_off(start);
    if manner == Manner::WrongByte {
        content[0] ^= 1;
    }
    if manner == Manner::TooLong {
        content.push(0);
    }
    let status = if start > 0 { "206 Partial Content" } else { "200 OK" };
    write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", content.len())?;
    let half = content.len() / 2;
    match manner {
        Manner::Cut if first => stream.write_all(&content[..half]),
        Manner::Stall => {
            stream.write_all(&content[..half])?;
            stream.flush()?;
            // Longer than the client's patience.
            std::thread::sleep(Duration::from_secs(3));
            Ok(())
        }
        _ => stream.write_all(&content),
    }
}

/// Two small files and their descriptions.
fn small_files(folder: &Path) -> Vec<Shard> {
    ["one", "two"]
        .into_iter()
        .zip([5000usize, 30_000])
        .map(|(name, size)| {
            let content: Vec<u8> = (0..size).map(|i| (i * 31 % 251) as u8).collect();
            std::fs::write(folder.join(name), &content).expect("a file");
            let blob: &'static str = blob_id(&content).leak();
            Shard { layer: "conv1_1", file: name, bytes: size as u64, blob }
        })
        .collect()
}

struct Attempt {
    result: Result<(), DownloadError>,
    to: tempfile::TempDir,
    host: Host,
    shards: Vec<Shard>,
    server: Server,
    _from: tempfile::TempDir,
}

fn attempt(manner: Manner) -> Attempt {
    let from = tempfile::tempdir().expect("a folder");
    let to = tempfile::tempdir().expect("a folder");
    let shards = small_files(from.path());
    let host = host(from.path().into(), manner);
    let server = Server { address: host.address.clone(), timeout: Duration::from_millis(700) };
    let result = fetch(&server, to.path(), &shards, &mut |_, _| true);
    Attempt { result, to, host, shards, server, _from: from }
}

fn complete(attempt: &Attempt) -> bool {
    attempt.shards.iter().all(|s| download::has_content(&attempt.to.path().join(s.file), s))
}

#[test]
fn files_arrive_and_are_not_fetched_twice() {
    let done = attempt(Manner::Well);
    assert!(done.result.is_ok() && complete(&done));
    let mut told = vec![];
    fetch(&done.server, done.to.path(), &done.shards, &mut |d, all| {
        told.push((d, all));
        true
    })
    .expect("nothing to do");
    assert_eq!(done.host.requests.load(Ordering::SeqCst), 2);
    assert_eq!(told.last(), Some(&(35_000, 35_000)));
}

#[test]
fn a_cut_connection_is_told_and_continued_where_it_broke() {
    let cut = attempt(Manner::Cut);
    let text = cut.result.as_ref().expect_err("the connection was cut").to_string();
    assert!(text.contains("one") && text.contains("kept"), "{text}");
    fetch(&cut.server, cut.to.path(), &cut.shards, &mut |_, _| true).expect("the second time it arrives");
    assert!(complete(&cut));
    assert_eq!(cut.host.ranges.load(Ordering::SeqCst), 1, "the first half was not fetched again");
}

#[test]
fn a_wrong_byte_a_longer_file_and_a_404_are_refused() {
    for (manner, word) in [(Manner::WrongByte, "content id"), (Manner::TooLong, "longer"), (Manner::NotFound, "404")] {
        let bad = attempt(manner);
        let text = bad.result.as_ref().expect_err("refused").to_string();
        assert!(text.contains(word), "{manner:?}: {text}");
        assert!(!bad.to.path().join("one").exists(), "{manner:?} left a file");
    }
}

#[test]
fn a_server_that_stalls_is_given_up() {
    let start = std::time::Instant::now();
    let stalled = attempt(Manner::Stall);
    let text = stalled.result.as_ref().expect_err("given up").to_string();
    assert!(text.contains("in time"), "{text}");
    assert!(start.elapsed() < Duration::from_millis(2900), "it waited for the server");
}

#[test]
fn a_cancelled_download_keeps_what_has_arrived() {
    let from = tempfile::tempdir().expect("a folder");
    let to = tempfile::tempdir().expect("a folder");
    let shards = small_files(from.path());
    let host = host(from.path().into(), Manner::Well);
    let server = Server { address: host.address, timeout: Duration::from_secs(2) };
    let result = fetch(&server, to.path(), &shards, &mut |done, _| done <= 5000);
    assert!(matches!(result, Err(DownloadError::Cancelled)));
    assert!(download::has_content(&to.path().join("one"), &shards[0]));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told() {
    let from = tempfile::tempdir().expect("a folder");
    let to = tempfile::tempdir().expect("a folder");
    let shards = small_files(from.path());
    std::os::unix::fs::symlink("/dev/full", to.path().join("one.part")).expect("a link");
    let host = host(from.path().into(), Manner::Well);
    let server = Server { address: host.address, timeout: Duration::from_secs(2) };
    let text = fetch(&server, to.path(), &shards, &mut |_, _| true).expect_err("no room").to_string();
    assert!(text.contains("could not be written") && text.contains("needed"), "{text}");
}

#[test]
fn plain_http_to_another_machine_is_refused() {
    let to = tempfile::tempdir().expect("a folder");
    let shards = [Shard { layer: "conv1_1", file: "one", bytes: 1, blob: "" }];
    let server = Server { address: "http://localhost.invalid".into(), timeout: Duration::from_secs(1) };
    assert!(fetch(&server, to.path(), &shards, &mut |_, _| true).is_err());
}

#[test]
fn the_published_files_become_one_file_with_licence_and_source() {
    let Some(folder) = common::reference() else { return };
    let to = tempfile::tempdir().expect("a folder");
    let host = host(folder.join("weights/vgg19-tfjs"), Manner::Well);
    let server = Server { address: host.address, timeout: Duration::from_secs(5) };
    assert!(matches!(store::load(to.path(), Layer::POOL3), Err(WeightsError::NotFetched { .. })));
    store::fetch(&server, to.path(), Layer::POOL3, &mut |_, _| true).expect("a download");
    assert_eq!(store::deepest(to.path()), Some(Layer::POOL3));
    let fetched = store::load(to.path(), Layer::POOL3).expect("weights");
    let file = WeightsKind::File(folder.join("weights/vgg19-pool3.safetensors"));
    let shared = Weights::load(&file, Layer::POOL3).expect("weights");
    assert_eq!(fetched.hash(), shared.hash());
    assert_eq!(fetched.preprocessing(), shared.preprocessing());
    let bytes = std::fs::read(store::path(to.path())).expect("the file");
    let (_, metadata) = safetensors::SafeTensors::read_metadata(&bytes).expect("a header");
    let metadata = metadata.metadata().clone().expect("metadata");
    assert!(metadata["license"].contains("CC BY 4.0") && metadata["source"].starts_with("https://"));
    // Deeper is not there, and says so with the size of the download.
    let error = store::load(to.path(), Layer::named("pool4").expect("a depth")).expect_err("not there");
    assert!(error.to_string().contains("weights fetch"), "{error}");
}

#[test]
fn built_in_weights_are_the_same_everywhere() {
    let weights = Weights::built_in(Layer::POOL3);
    assert_eq!(weights.hash(), include_str!("golden/builtin-pool3.sha256").trim());
    let (kernels, bias) = weights.layer("conv2_1").expect("a layer");
    assert!(bias.iter().all(|b| *b == 0.0));
    // Zero mean, and He's variance 2 / (9 · 64).
    let filter: Vec<f64> = kernels.iter().step_by(128).map(|w| f64::from(*w)).collect();
    assert!(filter.iter().sum::<f64>().abs() < 1e-5);
    let variance = kernels.iter().map(|w| f64::from(*w).powi(2)).sum::<f64>() / kernels.len() as f64;
    assert!((variance * 288.0 - 1.0).abs() < 0.02, "{variance}");
    // A deeper network begins like a shallower one.
    let shallow = Weights::built_in(Layer::CONV1_1);
    assert_eq!(shallow.layer("conv1_1").expect("a layer").0, weights.layer("conv1_1").expect("a layer").0);
}

#[test]
fn depths_have_the_weights_and_receptive_fields_of_the_architecture() {
    let weights: Vec<usize> = DEPTHS.iter().map(|d| d.weights()).collect();
    assert_eq!(weights[..5], [1_728, 38_592, 259_776, 2_324_160, 10_581_696]);
    let fields: Vec<usize> = DEPTHS.iter().map(|d| d.receptive_field()).collect();
    assert_eq!(fields[..5], [3, 6, 16, 52, 124]);
}

fn tensor_file(folder: &Path, names: &[(&str, Vec<usize>)], metadata: Option<(&str, &str)>) -> PathBuf {
    let path = folder.join("weights.safetensors");
    let data: Vec<(String, Vec<usize>, Vec<u8>)> = names
        .iter()
        .map(|(name, shape)| (name.to_string(), shape.clone(), vec![0; 4 * shape.iter().product::<usize>()]))
        .collect();
    let views = data.iter().map(|(name, shape, bytes)| {
        (name.as_str(), TensorView::new(Dtype::F32, shape.clone(), bytes).expect("a tensor"))
    });
    let metadata = metadata.map(|(k, v)| [(k.to_string(), v.to_string())].into());
    safetensors::serialize_to_file(views, metadata, &path).expect("a file");
    path
}

fn load(path: PathBuf, depth: &str) -> Result<Weights, WeightsError> {
    Weights::load(&WeightsKind::File(path), depth.parse().expect("a depth"))
}

#[test]
fn files_of_the_users_are_read_by_both_namings() {
    let folder = tempfile::tempdir().expect("a folder");
    let own = tensor_file(
        folder.path(),
        &[("conv1_1.weight", vec![64, 3, 3, 3]), ("conv1_1.bias", vec![64])],
        Some(("channels", "RGB")),
    );
    assert_eq!(load(own, "conv1_1").expect("weights").preprocessing().order, [0, 1, 2]);
    let torch =
        tensor_file(folder.path(), &[("features.0.weight", vec![64, 3, 3, 3]), ("features.0.bias", vec![64])], None);
    let weights = load(torch, "conv1_1").expect("weights");
    let p = weights.preprocessing();
    // White is (1 − 0.485) / 0.229 in torchvision's scale.
    assert!((p.scale[0] * 255.0 + p.shift[0] - (1.0 - 0.485) / 0.229).abs() < 1e-4);
}

#[test]
fn broken_files_of_weights_are_refused_with_a_reason() {
    let folder = tempfile::tempdir().expect("a folder");
    let refused = |path: PathBuf, word: &str| {
        let text = load(path, "pool1").expect_err("refused").to_string();
        assert!(text.contains(word), "“{text}” does not say “{word}”");
    };
    refused(folder.path().join("nothing.safetensors"), "could not be read");
    refused(tensor_file(folder.path(), &[("other", vec![2])], None), "neither conv1_1.weight");
    refused(tensor_file(folder.path(), &[("conv1_1.weight", vec![64, 3, 3, 3])], None), "bias is missing");
    refused(tensor_file(folder.path(), &[("conv1_1.weight", vec![32, 3, 3, 3])], None), "shape");
    let shallow =
        tensor_file(folder.path(), &[("conv1_1.weight", vec![64, 3, 3, 3]), ("conv1_1.bias", vec![64])], None);
    refused(shallow.clone(), "ends before pool1");
    // A header that lies about its length, and one that claims more data than there is.
    let whole = std::fs::read(&shallow).expect("a file");
    let lying = folder.path().join("lying.safetensors");
    let mut bytes = whole.clone();
    bytes[..8].copy_from_slice(&u64::MAX.to_le_bytes());
    std::fs::write(&lying, &bytes).expect("a file");
    refused(lying.clone(), "header claims");
    std::fs::write(&lying, &whole[..whole.len() - 100]).expect("a file");
    refused(lying.clone(), "do not fill");
    std::fs::write(&lying, b"").expect("a file");
    refused(lying, "shorter");
    let mut empty = vec![];
    std::fs::File::open(&shallow).and_then(|mut f| f.read_to_end(&mut empty)).expect("still there");
    assert!(!empty.is_empty());
}
