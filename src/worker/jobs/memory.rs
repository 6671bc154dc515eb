//! What takes memory in this worker: looked up, and so answered while a job runs.

use vitrine_protocol::{HeldMsg, MemoryMsg, PoolMsg, TensorMsg};

use crate::model::Structure;
use crate::train::net::{Int8, Net};
use crate::worker::workspace::Workspace;

/// Bytes of an f32.
const F32: usize = 4;

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
            Structure::Net(fitted) => {
                let mut all = tensors(fitted.net());
                if let Some(Int8 { codes, scales, .. }) = fitted.int8() {
                    all.push(TensorMsg { name: "codes".to_owned(), shape: [1, codes.len()], bytes: codes.len() });
                    all.push(tensor("scales".to_owned(), [1, scales.len()]));
                }
                all
            }
            _ => Vec::new(),
        },
    });
    MemoryMsg {
        heap_bytes: heap_bytes(),
        pool: workspace.device.device.pool().map(|pool| PoolMsg {
            in_use_bytes: pool.in_use_bytes,
            reserved_bytes: pool.reserved_bytes,
            n_tensors: pool.n_tensors,
        }),
        tables: workspace.tables().map(table).collect(),
        models: models.collect(),
    }
}

/// The tensors of a net as they are in memory, f32 each, a front's first.
fn tensors(net: &Net) -> Vec<TensorMsg> {
    let front = net.front.iter().flat_map(|front| front.plan.shapes());
    let mut all: Vec<TensorMsg> =
        front.enumerate().map(|(idx, (shape, _))| tensor(format!("front.{idx}"), shape)).collect();
    for (idx, layer) in net.layers.iter().enumerate() {
        all.push(tensor(format!("layers.{idx}.weights"), [layer.n_inputs, layer.n_outputs]));
        all.push(tensor(format!("layers.{idx}.biases"), [1, layer.n_outputs]));
        if layer.norm.is_some() {
            all.push(tensor(format!("layers.{idx}.norm"), [4, layer.n_outputs]));
        }
    }
    all
}

fn tensor(name: String, shape: [usize; 2]) -> TensorMsg {
    TensorMsg { name, shape, bytes: shape[0] * shape[1] * F32 }
}

/// WebAssembly's memory.
fn heap_bytes() -> Option<u64> {
    #[cfg(target_arch = "wasm32")]
    return Some(core::arch::wasm32::memory_size(0) as u64 * 65_536);
    #[cfg(not(target_arch = "wasm32"))]
    None
}
