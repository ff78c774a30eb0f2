//! The canonical JSON of a resource.

use serde_json::{Map, Value};

/// A resource's canonical JSON, as it is stored.
///
/// - names are spelled as in the schema, and stand in the schema's order: `schemas`, `externalId`, the attributes of
///   the base schema, then one object per extension in use, keyed by its URN
/// - there is no null, no empty list and no empty object
/// - `schemas` is the base URN and exactly the extensions that have a value (D-04)
/// - it is without `id`, `meta`, `password`, the membership attribute and the computed one (`members`, `groups`)
///
/// So equal resources are equal text, whatever the order that a client sent them in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Document(Map<String, Value>);

impl Document {
    /// Takes an object that is canonical already: what [`super::normalize()`] built, or what the store read.
    pub(crate) fn from_canonical(object: Map<String, Value>) -> Self {
        Self(object)
    }

    /// Reads the text that [`Document::to_text`] wrote.
    ///
    /// # Errors
    /// The text is not a JSON object: the store is corrupt.
    pub fn from_stored(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text).map(Self)
    }

    /// The top-level object.
    pub fn as_object(&self) -> &Map<String, Value> {
        &self.0
    }

    /// The top-level object, to take apart.
    pub fn into_object(self) -> Map<String, Value> {
        self.0
    }

    /// The text that is stored.
    pub fn to_text(&self) -> String {
        serde_json::to_string(&self.0).expect("a JSON object with string keys serialises")
    }
}
