//! What stands for the descent in a worker without tensors: it says where to go.

use std::convert::Infallible;

use super::{Doctor, Learned, Net, NetConfig, NetView};
use crate::Error;
use crate::train::device::DeviceError;
use crate::train::{FitInput, Op, Step};

/// A descent that is never under way.
pub struct NetDescent(Infallible);

impl NetDescent {
    /// **Errors** Always `environment.no_tensors`.
    pub fn new(_: &FitInput, _: NetConfig, _: (bool, Option<&[f64]>), _: f64, _: Doctor) -> Result<Self, Error> {
        Err(DeviceError::NoTensors {}.into())
    }

    /// Cannot be called.
    pub fn begin_at(&mut self, _: &Net) {
        match self.0 {}
    }

    /// Cannot be called.
    pub async fn step(&mut self) -> Result<Step, Error> {
        match self.0 {}
    }

    /// Cannot be called.
    pub fn into_learned(self) -> Option<Learned> {
        match self.0 {}
    }

    /// Cannot be called.
    pub fn keep_snapshots(&mut self) {
        match self.0 {}
    }

    /// Cannot be called.
    pub fn one_batch(&mut self) {
        match self.0 {}
    }

    /// Cannot be called.
    pub fn n_batches(&self) -> [usize; 2] {
        match self.0 {}
    }

    /// Cannot be called.
    pub async fn batch_at(&mut self, _: f64) -> Result<Option<f64>, Error> {
        match self.0 {}
    }

    /// Cannot be called.
    pub fn ops(&self) -> Vec<Op> {
        match self.0 {}
    }

    /// Cannot be called.
    pub fn is_amid(&self) -> bool {
        match self.0 {}
    }

    /// Cannot be called.
    pub fn stop(&mut self) {
        match self.0 {}
    }

    /// Cannot be called.
    pub fn seek(&mut self, _: usize) -> usize {
        match self.0 {}
    }

    /// Cannot be called.
    pub async fn view(&self) -> Result<NetView, Error> {
        match self.0 {}
    }
    /// Cannot be called.
    pub async fn checkpoint(&self) -> Result<Option<Vec<u8>>, Error> {
        match self.0 {}
    }

    /// Cannot be called.
    pub fn resume(&mut self, _: &[u8]) -> Option<usize> {
        match self.0 {}
    }
}
