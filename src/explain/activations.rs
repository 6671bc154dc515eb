//! What each filter of a convolutional net answers for one image.

use super::ExplainError;
use crate::Error;
use crate::model::{Fitted, Structure};
use crate::preprocess::Matrix;
use crate::train::net::FrontPlan;

/// An image and what each block's filters answer for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Activations {
    /// Pixels as the model is given them: `height × width × channels`.
    pub image: Vec<f32>,
    /// Height, width and number of each block's maps.
    pub blocks: Vec<[usize; 3]>,
    /// Block after block, map after map, row by row, before pooling.
    pub maps: Vec<f32>,
}

/// What each filter answers for the first row of `x`.
///
/// **Errors** `explain.not_images`.
pub fn activations(fitted: &dyn Fitted, x: &Matrix) -> Result<Activations, Error> {
    let front = match fitted.structure() {
        Structure::Net(net) => net.net().front.as_ref(),
        _ => None,
    };
    let Some((front, FrontPlan::Convolutions(plan))) = front.map(|front| (front, &front.plan)) else {
        return Err(ExplainError::NotImages { kind: fitted.kind().to_owned() }.into());
    };
    let row: Vec<f64> = x.features().iter().map(|feature| feature[0]).collect();
    let sizes = plan.sizes().into_iter().zip(&plan.blocks);
    let blocks: Vec<_> = sizes.map(|(size, block)| [size.height, size.width, block.filters]).collect();
    let mut maps = Vec::new();
    for (made, &[_, _, n_maps]) in plan.maps(front, &row).iter().zip(&blocks) {
        for map in 0..n_maps {
            maps.extend(made.iter().skip(map).step_by(n_maps).map(|x| *x as f32));
        }
    }
    Ok(Activations { image: row.iter().map(|x| *x as f32).collect(), blocks, maps })
}
