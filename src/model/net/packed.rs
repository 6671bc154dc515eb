//! A net's weights as a file holds them: whole numbers of eight bits where they were rounded to that, 16 bits where these
//! hold each as it is, and where more than half are 0 a bit for each that says whether it is kept, and those kept.
//!
//! ```text
//! weights, front_numbers                  as they are: four bytes each
//! halves                                  16 bits hold each as it is
//! codes, scales, grouping                 eight bits each, and the scales of their groups
//! kept, kept_weights                      more than half are 0
//! kept, halves | codes, scales, grouping  both
//! ```
//! `kept` has a bit per weight, the lowest of each byte first. All weights are in one list, those of a front first, and
//! `front_numbers` then holds only what of a front is no weight.

use std::borrow::Cow;

use crate::Error;
use crate::model::{Array, State, malformed};
use crate::param::ParamValue as _;
use crate::train::net::{FrontPlan, Grouping, Int8, Net, from_half, to_half};

/// How a net's weights are held in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Storage {
    /// Four bytes each.
    Float32,
    /// A bit each, and four bytes each that is not 0.
    SparseFloat32,
    /// Two bytes each.
    Float16,
    /// A bit each, and two bytes each that is not 0.
    SparseFloat16,
    /// A byte each, and the scales.
    Int8(Grouping),
    /// A bit each, a byte each that is not 0, and the scales.
    SparseInt8(Grouping),
}

impl Storage {
    pub(super) fn of(net: &Net, int8: Option<&Int8>) -> Self {
        let lists = net.weights();
        let n_weights: usize = lists.iter().map(|(_, weights)| weights.len()).sum();
        let n_zero = match int8 {
            Some(int8) => int8.codes.iter().filter(|code| **code == 0).count(),
            // The zero below 0 is kept as it is.
            None => lists.iter().flat_map(|(_, weights)| *weights).filter(|weight| weight.to_bits() == 0).count(),
        };
        match (int8, n_zero > n_weights / 2) {
            (None, false) if net.is_half() => Self::Float16,
            (None, true) if net.is_half() => Self::SparseFloat16,
            (None, false) => Self::Float32,
            (None, true) => Self::SparseFloat32,
            (Some(int8), false) => Self::Int8(int8.grouping),
            (Some(int8), true) => Self::SparseInt8(int8.grouping),
        }
    }

    /// Its name.
    pub fn word(self) -> &'static str {
        match self {
            Self::Float32 => "float32",
            Self::SparseFloat32 => "sparse_float32",
            Self::Float16 => "float16",
            Self::SparseFloat16 => "sparse_float16",
            Self::Int8(_) => "int8",
            Self::SparseInt8(_) => "sparse_int8",
        }
    }

    /// Which weights share a scale, of whole numbers.
    pub fn grouping(self) -> Option<Grouping> {
        match self {
            Self::Int8(grouping) | Self::SparseInt8(grouping) => Some(grouping),
            Self::Float32 | Self::SparseFloat32 | Self::Float16 | Self::SparseFloat16 => None,
        }
    }
}

