//! The container: magic, version, a JSON header, arrays, a checksum.
//!
//! ```text
//! "VITRINE\0"  version u32  header length u32  header (JSON)  arrays  SHA-256 of all before
//! ```
//! All numbers are little-endian. The header says where each array starts, counted from the end of the header.

use sha2::{Digest, Sha256};
use vitrine_protocol::file::Span;

use crate::Error;
use crate::export::ExportError;

const MAGIC: &[u8; 8] = b"VITRINE\0";
const DIGEST_LEN: usize = 32;
const PREFIX_LEN: usize = MAGIC.len() + 4 + 4;

/// Arrays being written.
#[derive(Default)]
pub(super) struct Writer {
    arrays: Vec<u8>,
}

impl Writer {
    /// Appends bytes.
    pub(super) fn bytes(&mut self, bytes: impl IntoIterator<Item = u8>) -> Span {
        let start = self.arrays.len();
        self.arrays.extend(bytes);
        Span { start, len: self.arrays.len() - start }
    }

    /// Appends numbers, bit for bit.
    pub(super) fn f64(&mut self, values: &[f64]) -> Span {
        self.bytes(values.iter().flat_map(|x| x.to_le_bytes()))
    }

    /// Appends numbers of half the size, bit for bit.
    pub(super) fn f32(&mut self, values: &[f32]) -> Span {
        self.bytes(values.iter().flat_map(|x| x.to_le_bytes()))
    }

    /// Appends whole numbers.
    pub(super) fn u32(&mut self, values: &[u32]) -> Span {
        self.bytes(values.iter().flat_map(|x| x.to_le_bytes()))
    }

    /// Appends times.
    pub(super) fn i64(&mut self, values: &[i64]) -> Span {
        self.bytes(values.iter().flat_map(|x| x.to_le_bytes()))
    }

    /// Puts the file together.
    pub(super) fn finish(self, version: u32, header: &[u8]) -> Vec<u8> {
        let mut file = Vec::with_capacity(PREFIX_LEN + header.len() + self.arrays.len() + DIGEST_LEN);
        file.extend_from_slice(MAGIC);
        file.extend_from_slice(&version.to_le_bytes());
        file.extend_from_slice(&(header.len() as u32).to_le_bytes());
        file.extend_from_slice(header);
        file.extend_from_slice(&self.arrays);
        let digest = Sha256::digest(&file);
        file.extend_from_slice(&digest);
        file
    }
}

/// A file that was opened.
pub(super) struct Opened<'a> {
    /// The JSON header.
    pub(super) header: &'a [u8],
    arrays: &'a [u8],
}

/// Opens a file after checking what it is, whether it is whole, and its version.
///
/// **Errors** `export.not_a_project`, `export.newer_version`, `export.damaged_project`.
pub(super) fn open(file: &[u8], supported: u32) -> Result<Opened<'_>, Error> {
    let size_bytes = file.len();
    let damaged = |why: &str| Error::from(ExportError::Damaged { size_bytes, why: why.to_owned() });
    if !file.starts_with(MAGIC) {
        return Err(ExportError::NotAProject { size_bytes }.into());
    }
    if size_bytes < PREFIX_LEN + DIGEST_LEN {
        return Err(damaged("it ends within its first bytes"));
    }
    let version = u32_at(file, MAGIC.len());
    if version > supported {
        return Err(ExportError::NewerVersion { found: version, supported }.into());
    }
    let (content, digest) = file.split_at(size_bytes - DIGEST_LEN);
    if Sha256::digest(content).as_slice() != digest {
        return Err(damaged("its checksum does not match"));
    }
    let header_len = u32_at(file, MAGIC.len() + 4) as usize;
    let rest = &content[PREFIX_LEN..];
    if header_len > rest.len() {
        return Err(damaged("its header is longer than the file"));
    }
    let (header, arrays) = rest.split_at(header_len);
    Ok(Opened { header, arrays })
}

fn u32_at(file: &[u8], start: usize) -> u32 {
    u32::from_le_bytes([file[start], file[start + 1], file[start + 2], file[start + 3]])
}

impl<'a> Opened<'a> {
    /// The bytes of an array.
    ///
    /// **Errors** `export.malformed_project` when they lie outside the file.
    pub(super) fn bytes(&self, span: Span) -> Result<&'a [u8], Error> {
        let end = span.start.checked_add(span.len);
        let bytes = end.and_then(|end| self.arrays.get(span.start..end));
        bytes.ok_or_else(|| super::project::malformed("an array lies outside the file"))
    }

    /// Numbers, bit for bit.
    pub(super) fn f64(&self, span: Span) -> Result<Vec<f64>, Error> {
        self.chunks(span, f64::from_le_bytes)
    }

    /// Numbers of half the size, bit for bit.
    pub(super) fn f32(&self, span: Span) -> Result<Vec<f32>, Error> {
        self.chunks(span, f32::from_le_bytes)
    }

    /// Whole numbers.
    pub(super) fn u32(&self, span: Span) -> Result<Vec<u32>, Error> {
        self.chunks(span, u32::from_le_bytes)
    }

    /// Times.
    pub(super) fn i64(&self, span: Span) -> Result<Vec<i64>, Error> {
        self.chunks(span, i64::from_le_bytes)
    }

    fn chunks<T, const N: usize>(&self, span: Span, read: impl Fn([u8; N]) -> T) -> Result<Vec<T>, Error> {
        let (chunks, rest) = self.bytes(span)?.as_chunks::<N>();
        if !rest.is_empty() {
            return Err(super::project::malformed("an array ends within a number"));
        }
        Ok(chunks.iter().map(|chunk| read(*chunk)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> Vec<u8> {
        let mut writer = Writer::default();
        writer.f64(&[1.5, -0.0]);
        writer.finish(1, b"{}")
    }

    #[test]
    fn numbers_come_back_bit_for_bit() {
        let file = file();
        let opened = open(&file, 1).unwrap();
        let numbers = opened.f64(Span { start: 0, len: 16 }).unwrap();
        assert_eq!(numbers.iter().map(|x| x.to_bits()).collect::<Vec<_>>(), [1.5f64.to_bits(), (-0.0f64).to_bits()]);
        assert!(opened.f64(Span { start: 8, len: 16 }).is_err());
        assert!(opened.f64(Span { start: usize::MAX, len: 16 }).is_err());
        assert!(opened.f64(Span { start: 0, len: 15 }).is_err());
    }

    #[test]
    fn every_truncation_and_every_changed_byte_is_refused() {
        let file = file();
        for len in 0..file.len() {
            assert!(open(&file[..len], 1).is_err(), "{len} bytes");
        }
        for idx in 0..file.len() {
            let mut changed = file.clone();
            changed[idx] ^= 0x40;
            assert!(open(&changed, 1).is_err(), "byte {idx}");
        }
    }

    #[test]
    fn a_newer_version_is_named() {
        let error = open(&Writer::default().finish(9, b""), 1).err().unwrap();
        assert_eq!(error.message(), "the project has format 9, and this page reads up to 1");
    }
}
