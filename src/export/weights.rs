//! A net's numbers as the tensors of a safetensors file, and back.
//!
//! Named and laid out as the state of this PyTorch module is, with [units made, units read] for the weights of a layer:
//!
//! ```text
//! layers = ModuleList(Linear(…), …)         layers.0.weight, layers.0.bias, …
//! norms  = ModuleList(BatchNorm1d(…), …)    norms.0.weight, .bias, .running_mean, .running_var, … behind hidden layers
//! front  = ModuleList(Embedding(…), …)      front.0.weight, … [categories, numbers of each]
//! ```
//! Another front's lists are numbered through, as the net holds them: `front.N.weight`, `front.N.bias` for what is learned
//! besides, and `front.N.running_mean` and `front.N.running_var` by turns. Weights that were rounded to eight
//! bits are I8, and beside `layers.0.weight` there is `layers.0.weight_scale`, [units made, blocks of units read].

use std::collections::BTreeMap;

use crate::Error;
use crate::export::ExportError;
use crate::export::safetensors::{Opened, Tensor, read, write};
use crate::model::FittedNet;
use crate::param::ParamValue as _;
use crate::train::net::{Grouping, Int8, Net};

/// One of a net's lists of numbers.
struct Named {
    name: String,
    /// As the net holds it, row-major; `[1, n]` of a list.
    shape: [usize; 2],
    /// How the file has it.
    layout: Layout,
    is_weight: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Layout {
    /// `[n]`.
    List,
    /// `[rows, columns]`.
    AsIs,
    /// `[columns, rows]`.
    Transposed,
}

impl Layout {
    fn shape(self, [n_rows, n_columns]: [usize; 2]) -> Vec<usize> {
        match self {
            Self::List => vec![n_rows * n_columns],
            Self::AsIs => vec![n_rows, n_columns],
            Self::Transposed => vec![n_columns, n_rows],
        }
    }
}

/// Every list of a net, weights in the order of [`Net::weights`].
fn named(net: &Net) -> Vec<Named> {
    let mut all = Vec::new();
    if let Some(front) = &net.front {
        let n_learned = front.learned.len();
        all.extend(front.plan.shapes().into_iter().enumerate().map(|(idx, (shape, is_weight))| {
            let kind = match idx.checked_sub(n_learned) {
                None if is_weight => "weight",
                None => "bias",
                Some(running) if running % 2 == 0 => "running_mean",
                Some(_) => "running_var",
            };
            Named { name: format!("front.{idx}.{kind}"), shape, layout: Layout::AsIs, is_weight }
        }));
    }
    for (idx, layer) in net.layers.iter().enumerate() {
        let shape = [layer.n_inputs, layer.n_outputs];
        all.push(Named { name: format!("layers.{idx}.weight"), shape, layout: Layout::Transposed, is_weight: true });
        let norm = ["weight", "bias", "running_mean", "running_var"].map(|list| format!("norms.{idx}.{list}"));
        let norm = norm.into_iter().filter(|_| layer.norm.is_some());
        all.extend(std::iter::once(format!("layers.{idx}.bias")).chain(norm).map(|name| Named {
            name,
            shape: [1, layer.n_outputs],
            layout: Layout::List,
            is_weight: false,
        }));
    }
    all
}

/// The numbers of each, in the same order.
fn lists(net: &mut Net) -> Vec<&mut Vec<f32>> {
    let front = net.front.iter_mut().flat_map(|front| front.learned.iter_mut().chain(&mut front.running));
    let layers = net.layers.iter_mut().flat_map(|layer| {
        let norm = layer
            .norm
            .iter_mut()
            .flat_map(|norm| [&mut norm.gamma, &mut norm.beta, &mut norm.mean, &mut norm.variance]);
        [&mut layer.weights, &mut layer.biases].into_iter().chain(norm)
    });
    front.chain(layers).collect()
}

/// A net's tensors by their names in the file and in its layout, with the bytes that each takes in memory: four a number,
/// and of weights that were rounded to eight bits their codes and scales too, since both are held.
pub fn tensors_held(fitted: &FittedNet) -> Vec<(String, Vec<usize>, usize)> {
    let held = named(fitted.net()).into_iter().map(|Named { name, shape, layout, is_weight }| {
        let n = shape[0] * shape[1];
        let rounded = fitted.int8().filter(|_| is_weight).map_or(0, |int8| {
            let [n_rows, n_columns] = scales_shape(int8.grouping, shape);
            n + 4 * n_rows * n_columns
        });
        (name, layout.shape(shape), 4 * n + rounded)
    });
    held.collect()
}

/// The rows of a matrix as its columns.
fn transposed<T: Copy>(values: &[T], n_columns: usize) -> Vec<T> {
    let n_rows = values.len() / n_columns.max(1);
    (0..values.len()).map(|at| values[at % n_rows * n_columns + at / n_rows]).collect()
}

fn laid_out<T: Copy>(values: &[T], [_, n_columns]: [usize; 2], layout: Layout) -> Vec<T> {
    if layout == Layout::Transposed { transposed(values, n_columns) } else { values.to_vec() }
}

/// The shape of the scales of a list of weights, as the net holds them.
fn scales_shape(grouping: Grouping, shape: [usize; 2]) -> [usize; 2] {
    let n_columns = if grouping == Grouping::PerTensor { 1 } else { shape[1] };
    [grouping.n_scales(shape) / n_columns.max(1), n_columns]
}

fn f32_bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|x| x.to_le_bytes()).collect()
}

