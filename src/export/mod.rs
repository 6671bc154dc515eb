//! Take it home: a model with its recipe, its receipt and, if asked, its table, as bytes.
//!
//! What comes in: a pipeline, its card, its table. What goes out: a project file, versioned and checksummed, that gives
//! the same answers bit for bit wherever it is read. Reading trusts nothing: every file is either read whole or refused.

mod bytes;
mod project;
mod recipe;
mod safetensors;
mod weights;

pub use project::{Project, SavedModel, SavedTable, TableToSave, read_project, write_project};
pub use weights::{read_weights_into, tensors_held, write_weights};

use crate::error::Place;

crate::trouble! {
    /// What can be wrong with a project file.
    pub enum ExportError in "export" {
        /// The bytes are not a project file.
        NotAProject { size_bytes: usize } => "not_a_project",
            "these {size_bytes} bytes are not a Vitrine project",
            hint "Choose a file that was saved with Export, usually named .vitrine";
        /// The file ends too early, or was changed.
        Damaged { size_bytes: usize, why: String } => "damaged_project",
            "the project of {size_bytes} bytes is damaged: {why}",
            hint "Copy or download the file again: it was cut short or changed on the way",
            place Place { byte: Some(*size_bytes as u64), ..Place::default() };
        /// A newer Vitrine wrote it.
        NewerVersion { found: u32, supported: u32 } => "newer_version",
            "the project has format {found}, and this page reads up to {supported}",
            hint "Reload the page to get its newest version, then import again";
        /// The bytes are not a safetensors file.
        NotSafetensors { size_bytes: usize, why: String } => "not_safetensors",
            "these {size_bytes} bytes are not a safetensors file: {why}",
            hint "Choose a .safetensors file, whole as it was saved";
        /// A tensor is not one that the net has.
        WeightsDoNotFit { tensor: String, found: String, expected: String } => "weights_do_not_fit",
            "the tensor {tensor:?} is {found}, but the net has {expected}",
            hint "The file must come from a net of the same shape, with the names that an exported file has";
        /// A number in a tensor cannot be there.
        BadWeight { tensor: String } => "bad_weight",
            "the tensor {tensor:?} has a number that is not finite, or below 0 where none can be",
            hint "Save the weights again before they stop being numbers";
        /// Its contents do not fit each other.
        Malformed { what: String } => "malformed_project",
            "the project is malformed: {what}",
            hint "Export it again from the page it was made in";
    }
}
