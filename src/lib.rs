#![doc = include_str!("ARCHITECTURE.md")]

pub mod error;
pub mod param;
pub mod random;

// The stages, in the order data flows; each imports only those above it (held by `tests/it/tidy.rs`).
pub mod table;
pub mod ingest;
pub mod preprocess;
pub mod train;
pub mod model;
pub mod evaluate;
pub mod explain;
pub mod predict;
pub mod export;
pub mod worker;

pub mod manual;

pub use error::{Error, Issues};
