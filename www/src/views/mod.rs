//! One view per stage, with the stage's name.

mod data;
mod data_columns;
mod data_source;
mod evaluate;
mod evaluate_charts;
mod evaluate_confusion;
mod evaluate_rows;
mod explain;
mod explain_frame;
mod explain_importances;
mod explain_linear;
mod explain_maps;
mod explain_net;
mod explain_plane;
mod explain_pruning;
mod explain_tree;
mod explain_trees;
mod export;
mod live;
mod memory;
mod parts;
mod predict;
mod prepare;
mod prepare_step;
mod profile;
mod rates;
mod search;
mod smaller;
mod toys;
mod train;
mod train_result;

pub(crate) use memory::Memory;
pub(crate) use parts::{Make, load};

use data::Data;
use evaluate::Evaluate;
use explain::Explain;
use export::Export;
use predict::Predict;
use prepare::Prepare;
use train::Train;