/// A net's state with its weights as they take the fewest bytes.
pub(super) fn pack(mut state: State, net: &Net, int8: Option<&Int8>) -> State {
    let storage = Storage::of(net, int8);
    if storage == Storage::Float32 {
        return state;
    }
    state.0.remove("weights");
    if let Some(front) = &net.front {
        let lists = front.plan.shapes().into_iter().zip(front.learned.iter().chain(&front.running));
        let rest = lists.filter(|((_, is_weight), _)| !is_weight).flat_map(|(_, values)| values);
        state = state.with_f32("front_numbers", rest.copied().collect());
    }
    match int8 {
        None => {
            let mut weights: Vec<f32> = net.weights().into_iter().flat_map(|(_, weights)| weights).copied().collect();
            if matches!(storage, Storage::SparseFloat32 | Storage::SparseFloat16) {
                state = state.with_bytes("kept", bitmap(weights.iter().map(|weight| weight.to_bits() != 0)));
                weights.retain(|weight| weight.to_bits() != 0);
            }
            match storage {
                Storage::Float16 | Storage::SparseFloat16 => {
                    let halves = weights.into_iter().flat_map(|weight| to_half(weight).to_le_bytes());
                    state.with_bytes("halves", halves.collect())
                }
                _ => state.with_f32("kept_weights", weights),
            }
        }
        Some(Int8 { grouping, codes, scales }) => {
            let is_sparse = matches!(storage, Storage::SparseInt8(_));
            if is_sparse {
                state = state.with_bytes("kept", bitmap(codes.iter().map(|code| *code != 0)));
            }
            let written = codes.iter().filter(|code| !is_sparse || **code != 0);
            state = state.with_bytes("codes", written.map(|code| *code as u8).collect());
            state.0.insert("grouping".to_owned(), Array::Text(vec![grouping.word().to_owned()]));
            state.with_f32("scales", scales.clone())
        }
    }
}

/// The state as it was before it was packed, and what whole numbers stand for its weights; those are 0 then.
///
/// **Errors** `export.malformed_model`.
pub(super) fn unpack(state: &State) -> Result<(Cow<'_, State>, Option<Int8>), Error> {
    let [is_sparse, is_int8, is_half] = ["kept", "codes", "halves"].map(|name| state.0.contains_key(name));
    if !is_sparse && !is_int8 && !is_half {
        return Ok((Cow::Borrowed(state), None));
    }
    let plan = match state.0.contains_key("front") {
        false => None,
        true => Some(FrontPlan::read(state.u32("front")?).ok_or_else(|| malformed("the front has no sizes"))?),
    };
    let front = plan.iter().flat_map(FrontPlan::shapes);
    let sizes = state.u32("sizes")?.windows(2).map(|pair| ([pair[0] as usize, pair[1] as usize], true));
    let lengths: Vec<(Option<usize>, bool)> =
        front.chain(sizes).map(|([n_rows, n_columns], is_weight)| (n_rows.checked_mul(n_columns), is_weight)).collect();
    let n_weights =
        lengths.iter().filter(|(_, is_weight)| *is_weight).try_fold(0usize, |sum, (len, _)| sum.checked_add((*len)?));
    let n_weights = n_weights.ok_or_else(|| malformed("a layer is too large"))?;
    let kept = match is_sparse {
        false => None,
        true => Some(state.bytes("kept")?).filter(|kept| is_bitmap(kept, n_weights)),
    };
    if is_sparse && kept.is_none() {
        return Err(malformed("kept has not a bit per weight"));
    }
    let (weights, int8) = match is_int8 {
        true => {
            let codes: Vec<i8> = state.bytes("codes")?.iter().map(|byte| *byte as i8).collect();
            let codes = spread(kept, codes, n_weights)?;
            let grouping = match state.0.get("grouping") {
                Some(Array::Text(words)) if words.len() == 1 => Grouping::read(&words[0].as_str().into()),
                _ => None,
            };
            let grouping = grouping.ok_or_else(|| malformed("the grouping is none"))?;
            let scales = state.f32("scales")?.to_vec();
            if codes.contains(&i8::MIN) || !scales.iter().all(|scale| (0.0..=f32::MAX).contains(scale)) {
                return Err(malformed("a code or a scale is none"));
            }
            (vec![0.0; n_weights], Some(Int8 { grouping, codes, scales }))
        }
        false if is_half => (spread(kept, halves(state.bytes("halves")?)?, n_weights)?, None),
        false => (spread(kept, state.f32("kept_weights")?.to_vec(), n_weights)?, None),
    };
    let (mut weights, mut plain) = (weights.as_slice(), state.clone());
    if let Some(plan) = plan {
        let mut rest = state.f32("front_numbers")?;
        let mut all = Vec::new();
        for ([n_rows, n_columns], is_weight) in plan.shapes() {
            let from = if is_weight { &mut weights } else { &mut rest };
            let taken = from.split_off(..n_rows.saturating_mul(n_columns));
            all.extend(taken.ok_or_else(|| malformed("the front's numbers do not fit it"))?);
        }
        all.extend(rest);
        plain = plain.with_f32("front_numbers", all);
    }
    Ok((Cow::Owned(plain.with_f32("weights", weights.to_vec())), int8))
}

