//! A fitted model's numbers by name: what saved files and other workers get.

use std::collections::BTreeMap;

use crate::Error;

/// Numbers or texts of one name.
#[derive(Clone, Debug, PartialEq)]
pub enum Array {
    /// Numbers.
    F64(Vec<f64>),
    /// Numbers of half the size.
    F32(Vec<f32>),
    /// Whole numbers.
    U32(Vec<u32>),
    /// Bytes.
    Bytes(Vec<u8>),
    /// Texts.
    Text(Vec<String>),
}

/// A fitted model's numbers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State(pub BTreeMap<String, Array>);

crate::trouble! {
    /// What can be wrong with a saved model.
    pub enum StateError in "export" {
        /// A saved model's numbers are missing or do not fit each other.
        Malformed { what: String } => "malformed_model",
            "the saved model is malformed: {what}",
            hint "Export the model again from the page it was made in";
    }
}

impl State {
    /// Adds numbers.
    pub fn with_f64(mut self, name: &str, values: Vec<f64>) -> Self {
        self.0.insert(name.to_owned(), Array::F64(values));
        self
    }

    /// Adds numbers of half the size.
    pub fn with_f32(mut self, name: &str, values: Vec<f32>) -> Self {
        self.0.insert(name.to_owned(), Array::F32(values));
        self
    }

    /// Adds whole numbers.
    pub fn with_u32(mut self, name: &str, values: Vec<u32>) -> Self {
        self.0.insert(name.to_owned(), Array::U32(values));
        self
    }

    /// Adds bytes.
    pub fn with_bytes(mut self, name: &str, bytes: Vec<u8>) -> Self {
        self.0.insert(name.to_owned(), Array::Bytes(bytes));
        self
    }

    /// How many bytes its numbers take in a file.
    pub fn size_bytes(&self) -> usize {
        let size = |array: &Array| match array {
            Array::F64(values) => 8 * values.len(),
            Array::F32(values) => 4 * values.len(),
            Array::U32(values) => 4 * values.len(),
            Array::Bytes(bytes) => bytes.len(),
            Array::Text(texts) => texts.iter().map(String::len).sum(),
        };
        self.0.values().map(size).sum()
    }

    /// Numbers by name.
    ///
    /// **Errors** `export.malformed_model` when there are none of that name.
    pub fn f64(&self, name: &str) -> Result<&[f64], Error> {
        match self.0.get(name) {
            Some(Array::F64(values)) => Ok(values),
            _ => Err(malformed(format!("no numbers called {name:?}"))),
        }
    }

    /// Numbers of half the size by name.
    ///
    /// **Errors** `export.malformed_model` when there are none of that name.
    pub fn f32(&self, name: &str) -> Result<&[f32], Error> {
        match self.0.get(name) {
            Some(Array::F32(values)) => Ok(values),
            _ => Err(malformed(format!("no f32 numbers called {name:?}"))),
        }
    }

    /// Whole numbers by name.
    ///
    /// **Errors** `export.malformed_model` when there are none of that name.
    pub fn u32(&self, name: &str) -> Result<&[u32], Error> {
        match self.0.get(name) {
            Some(Array::U32(values)) => Ok(values),
            _ => Err(malformed(format!("no whole numbers called {name:?}"))),
        }
    }

    /// Bytes by name.
    ///
    /// **Errors** `export.malformed_model` when there are none of that name.
    pub fn bytes(&self, name: &str) -> Result<&[u8], Error> {
        match self.0.get(name) {
            Some(Array::Bytes(bytes)) => Ok(bytes),
            _ => Err(malformed(format!("no bytes called {name:?}"))),
        }
    }
}

/// The error for a saved model that does not fit itself.
pub fn malformed(what: impl Into<String>) -> Error {
    StateError::Malformed { what: what.into() }.into()
}
