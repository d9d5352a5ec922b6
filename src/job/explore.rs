//! Interactive exploration of a latent space: the picture follows the sliders, sheets of pictures are painted in
//! between.

use std::cell::RefCell;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};

use super::{Control, Ending, Event, Job, Latest, Wake, device};
use crate::compute::Device;
use crate::compute::graph::Precision;
use crate::latent::{Cell, Descriptors, LatentError, Model, Painter, describe, paint, phases, pictures_of_files};
use crate::property::{PropertySet, Quantity, Wanted, evaluate};
use crate::stats::{Curves, all_curves};

/// What is to be painted.
#[derive(Clone, Debug, PartialEq)]
pub struct ExploreRequest {
    /// The latent point and the layout of the picture.
    pub cell: Cell,
    /// Its edge in pixels.
    pub edge: usize,
    /// Rows of pictures beside it, of the model's own size.
    pub sheet: Vec<Vec<Cell>>,
    /// The materials whose properties are estimated, and which.
    pub materials: Option<Arc<(PropertySet, Wanted)>>,
}

/// The picture, measured.
#[derive(Clone, Debug)]
pub struct Explored {
    /// What was asked for.
    pub cell: Cell,
    /// Grey values 0 … 255.
    pub picture: Vec<f32>,
    /// Rows and columns.
    pub edge: usize,
    /// Curves of the measured phase.
    pub curves: Curves,
    /// Its descriptors.
    pub descriptors: Descriptors,
    /// Bounds and estimates of its properties, if there are materials.
    pub properties: Vec<Quantity>,
    /// The time to paint and measure it.
    pub took: Duration,
}

/// A sheet, as much of it as is painted.
#[derive(Clone, Debug, Default)]
pub struct PaintedSheet {
    /// What was asked for.
    pub cells: Arc<Vec<Vec<Cell>>>,
    /// The pictures painted so far, row by row; grey values 0 … 1.
    pub pictures: Vec<Arc<Vec<f32>>>,
    /// Their edge.
    pub edge: usize,
}

/// The latent point of an encoded micrograph.
pub struct Encoded {
    /// The micrograph's name.
    pub name: String,
    /// Its point, or why there is none.
    pub point: Result<Vec<f32>, String>,
}

/// A model that paints on a thread of its own; dropping it ends the thread.
pub struct Explorer {
    job: Job<(), ()>,
    signal: Sender<()>,
    wanted: Arc<Latest<ExploreRequest>>,
    files: Arc<Latest<PathBuf>>,
    /// The newest picture.
    pub shown: Arc<Latest<Explored>>,
    /// The newest sheet.
    pub sheet: Arc<Latest<PaintedSheet>>,
    /// The newest encoded micrograph.
    pub encoded: Arc<Latest<Encoded>>,
}

impl Explorer {
    /// Starts the thread.
    pub fn start(model: Arc<Model>, wanted_device: String, wake: Wake) -> Self {
        let (signal, signals) = bounded(1);
        let slots = (Arc::new(Latest::default()), Arc::new(Latest::default()));
        let (wanted, files) = slots.clone();
        let out = (Arc::new(Latest::default()), Arc::new(Latest::default()), Arc::new(Latest::default()));
        let (shown, sheet, encoded) = out.clone();
        let job = Job::spawn("explore", wake, move |control| {
            let work =
                Work { model: &model, control, wanted: &slots.0, files: &slots.1, out: &out, last: RefCell::default() };
            let answered = device::with_device(&wanted_device, Precision::Single, control, |device| {
                work.answer(&device, &signals)
            });
            match answered {
                Ok(()) => Ending::Finished,
                Err(error) => Ending::Failed(error.to_string()),
            }
        });
        Self { job, signal, wanted, files, shown, sheet, encoded }
    }

    /// Requests a picture and a sheet; only the newest request is answered.
    pub fn ask(&self, request: ExploreRequest) {
        self.wanted.put(request);
        let _ = self.signal.try_send(());
    }

    /// Requests the latent point of a micrograph's file.
    pub fn encode(&self, path: PathBuf) {
        self.files.put(path);
        let _ = self.signal.try_send(());
    }

    /// The next event, if there is one.
    pub fn poll(&self) -> Option<Event<()>> {
        self.job.poll()
    }
}