/// A net's weights as the bytes of a safetensors file. What is no number stands in the metadata: `format` (`pt`),
/// `vitrine` (its version), `kind`, `activation`, `output_activation`, of numbers `target_scale` (mean and deviation, which
/// answers are put back with: `mean + deviation · output`), and of eight bits the `scheme`.
pub fn write_weights(fitted: &FittedNet) -> Vec<u8> {
    let mut net = fitted.net().clone();
    let activation = net.activation.word().to_owned();
    let int8 = fitted.int8();
    let mut tensors = BTreeMap::new();
    let (mut codes, mut scales) = int8.map(|int8| (int8.codes.as_slice(), int8.scales.as_slice())).unwrap_or_default();
    let all = named(&net);
    for (Named { name, shape, layout, is_weight }, values) in all.into_iter().zip(lists(&mut net)) {
        let mut add = |name: String, dtype, shape: [usize; 2], bytes: Vec<u8>| {
            tensors.insert(name, Tensor { dtype, shape: layout.shape(shape), bytes: bytes.into() });
        };
        match int8.filter(|_| is_weight) {
            None => add(name, "F32", shape, f32_bytes(&laid_out(values, shape, layout))),
            Some(Int8 { grouping, .. }) => {
                let of_scales = scales_shape(*grouping, shape);
                let (own, rest) = codes.split_at(values.len());
                let (own_scales, rest_scales) = scales.split_at(of_scales[0] * of_scales[1]);
                (codes, scales) = (rest, rest_scales);
                add(format!("{name}_scale"), "F32", of_scales, f32_bytes(&laid_out(own_scales, of_scales, layout)));
                add(name, "I8", shape, laid_out(own, shape, layout).into_iter().map(|code| code as u8).collect());
            }
        }
    }
    let mut metadata = vec![
        ("format", "pt".to_owned()),
        ("vitrine", env!("CARGO_PKG_VERSION").to_owned()),
        ("kind", crate::model::Fitted::kind(fitted).to_owned()),
        ("activation", activation),
        ("output_activation", fitted.output_activation().to_owned()),
    ];
    metadata.extend(fitted.scale().map(|scale| ("target_scale", format!("{} {}", scale.mean, scale.deviation))));
    metadata.extend(int8.map(|int8| ("scheme", int8.grouping.word().to_owned())));
    write(&metadata, &tensors)
}

