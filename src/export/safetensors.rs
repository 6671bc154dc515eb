//! The container of a safetensors file (<https://github.com/huggingface/safetensors>): a header that says where each tensor
//! is, and the tensors, one behind the other.
//!
//! ```text
//! header length u64   header (JSON, padded with spaces to a multiple of 8)   tensors
//! { "__metadata__": { name: text }, name: { "dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24] }, … }
//! ```
//! All numbers are little-endian and row-major. Offsets count from the end of the header; tensors leave no gap. Written as
//! the reference does: wider numbers first, and by name. Read without trusting anything: what is not exactly this is an
//! error, whatever the bytes.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::Error;
use crate::export::ExportError;

/// The reference reads no longer header.
const MOST_HEADER_BYTES: usize = 100_000_000;
/// The name that is no tensor's.
const METADATA: &str = "__metadata__";

/// Types with how many bytes a number takes.
const DTYPES: &[(&str, usize)] = &[
    ("BOOL", 1),
    ("U8", 1),
    ("I8", 1),
    ("F8_E4M3", 1),
    ("F8_E5M2", 1),
    ("U16", 2),
    ("I16", 2),
    ("F16", 2),
    ("BF16", 2),
    ("U32", 4),
    ("I32", 4),
    ("F32", 4),
    ("U64", 8),
    ("I64", 8),
    ("F64", 8),
];

/// A tensor in a file.
pub(super) struct Tensor<'a> {
    /// The type of its numbers.
    pub(super) dtype: &'a str,
    /// How many there are each way.
    pub(super) shape: Vec<usize>,
    /// The numbers.
    pub(super) bytes: std::borrow::Cow<'a, [u8]>,
}

/// A file that was read.
pub(super) struct Opened<'a> {
    /// Tensors by name.
    pub(super) tensors: BTreeMap<String, Tensor<'a>>,
    /// What else is said.
    pub(super) metadata: BTreeMap<String, String>,
}

/// Writes tensors by name.
pub(super) fn write(metadata: &[(&str, String)], tensors: &BTreeMap<String, Tensor<'_>>) -> Vec<u8> {
    let mut order: Vec<(&String, &Tensor<'_>)> = tensors.iter().collect();
    order.sort_by_key(|(_, tensor)| std::cmp::Reverse(width(tensor.dtype)));
    let quoted = |text: &str| Value::from(text).to_string();
    let told: Vec<String> = metadata.iter().map(|(name, text)| format!("{}:{}", quoted(name), quoted(text))).collect();
    let mut header = format!("{{\"{METADATA}\":{{{}}}", told.join(","));
    let mut start = 0;
    for (name, tensor) in &order {
        let end = start + tensor.bytes.len();
        let (name, dtype, shape) = (quoted(name), tensor.dtype, Value::from(tensor.shape.clone()));
        header += &format!(",{name}:{{\"dtype\":\"{dtype}\",\"shape\":{shape},\"data_offsets\":[{start},{end}]}}");
        start = end;
    }
    header.push('}');
    header += &" ".repeat(header.len().next_multiple_of(8) - header.len());
    let mut file = Vec::with_capacity(8 + header.len() + start);
    file.extend((header.len() as u64).to_le_bytes());
    file.extend(header.as_bytes());
    order.iter().for_each(|(_, tensor)| file.extend(tensor.bytes.iter()));
    file
}

fn width(dtype: &str) -> Option<usize> {
    DTYPES.iter().find(|(known, _)| *known == dtype).map(|(_, width)| *width)
}

/// Reads a file.
///
/// **Errors** `export.not_safetensors`. Never panics, whatever the bytes.
pub(super) fn read(file: &[u8]) -> Result<Opened<'_>, Error> {
    let wrong = |why: String| Error::from(ExportError::NotSafetensors { size_bytes: file.len(), why });
    let Some((length, rest)) = file.split_first_chunk::<8>() else {
        return Err(wrong("it ends within its first eight bytes".to_owned()));
    };
    let length = usize::try_from(u64::from_le_bytes(*length)).unwrap_or(usize::MAX);
    let Some((header, data)) = rest.split_at_checked(length).filter(|_| length <= MOST_HEADER_BYTES) else {
        return Err(wrong(format!("its header would be {length} bytes long")));
    };
    let header: Value = serde_json::from_slice(header).map_err(|error| wrong(format!("its header: {error}")))?;
    let Value::Object(entries) = header else { return Err(wrong("its header is no object".to_owned())) };
    let (mut metadata, mut tensors, mut spans) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
    for (name, entry) in entries {
        if name == METADATA {
            let texts = entry.as_object().into_iter().flatten();
            metadata.extend(texts.filter_map(|(name, text)| Some((name.clone(), text.as_str()?.to_owned()))));
            continue;
        }
        let (tensor, span) = tensor_of(&entry, data).map_err(|why| wrong(format!("the tensor {name:?} {why}")))?;
        spans.push(span);
        tensors.insert(name, tensor);
    }
    spans.sort_unstable();
    let mut end = 0;
    for span in spans {
        if span[0] != end {
            return Err(wrong(format!("no tensor or more than one begins at byte {end}")));
        }
        end = span[1];
    }
    if end != data.len() {
        return Err(wrong(format!("its tensors take {end} bytes, but {} are there", data.len())));
    }
    Ok(Opened { tensors, metadata })
}

