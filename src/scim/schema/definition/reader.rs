//! Reading an object of a definition key by key, collecting what is wrong instead of stopping at the first.

use super::fault::Fault;
use serde_json::{Map, Value};

/// An object of a definition, and where faults go.
pub(super) struct Reader<'r> {
    object: &'r Map<String, Value>,
    /// Where the object stands, for the paths of faults; empty for the whole.
    path: String,
    faults: &'r mut Vec<Fault>,
}

impl<'r> Reader<'r> {
    /// A reader of `object`, which stands at `path` and may have the keys `known` only: a misspelled key would otherwise
    /// be a characteristic that silently has its default.
    pub fn new(object: &'r Map<String, Value>, path: String, known: &[&str], faults: &'r mut Vec<Fault>) -> Self {
        let reader = Self { object, path, faults };
        for key in object.keys().filter(|key| !known.contains(&key.as_str())) {
            let near = known.iter().find(|known| known.eq_ignore_ascii_case(key));
            let problem = match near {
                Some(near) => format!("there is no such key; did you mean {near}?"),
                None => format!("there is no such key; there are {}", known.join(", ")),
            };
            reader.faults.push(Fault::new(reader.path_of(key), problem));
        }
        reader
    }

    /// Reports what is wrong with the value of `key`; with the object itself if `key` is empty.
    pub fn fault(&mut self, key: &str, problem: impl Into<String>) {
        let path = self.path_of(key);
        self.faults.push(Fault::new(path, problem));
    }

    /// A string.
    pub fn string(&mut self, key: &str) -> Option<String> {
        self.read(key, "must be a string", |value| value.as_str().map(str::to_owned))
    }

    /// A string that must be there.
    pub fn required_string(&mut self, key: &str) -> Option<String> {
        if self.is_absent(key) {
            self.fault(key, "is missing");
            return None;
        }
        self.string(key)
    }

    /// `true` or `false`; `false` if it is not there.
    pub fn boolean(&mut self, key: &str) -> bool {
        self.optional_boolean(key).unwrap_or_default()
    }

    /// `true`, `false`, or not said.
    pub fn optional_boolean(&mut self, key: &str) -> Option<bool> {
        self.read(key, "must be true or false", Value::as_bool)
    }

    /// One of a few words; the default if it is not there.
    pub fn choice<T: Copy + Default>(&mut self, key: &str, words: &[(&str, T)]) -> T {
        let Some(text) = self.string(key) else { return T::default() };
        match words.iter().find(|(word, _)| *word == text) {
            Some((_, meaning)) => *meaning,
            None => {
                let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
                self.fault(key, format!("must be one of {}, not {text:.100}", words.join(", ")));
                T::default()
            }
        }
    }

    /// A list of strings; empty if it is not there.
    pub fn strings(&mut self, key: &str) -> Vec<String> {
        let list = |value: &Value| value.as_array()?.iter().map(|element| Some(element.as_str()?.to_owned())).collect();
        self.read(key, "must be a list of strings", list).unwrap_or_default()
    }

    /// A list of objects; empty if it is not there.
    pub fn objects(&mut self, key: &str) -> Vec<&'r Map<String, Value>> {
        let Some(value) = self.object.get(key).filter(|value| !value.is_null()) else { return Vec::new() };
        let objects = value.as_array().and_then(|list| list.iter().map(Value::as_object).collect::<Option<Vec<_>>>());
        objects.unwrap_or_else(|| {
            self.fault(key, "must be a list of objects");
            Vec::new()
        })
    }

    /// An object; empty if it is not there.
    pub fn object(&mut self, key: &str) -> Map<String, Value> {
        self.read(key, "must be an object", |value| value.as_object().cloned()).unwrap_or_default()
    }

    /// Whether the key is not there, or null.
    pub fn is_absent(&self, key: &str) -> bool {
        self.object.get(key).is_none_or(Value::is_null)
    }

    /// Where faults of inner objects go.
    pub fn faults(&mut self) -> &mut Vec<Fault> {
        self.faults
    }

    /// The path of a key.
    pub fn path_of(&self, key: &str) -> String {
        match (self.path.is_empty(), key.is_empty()) {
            (true, _) => key.to_owned(),
            (false, true) => self.path.clone(),
            (false, false) => format!("{}.{key}", self.path),
        }
    }

    fn read<T>(&mut self, key: &str, problem: &str, convert: impl Fn(&Value) -> Option<T>) -> Option<T> {
        let value = self.object.get(key).filter(|value| !value.is_null())?;
        let converted = convert(value);
        if converted.is_none() {
            self.fault(key, problem);
        }
        converted
    }
}