type Out = (Arc<Latest<Explored>>, Arc<Latest<PaintedSheet>>, Arc<Latest<Encoded>>);

struct Work<'a> {
    model: &'a Model,
    control: &'a Control<(), ()>,
    wanted: &'a Latest<ExploreRequest>,
    files: &'a Latest<PathBuf>,
    out: &'a Out,
    /// The last request, which is answered again after a device was lost.
    last: RefCell<Option<ExploreRequest>>,
}

impl Work<'_> {
    fn answer(&self, device: &Device, signals: &Receiver<()>) -> Result<(), LatentError> {
        let own = self.model.settings.edge;
        let mut painters: Vec<(usize, Painter)> = vec![(own, self.model.painter(device, (own, own))?)];
        let mut sheet = PaintedSheet::default();
        let mut again = self.last.borrow().clone();
        loop {
            if self.control.is_ending() {
                return Ok(());
            }
            if let Some(path) = self.files.take() {
                self.encode(device, path);
            }
            if let Some(request) = self.wanted.take().or_else(|| again.take()) {
                again = None;
                *self.last.borrow_mut() = Some(request.clone());
                if request.edge != own && !painters.iter().any(|(edge, _)| *edge == request.edge) {
                    painters.truncate(1);
                    match self.model.painter(device, (request.edge, request.edge)) {
                        Ok(painter) => painters.push((request.edge, painter)),
                        // This size does not fit the device, but the next one may.
                        Err(error) => self.control.warn(error.to_string()),
                    }
                }
                if let Some((_, painter)) = painters.iter_mut().find(|(edge, _)| *edge == request.edge) {
                    self.show(painter, &request)?;
                }
                if *sheet.cells != request.sheet {
                    sheet = PaintedSheet { cells: Arc::new(request.sheet), pictures: vec![], edge: own };
                }
            } else if let Some(cell) = sheet.cells.iter().flatten().nth(sheet.pictures.len()) {
                let picture = paint(&mut painters[0].1, cell)?;
                sheet.pictures.push(Arc::new(picture));
                self.out.1.put(sheet.clone());
                self.control.wake();
            } else {
                let _ = signals.recv_timeout(Duration::from_millis(200));
            }
        }
    }

    fn show(&self, painter: &mut Painter, request: &ExploreRequest) -> Result<(), LatentError> {
        let start = Instant::now();
        let picture: Vec<f32> = paint(painter, &request.cell)?.into_iter().map(|v| 255.0 * v).collect();
        let size = (request.edge, request.edge);
        let (threshold, dark) = (self.model.summary.threshold, self.model.summary.dark);
        let map = phases(&picture, size, threshold, dark);
        let curves = all_curves(&map).swap_remove(1);
        let properties = request.materials.as_deref().map_or(vec![], |(set, wanted)| {
            let wanted = Wanted { full_fields: false, ..wanted.clone() };
            evaluate(&map, None, set, &wanted, &|_, _| true).map_or(vec![], |found| found.quantities)
        });
        let descriptors = describe(&picture, size, threshold, dark);
        let cell = request.cell.clone();
        self.out.0.put(Explored {
            cell,
            picture,
            edge: request.edge,
            curves,
            descriptors,
            properties,
            took: start.elapsed(),
        });
        self.control.wake();
        Ok(())
    }

    fn encode(&self, device: &Device, path: PathBuf) {
        let (pictures, left_out) = pictures_of_files(std::slice::from_ref(&path), None, &|| false);
        let point = || -> Result<Vec<f32>, String> {
            let Some(picture) = pictures.first() else {
                return Err(left_out.first().cloned().unwrap_or_else(|| "There is no micrograph there.".into()));
            };
            let values: Vec<f32> = picture.values.iter().map(|v| f32::from(*v)).collect();
            let weights = self.model.weights().map_err(|e| e.to_string())?;
            let reader = self.model.reader(device, &weights, (picture.height, picture.width));
            let found = reader.and_then(|mut reader| reader.encode(&values)).map_err(|e| e.to_string())?;
            Ok(found.mean)
        };
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        self.out.2.put(Encoded { name, point: point() });
        self.control.wake();
    }
}
