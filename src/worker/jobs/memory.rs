//! What takes memory in this worker: looked up, and so answered while a job runs.

use vitrine_protocol::{HeldMsg, MemoryMsg, PoolMsg, TensorMsg};

use crate::export::tensors_held;
use crate::model::Structure;
use crate::worker::workspace::Workspace;

pub(super) fn memory(workspace: &Workspace) -> MemoryMsg {
    let table = |entry: &crate::worker::workspace::TableEntry| HeldMsg {
        id: entry.msg.id.clone(),
        name: entry.msg.name.clone(),
        bytes: entry.msg.memory_bytes,
        tensors: Vec::new(),
    };
    let models = workspace.models().map(|(id, entry)| HeldMsg {
        id: id.to_owned(),
        name: entry.pipeline.fitted.kind().to_owned(),
        bytes: entry.size_bytes() as u64,
        tensors: match entry.pipeline.fitted.structure() {
            Structure::Net(fitted) => tensors_held(fitted).into_iter().map(tensor).collect(),
            _ => Vec::new(),
        },
    });
    MemoryMsg {
        heap_bytes: heap_bytes(),
        pool: workspace.device.device.pool().map(|pool| PoolMsg {
            in_use_bytes: pool.in_use_bytes,
            reserved_bytes: pool.reserved_bytes,
            n_pieces: pool.n_pieces,
        }),
        tables: workspace.tables().map(table).collect(),
        models: models.collect(),
    }
}

fn tensor((name, shape, bytes): (String, Vec<usize>, usize)) -> TensorMsg {
    TensorMsg { name, shape, bytes }
}

/// WebAssembly's memory.
fn heap_bytes() -> Option<u64> {
    #[cfg(target_arch = "wasm32")]
    return Some(core::arch::wasm32::memory_size(0) as u64 * 65_536);
    #[cfg(not(target_arch = "wasm32"))]
    None
}
