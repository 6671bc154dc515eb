//! Messages as plain objects of JavaScript, which is how `vitrine.js` takes and gives them.
//!
//! Both directions are the shortest that `serde`'s derived code allows, for that code is a good part of the page. What
//! comes in is read by the names of its fields, in the order in which they are declared: a struct sees a sequence, and
//! needs no table of names. A field that may be missing has to say `#[serde(default)]`, therefore, be it an `Option` or
//! not. What goes out passes through `serde_json`'s values.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use js_sys::{Array, Number, Object, Reflect};
use serde::de::value::StringDeserializer;
use serde::de::{self, DeserializeOwned, DeserializeSeed, Expected, IntoDeserializer, Unexpected, Visitor};
use serde::{Serialize, forward_to_deserialize_any};
use serde_json::Value;
use wasm_bindgen::{JsCast, JsValue};

/// Why an object is not the message that was expected: where in it, and what was wrong there.
#[derive(Debug)]
pub(crate) struct Fault(String);

impl Fault {
    fn at(self, field: &str) -> Self {
        Self(format!("{field}: {}", self.0))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Fault {}

impl de::Error for Fault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }

    // The place says enough; descriptions of every type that could have been there would be a hundredth of the page.
    fn invalid_type(_: Unexpected<'_>, _: &dyn Expected) -> Self {
        Self("another type is expected".to_owned())
    }

    fn invalid_value(_: Unexpected<'_>, _: &dyn Expected) -> Self {
        Self("another value is expected".to_owned())
    }

    fn invalid_length(position: usize, _: &dyn Expected) -> Self {
        Self(format!("field {position} is missing"))
    }

    fn unknown_variant(variant: &str, _: &'static [&'static str]) -> Self {
        Self(format!("“{variant}” is unknown"))
    }
}

/// Reads a message.
///
/// # Errors
/// - The object is another one.
pub(crate) fn read<T: DeserializeOwned>(object: JsValue) -> Result<T, Fault> {
    T::deserialize(Node(object))
}

/// A message as an object.
///
/// # Errors
/// - A whole number is too large for JavaScript.
pub(crate) fn write(message: &impl Serialize) -> Result<JsValue, Fault> {
    let value = serde_json::to_value(message).map_err(|error| Fault(error.to_string()))?;
    write_value(&value)
}

fn write_value(value: &Value) -> Result<JsValue, Fault> {
    Ok(match value {
        Value::Null => JsValue::NULL,
        Value::Bool(flag) => JsValue::from_bool(*flag),
        Value::Number(number) => {
            if number.as_u64().is_some_and(|whole| whole as f64 > Number::MAX_SAFE_INTEGER) {
                return Err(Fault("the number is too large".to_owned()));
            }
            JsValue::from_f64(number.as_f64().unwrap_or(f64::NAN))
        }
        Value::String(text) => JsValue::from_str(text),
        Value::Array(values) => {
            let array = Array::new();
            for value in values {
                array.push(&write_value(value)?);
            }
            array.into()
        }
        Value::Object(fields) => {
            let object = Object::new();
            for (name, value) in fields {
                let value = write_value(value).map_err(|fault| fault.at(name))?;
                // Only a frozen object refuses, and this one is new.
                let _ = Reflect::set(&object, &JsValue::from_str(name), &value);
            }
            object.into()
        }
    })
}

/// Any value of JavaScript that stands for one of ours.
struct Node(JsValue);

impl Node {
    fn number(&self) -> Result<f64, Fault> {
        self.0.as_f64().ok_or_else(|| Fault("a number is expected".to_owned()))
    }

    fn whole(&self) -> Result<u64, Fault> {
        let value = self.number()?;
        let is_whole = Number::is_safe_integer(&self.0) && value >= 0.0;
        is_whole.then_some(value as u64).ok_or_else(|| Fault("a whole number is expected".to_owned()))
    }

    fn text(&self) -> Result<String, Fault> {
        self.0.as_string().ok_or_else(|| Fault("a text is expected".to_owned()))
    }

    fn items(self) -> Result<Items, Fault> {
        let is_array = Array::is_array(&self.0);
        is_array.then(|| Items::new(self.0.unchecked_into())).ok_or_else(|| Fault("a list is expected".to_owned()))
    }

    fn entries(self) -> Result<Entries, Fault> {
        self.object().map(|object| Entries { entries: Items::new(Object::entries(&object)), value: None })
    }

    fn object(self) -> Result<Object, Fault> {
        let is_object = self.0.is_object();
        is_object.then(|| self.0.unchecked_into()).ok_or_else(|| Fault("an object is expected".to_owned()))
    }
}

