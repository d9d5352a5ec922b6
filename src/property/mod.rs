//! Properties of structures: bounds, estimates, and full fields on the pixels.

mod bounds;
mod detached;
mod error;
mod evaluate;
mod field;
mod flow;
pub mod light;
mod moduli;
mod number;
mod parameters;
mod percolation;
mod section;
mod set;
mod sparse;
mod transport;
mod waves;

pub use bounds::{
    Bounds, Dimension, Share, arithmetic, harmonic, hashin_shtrikman, strong_contrast, three_point_bounds,
};
pub use error::{MOST_CONTRAST, PropertyError};
pub use evaluate::{
    Cell, Convergence, FieldMap, Plane, Progress, Properties, Property, Quantity, Volume, Wanted, evaluate,
    evaluate_volume,
};
pub use field::{Accuracy, Conduction, Elasticity, Watch, conduction, elasticity, moduli_of_tensor};
pub use flow::{Flow, flow};
pub use moduli::{
    Moduli, ModuliBounds, hashin_shtrikman_moduli, strong_contrast_moduli, three_point_moduli, voigt_reuss,
};
pub use parameters::ThreePoint;
pub use percolation::{Directions, Winding};
pub use set::{LightSettings, Material, PropertySet, material, materials};
pub use transport::{KOZENY, kozeny_carman, two_point_permeability};