/// The same net with the weights of a safetensors file: those that [`write_weights`] writes, or what PyTorch has of a
/// module of that shape (`num_batches_tracked` is passed over).
///
/// **Errors** `export.not_safetensors`, `export.weights_do_not_fit`, `export.bad_weight`. Never panics, whatever the bytes.
pub fn read_weights_into(fitted: &FittedNet, file: &[u8]) -> Result<FittedNet, Error> {
    let Opened { mut tensors, metadata } = read(file)?;
    tensors.retain(|name, _| !name.ends_with("num_batches_tracked"));
    let mut net = fitted.net().clone();
    let all = named(&net);
    let is_int8 = |list: &Named| list.is_weight && tensors.get(&list.name).is_some_and(|found| found.dtype == "I8");
    let mut int8 = None;
    if all.iter().any(is_int8) {
        let scheme = metadata.get("scheme").map_or("", String::as_str);
        let grouping = Grouping::read(&scheme.into()).ok_or_else(|| ExportError::WeightsDoNotFit {
            tensor: "__metadata__".to_owned(),
            found: format!("scheme {scheme:?}"),
            expected: "a scheme of Vitrine".to_owned(),
        })?;
        int8 = Some(Int8 { grouping, codes: Vec::new(), scales: Vec::new() });
    }
    for (Named { name, shape, layout, is_weight }, values) in all.into_iter().zip(lists(&mut net)) {
        match int8.as_mut().filter(|_| is_weight) {
            None => {
                *values = f32s(&mut tensors, &name, shape, layout)?;
                if name.ends_with("running_var") && values.iter().any(|variance| *variance < 0.0) {
                    return Err(ExportError::BadWeight { tensor: name }.into());
                }
            }
            Some(int8) => {
                let bytes = take(&mut tensors, &name, "I8", shape, layout)?;
                let codes: Vec<i8> = bytes.iter().map(|byte| *byte as i8).collect();
                let name_of_scales = format!("{name}_scale");
                let scales = f32s(&mut tensors, &name_of_scales, scales_shape(int8.grouping, shape), layout)?;
                if codes.contains(&i8::MIN) {
                    return Err(ExportError::BadWeight { tensor: name }.into());
                }
                if scales.iter().any(|scale| *scale < 0.0) {
                    return Err(ExportError::BadWeight { tensor: name_of_scales }.into());
                }
                int8.codes.extend(codes);
                int8.scales.extend(scales);
            }
        }
    }
    if let Some((name, tensor)) = tensors.first_key_value() {
        return Err(unfit(name, &told(tensor.dtype, &tensor.shape), "nothing of that name"));
    }
    if let Some(int8) = &int8 {
        let fits = int8.write_to(&mut net);
        debug_assert!(fits, "every shape was checked");
    }
    Ok(fitted.with_weights(net, int8))
}

/// The numbers of a tensor as the net holds them.
fn f32s(
    tensors: &mut BTreeMap<String, Tensor<'_>>,
    name: &str,
    shape: [usize; 2],
    layout: Layout,
) -> Result<Vec<f32>, Error> {
    let bytes = take(tensors, name, "F32", shape, layout)?;
    let values: Vec<f32> = bytes.as_chunks::<4>().0.iter().map(|chunk| f32::from_le_bytes(*chunk)).collect();
    match values.iter().all(|x| x.is_finite()) {
        true => Ok(values),
        false => Err(ExportError::BadWeight { tensor: name.to_owned() }.into()),
    }
}

/// The bytes of a tensor of a type and a shape, in the order in which the net holds its numbers.
fn take(
    tensors: &mut BTreeMap<String, Tensor<'_>>,
    name: &str,
    dtype: &str,
    shape: [usize; 2],
    layout: Layout,
) -> Result<Vec<u8>, Error> {
    let expected = told(dtype, &layout.shape(shape));
    let Some(tensor) = tensors.remove(name) else { return Err(unfit(name, "nothing", &expected)) };
    let found = told(tensor.dtype, &tensor.shape);
    if found != expected {
        return Err(unfit(name, &found, &expected));
    }
    if layout != Layout::Transposed {
        return Ok(tensor.bytes.into_owned());
    }
    // Back again: its rows are the net's columns.
    Ok(match tensor.bytes.as_chunks::<4>().0 {
        numbers if dtype == "F32" => transposed(numbers, shape[0]).into_flattened(),
        _ => transposed(&tensor.bytes, shape[0]),
    })
}

fn told(dtype: &str, shape: &[usize]) -> String {
    format!("{dtype} {shape:?}")
}

fn unfit(tensor: &str, found: &str, expected: &str) -> Error {
    let (tensor, found, expected) = (tensor.to_owned(), found.to_owned(), expected.to_owned());
    ExportError::WeightsDoNotFit { tensor, found, expected }.into()
}