fn tensor_of<'a>(entry: &Value, data: &'a [u8]) -> Result<(Tensor<'a>, [usize; 2]), &'static str> {
    let known = entry["dtype"].as_str().and_then(|given| DTYPES.iter().find(|(dtype, _)| *dtype == given));
    let &(dtype, width) = known.ok_or("has no type that is known")?;
    let numbers = |key: &str| -> Option<Vec<usize>> {
        entry[key].as_array()?.iter().map(|number| usize::try_from(number.as_u64()?).ok()).collect()
    };
    let shape = numbers("shape").ok_or("has no shape")?;
    let span: [usize; 2] =
        numbers("data_offsets").and_then(|span| span.try_into().ok()).ok_or("has no data_offsets")?;
    let bytes = data.get(span[0]..span[1]).ok_or("lies outside the file")?;
    let n_bytes = shape.iter().try_fold(width, |product, n| product.checked_mul(*n));
    match n_bytes == Some(bytes.len()) {
        true => Ok((Tensor { dtype, shape, bytes: bytes.into() }, span)),
        false => Err("has another shape than its bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(header: &str, data: &[u8]) -> Vec<u8> {
        [&(header.len() as u64).to_le_bytes(), header.as_bytes(), data].concat()
    }

    #[track_caller]
    fn check_refused(file: &[u8], why: &str) {
        let error = read(file).err().expect("it is refused");
        assert_eq!(error.code(), "export.not_safetensors");
        assert!(error.message().contains(why), "{error}");
    }

    #[test]
    fn what_is_written_is_read() {
        let numbers: Vec<u8> = [1.5f32, -0.0].iter().flat_map(|x| x.to_le_bytes()).collect();
        let tensors = BTreeMap::from([
            ("a \"b\"".to_owned(), Tensor { dtype: "I8", shape: vec![3], bytes: vec![1, 2, 255].into() }),
            ("z".to_owned(), Tensor { dtype: "F32", shape: vec![1, 2], bytes: numbers.clone().into() }),
        ]);
        let file = write(&[("format", "pt".to_owned())], &tensors);
        assert_eq!(u64::from_le_bytes(file[..8].try_into().unwrap()) % 8, 0);
        let opened = read(&file).unwrap();
        assert_eq!(opened.metadata["format"], "pt");
        assert_eq!((opened.tensors["z"].shape.as_slice(), &*opened.tensors["z"].bytes), (&[1, 2][..], &numbers[..]));
        assert_eq!((opened.tensors["a \"b\""].dtype, &*opened.tensors["a \"b\""].bytes), ("I8", &[1u8, 2, 255][..]));
        // Wider numbers come first.
        assert_eq!(file[file.len() - 3..], [1, 2, 255]);
    }

    #[test]
    fn what_is_not_exactly_the_format_is_refused() {
        let entry = |shape: &str, offsets: &str| {
            format!("{{\"a\":{{\"dtype\":\"F32\",\"shape\":{shape},\"data_offsets\":{offsets}}}}}")
        };
        assert!(read(&file(&entry("[1]", "[0,4]"), &[0; 4])).is_ok());
        assert!(read(&file("{}", &[])).is_ok());
        check_refused(&[1, 2, 3], "first eight bytes");
        check_refused(&file("{", &[]), "its header");
        check_refused(&file("[]", &[]), "no object");
        check_refused(&u64::MAX.to_le_bytes(), "bytes long");
        check_refused(&[&200_000_000u64.to_le_bytes()[..], b"{}"].concat(), "200000000 bytes long");
        check_refused(&file(&entry("[1]", "[0,4]").replace("F32", "F33"), &[0; 4]), "no type");
        check_refused(&file(&entry("[1.5]", "[0,4]"), &[0; 4]), "no shape");
        check_refused(&file(&entry("[1]", "[0]"), &[0; 4]), "no data_offsets");
        check_refused(&file(&entry("[2]", "[0,4]"), &[0; 4]), "another shape");
        check_refused(&file(&entry("[9223372036854775807,3]", "[0,4]"), &[0; 4]), "another shape");
        check_refused(&file(&entry("[1]", "[4,0]"), &[0; 4]), "outside");
        check_refused(&file(&entry("[1]", "[0,4]"), &[0; 3]), "outside");
        check_refused(&file(&entry("[1]", "[0,4]"), &[0; 5]), "take 4 bytes, but 5");
        check_refused(&file(&entry("[1]", "[4,8]"), &[0; 8]), "begins at byte 0");
    }
}