impl<'de> de::Deserializer<'de> for Node {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        if self.0.is_null() || self.0.is_undefined() {
            visitor.visit_unit()
        } else if let Some(flag) = self.0.as_bool() {
            visitor.visit_bool(flag)
        } else if let Some(value) = self.0.as_f64() {
            if Number::is_safe_integer(&self.0) { visitor.visit_i64(value as i64) } else { visitor.visit_f64(value) }
        } else if let Some(text) = self.0.as_string() {
            visitor.visit_string(text)
        } else if Array::is_array(&self.0) {
            visitor.visit_seq(self.items()?)
        } else {
            visitor.visit_map(self.entries()?)
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_bool(self.0.as_bool().ok_or_else(|| Fault("yes or no is expected".to_owned()))?)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_f64(self.number()?)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_u64(self.whole()?)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_string(self.text()?)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_string(self.text()?)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_string(self.text()?)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        if self.0.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_seq(self.items()?)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_seq(self.items()?)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_map(self.entries()?)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_seq(Fields { object: self.object()?, fields, names: names(fields), position: 0 })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let word: StringDeserializer<Fault> = self.text()?.into_deserializer();
        visitor.visit_enum(word)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! { i8 i16 i32 i64 u8 u16 u32 f32 char bytes byte_buf unit unit_struct tuple_struct }
}

/// The elements of an array.
struct Items {
    array: Array,
    position: u32,
}

impl Items {
    fn new(array: Array) -> Self {
        Self { array, position: 0 }
    }

    fn next(&mut self) -> Option<JsValue> {
        let here = self.position;
        self.position += 1;
        (here < self.array.length()).then(|| self.array.get(here))
    }
}

impl<'de> de::SeqAccess<'de> for Items {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Fault> {
        self.next().map(|item| seed.deserialize(Node(item))).transpose()
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.array.length().saturating_sub(self.position) as usize)
    }
}

/// The fields of an object whose names are data.
struct Entries {
    entries: Items,
    value: Option<JsValue>,
}

impl Entries {
    fn next(&mut self) -> Option<JsValue> {
        let entry: Array = self.entries.next()?.unchecked_into();
        self.value = Some(entry.get(1));
        Some(entry.get(0))
    }
}

impl<'de> de::MapAccess<'de> for Entries {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Fault> {
        self.next().map(|name| seed.deserialize(Node(name))).transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        seed.deserialize(Node(self.value.take().unwrap_or(JsValue::UNDEFINED)))
    }
}

/// The fields of an object that a struct declares, in the order in which it does.
struct Fields {
    object: Object,
    fields: &'static [&'static str],
    names: Rc<[JsValue]>,
    position: usize,
}

impl Fields {
    /// The next field's value; nothing if the object has none.
    fn next(&mut self) -> Option<JsValue> {
        let name = self.names.get(self.position)?;
        self.position += 1;
        Reflect::get(&self.object, name).ok().filter(|value| !value.is_undefined())
    }

    /// Says in which field a fault is.
    fn at(&self, fault: Fault) -> Fault {
        fault.at(self.fields.get(self.position - 1).copied().unwrap_or_default())
    }
}

impl<'de> de::SeqAccess<'de> for Fields {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Fault> {
        let value = self.next();
        value.map(|value| seed.deserialize(Node(value)).map_err(|fault| self.at(fault))).transpose()
    }
}

/// The names of a struct's fields, and the same as texts of JavaScript.
type Known = (&'static [&'static str], Rc<[JsValue]>);

/// The names of a struct's fields as texts of JavaScript, which are made once: a tree may have a hundred thousand nodes.
fn names(fields: &'static [&'static str]) -> Rc<[JsValue]> {
    thread_local! {
        static KNOWN: RefCell<Vec<Known>> = const { RefCell::new(Vec::new()) };
    }
    KNOWN.with_borrow_mut(|known| {
        if let Some((_, names)) = known.iter().find(|(these, _)| std::ptr::eq(*these, fields)) {
            return Rc::clone(names);
        }
        let names: Rc<[JsValue]> = fields.iter().map(|name| JsValue::from_str(name)).collect();
        known.push((fields, Rc::clone(&names)));
        names
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_may_be_left_out_has_a_default() {
        // Not the folder that this was compiled in: clones share their build products.
        let here = std::env::var_os("CARGO_MANIFEST_DIR").unwrap();
        let folder = std::path::Path::new(&here).join("../protocol/src");
        for file in std::fs::read_dir(folder).unwrap() {
            let source = std::fs::read_to_string(file.unwrap().path()).unwrap();
            // Attributes and fields of one declaration after another.
            for declaration in source.split("\n}\n").filter(|text| text.contains("skip_serializing_if")) {
                let whole = declaration.contains("#[serde(default)]\npub struct");
                let mut lines = declaration.lines().filter(|line| line.contains("skip_serializing_if"));
                assert!(whole || lines.all(|line| line.contains("default")), "{declaration}");
            }
        }
    }
}
