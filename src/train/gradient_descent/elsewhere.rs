//! What stands for the descent in a worker without tensors: it says where to go.

use std::convert::Infallible;

use super::{DescentConfig, Weights};
use crate::Error;
use crate::train::device::DeviceError;
use crate::train::{FitInput, Step};

/// A descent that is never under way.
pub struct Descent(Infallible);

impl Descent {
    /// **Errors** Always `environment.no_tensors`.
    pub fn new(_: &FitInput, _: DescentConfig) -> Result<Self, Error> {
        Err(DeviceError::NoTensors {}.into())
    }

    /// Cannot be called.
    pub async fn step(&mut self) -> Result<Step, Error> {
        match self.0 {}
    }

    /// Cannot be called.
    pub fn into_weights(self) -> Option<Weights> {
        match self.0 {}
    }
}