/// The numbers that pairs of bytes stand for.
fn halves(bytes: &[u8]) -> Result<Vec<f32>, Error> {
    let halves = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
    // Of the largest exponent are infinity and NaN.
    let is_number = |half: &u16| half >> 10 & 0x1f < 31;
    if !bytes.len().is_multiple_of(2) || !halves.clone().all(|half| is_number(&half)) {
        return Err(malformed("a weight of 16 bits is no number"));
    }
    Ok(halves.map(from_half).collect())
}

fn bitmap(is_kept: impl ExactSizeIterator<Item = bool>) -> Vec<u8> {
    let mut bytes = vec![0u8; is_kept.len().div_ceil(8)];
    is_kept.enumerate().for_each(|(at, is_kept)| bytes[at / 8] |= u8::from(is_kept) << (at % 8));
    bytes
}

/// Whether there is a bit for each of `n`, and none besides.
fn is_bitmap(bytes: &[u8], n: usize) -> bool {
    bytes.len() == n.div_ceil(8) && (n.is_multiple_of(8) || bytes.last().is_some_and(|last| last >> (n % 8) == 0))
}

/// What was kept in its places, and 0 between.
fn spread<T: Copy + Default>(kept: Option<&[u8]>, values: Vec<T>, n: usize) -> Result<Vec<T>, Error> {
    let wrong = || malformed("there are not as many weights as the net has");
    let Some(kept) = kept else {
        return if values.len() == n { Ok(values) } else { Err(wrong()) };
    };
    let mut values = values.into_iter();
    let all = (0..n).map(|at| if kept[at / 8] >> (at % 8) & 1 == 1 { values.next() } else { Some(T::default()) });
    let all: Option<Vec<T>> = all.collect();
    all.filter(|_| values.next().is_none()).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Fitted as _;
    use crate::model::net::FittedNet;
    use crate::model::net::fitted::Scale;
    use crate::train::net::{Activation, Embeddings, Front, Layer};

    /// Two categories as vectors of three, then four inputs and a layer of five.
    fn fitted() -> FittedNet {
        let number = |at: usize| ((at as f32 * 0.618_034).fract() - 0.5) * 3.0;
        let plan = FrontPlan::Embeddings(Embeddings { n_inputs: 2, dim: 3, categories: vec![(1, 2)] });
        let front = Front::from_flat(plan, &(0..6).map(number).collect::<Vec<_>>());
        let layer = |n_inputs: usize, n_outputs: usize| Layer {
            n_inputs,
            n_outputs,
            weights: (0..n_inputs * n_outputs).map(number).collect(),
            biases: vec![0.25; n_outputs],
            norm: None,
        };
        let net = Net { front, layers: vec![layer(4, 5), layer(5, 1)], activation: Activation::Relu };
        FittedNet { kind: "mlp", net, n_classes: 2, scale: Scale { mean: 0.0, deviation: 1.0 }, int8: None }
    }

    fn bits(fitted: &FittedNet) -> Vec<u32> {
        fitted.net.weights().into_iter().flat_map(|(_, weights)| weights).map(|weight| weight.to_bits()).collect()
    }

    #[test]
    fn every_storage_is_read_back_bit_for_bit() {
        let float = fitted();
        let sparse = float.pruned(0.75);
        for (fitted, storage) in [(float.halved(), Storage::Float16), (sparse.halved(), Storage::SparseFloat16)] {
            assert_eq!(fitted.storage(), storage);
            let again = FittedNet::load("mlp", &fitted.state()).unwrap();
            assert_eq!((&again, bits(&again)), (&fitted, bits(&fitted)), "{storage:?}");
        }
        for grouping in [Grouping::PerTensor, Grouping::PerChannel, Grouping::PerBlock] {
            let expected = [
                (float.clone(), Storage::Float32),
                (sparse.clone(), Storage::SparseFloat32),
                (float.quantized(grouping), Storage::Int8(grouping)),
                (sparse.quantized(grouping), Storage::SparseInt8(grouping)),
            ];
            for (fitted, storage) in expected {
                assert_eq!(fitted.storage(), storage);
                let again = FittedNet::load("mlp", &fitted.state()).unwrap();
                assert_eq!((&again, bits(&again)), (&fitted, bits(&fitted)), "{storage:?}");
                assert_eq!(again.state(), fitted.state());
            }
        }
    }

    #[test]
    fn what_is_packed_is_smaller() {
        // 6 weights of the front, 20 and 5 of the layers: 31.
        let (float, int8) = (fitted(), fitted().quantized(Grouping::PerTensor));
        let bytes = |fitted: &FittedNet| fitted.state().size_bytes();
        let words = Grouping::PerTensor.word().len();
        assert_eq!(bytes(&float) - bytes(&int8), 31 * 4 - 31 - 3 * 4 - words);
        assert_eq!(bytes(&float) - bytes(&float.halved()), 31 * 2);
        // 23 are left out, which takes a bit each.
        assert_eq!(bytes(&float) - bytes(&float.pruned(0.75)), 23 * 4 - 4);
        let kept = float.pruned(0.75).quantized(Grouping::PerTensor);
        assert_eq!(bytes(&int8) - bytes(&kept), kept.int8.unwrap().codes.iter().filter(|code| **code == 0).count() - 4);
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        let spoil = |fitted: &FittedNet, name: &str, array: Array| {
            let mut state = fitted.state();
            assert!(state.0.insert(name.to_owned(), array).is_some(), "{name}");
            FittedNet::load("mlp", &state).unwrap_err().code()
        };
        let int8 = fitted().quantized(Grouping::PerChannel);
        let sparse = fitted().pruned(0.75);
        let half = fitted().halved();
        let bad = [
            (&half, "halves", Array::Bytes(vec![1; 61])),
            (&half, "halves", Array::Bytes(vec![1; 60])),
            (&half, "halves", Array::Bytes(vec![0xff; 62])),
            (&int8, "codes", Array::Bytes(vec![1; 30])),
            (&int8, "codes", Array::Bytes(vec![0x80; 31])),
            (&int8, "scales", Array::F32(vec![0.5; 8])),
            (&int8, "scales", Array::F32(vec![0.5; 10])),
            (&int8, "scales", Array::F32(vec![-0.5; 9])),
            (&int8, "scales", Array::F32(vec![f32::NAN; 9])),
            (&int8, "grouping", Array::Text(vec!["per_row".to_owned()])),
            (&int8, "sizes", Array::U32(vec![u32::MAX; 3])),
            (&sparse, "kept", Array::Bytes(vec![0xff; 4])),
            (&sparse, "kept", Array::Bytes(vec![0; 4])),
            (&sparse, "kept", Array::Bytes(vec![0; 3])),
            (&sparse, "kept_weights", Array::F32(vec![0.5; 9])),
            (&sparse, "kept_weights", Array::F32(vec![f32::INFINITY; 8])),
            (&sparse, "front", Array::U32(vec![1, 2, u32::MAX, 1, u32::MAX])),
        ];
        for (fitted, name, array) in bad {
            assert_eq!(spoil(fitted, name, array.clone()), "export.malformed_model", "{name} {array:?}");
        }
    }
}
