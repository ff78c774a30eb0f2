//! The layers laid over each other, and typed reading that collects faults instead of stopping at the first.

use super::{ConfigFault, ConfigFaults, Source, Sources};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;
use toml::{Table, Value};

/// The embedded defaults: the one list of keys.
pub const DEFAULTS: &str = include_str!("../../config/default.toml");

/// Settings by key, `section.key`, while they are read.
#[derive(Debug)]
pub struct Settings {
    defaults: BTreeMap<String, Value>,
    given: BTreeMap<String, (Value, Source)>,
    read: BTreeSet<&'static str>,
    faults: Vec<ConfigFault>,
}

impl Settings {
    /// Lays the layers over each other. Unknown keys and unreadable files become faults.
    pub fn layer(sources: &Sources) -> Self {
        let defaults = DEFAULTS.parse::<Table>().expect("config/default.toml is TOML, as the tests of config show");
        let mut settings =
            Self { defaults: flatten(defaults), given: BTreeMap::new(), read: BTreeSet::new(), faults: Vec::new() };
        if let Some(file) = &sources.file {
            let source = Source::File(file.path.clone());
            match file.text.clone().and_then(|text| text.parse::<Table>().map_err(|error| describe(&error, &text))) {
                Ok(table) => {
                    for (key, value) in flatten(table) {
                        settings.give(key, value, source.clone());
                    }
                }
                Err(problem) => settings.faults.push(ConfigFault { key: None, source, problem }),
            }
        }
        for (overrides, source) in [
            (&sources.environment, Source::Environment as fn(&'static str) -> Source),
            (&sources.flags, Source::Flag as fn(&'static str) -> Source),
        ] {
            for given in overrides {
                settings.give(given.key.to_owned(), Value::String(given.value.clone()), source(given.name));
            }
        }
        settings
    }

    /// What was wrong, if anything.
    pub fn into_faults(self) -> Option<ConfigFaults> {
        if self.faults.is_empty() { None } else { Some(ConfigFaults(self.faults)) }
    }

    /// A boolean.
    pub fn boolean(&mut self, key: &'static str) -> bool {
        self.read(key, |value| value.as_bool().ok_or_else(|| "must be true or false".to_owned()))
    }

    /// A whole number within `range`.
    pub fn integer<T: TryFrom<i64>>(&mut self, key: &'static str, range: RangeInclusive<i64>) -> T {
        self.read(key, |value| {
            value
                .as_integer()
                .filter(|number| range.contains(number))
                .and_then(|number| T::try_from(number).ok())
                .ok_or_else(|| format!("must be a whole number from {} to {}", range.start(), range.end()))
        })
    }

    /// A number within `range`.
    pub fn number(&mut self, key: &'static str, range: RangeInclusive<f64>) -> f64 {
        self.read(key, |value| {
            let whole = || value.as_integer().map(|number| number as f64);
            value
                .as_float()
                .or_else(whole)
                .filter(|number| range.contains(number))
                .ok_or_else(|| format!("must be a number from {} to {}", range.start(), range.end()))
        })
    }

    /// A time in milliseconds, at most a day.
    pub fn milliseconds(&mut self, key: &'static str, min: i64) -> Duration {
        Duration::from_millis(self.integer(key, min..=86_400_000))
    }

    /// A string that `parse` accepts; its error says what would be right.
    pub fn parsed<T>(&mut self, key: &'static str, parse: impl Fn(&str) -> Result<T, String>) -> T {
        self.read(key, |value| parse(value.as_str().ok_or_else(|| "must be a string".to_owned())?))
    }

    /// A path; "" is none.
    pub fn path(&mut self, key: &'static str) -> Option<PathBuf> {
        self.parsed(key, |text| Ok((!text.is_empty()).then(|| PathBuf::from(text))))
    }

    /// A list of strings that `parse` accepts.
    pub fn list<T>(&mut self, key: &'static str, parse: impl Fn(&str) -> Result<T, String>) -> Vec<T> {
        let wrong = || "must be a list of strings".to_owned();
        self.read(key, |value| {
            value.as_array().ok_or_else(wrong)?.iter().map(|element| parse(element.as_str().ok_or_else(wrong)?)).collect()
        })
    }

    /// Reports a fault that shows only when several keys are seen together, at the one that should change.
    pub fn fault(&mut self, key: &'static str, problem: String) {
        let source = self.given.get(key).map_or(Source::Default, |(_, source)| source.clone());
        self.faults.push(ConfigFault { key: Some(key.to_owned()), source, problem });
    }

    /// The keys of `config/default.toml` that were not read.
    #[cfg(test)]
    pub fn unread(&self) -> Vec<&str> {
        self.defaults.keys().map(String::as_str).filter(|key| !self.read.contains(key)).collect()
    }

    fn give(&mut self, key: String, value: Value, source: Source) {
        if self.defaults.contains_key(&key) {
            self.given.insert(key, (value, source));
            return;
        }
        let section = format!("{key}.");
        let problem = if self.defaults.keys().any(|known| known.starts_with(&section)) {
            format!("is a section: write [{key}] and its keys below")
        } else {
            "there is no such key; config/default.toml lists all of them".to_owned()
        };
        self.faults.push(ConfigFault { key: Some(key), source, problem });
    }

    /// The value of `key`. A wrong one is reported, and the default stands in for it so that reading can go on.
    fn read<T>(&mut self, key: &'static str, convert: impl Fn(&Value) -> Result<T, String>) -> T {
        self.read.insert(key);
        if let Some((value, source)) = self.given.get(key) {
            match convert(value) {
                Ok(value) => return value,
                Err(problem) => {
                    let source = source.clone();
                    self.faults.push(ConfigFault { key: Some(key.to_owned()), source, problem });
                }
            }
        }
        let default = self.defaults.get(key).expect("each key that is read is in config/default.toml, as the tests show");
        convert(default).expect("the values of config/default.toml are right, as the tests show")
    }
}

/// `{server: {listen: x}}` as `{server.listen: x}`; a list is a value.
fn flatten(table: Table) -> BTreeMap<String, Value> {
    let mut flat = BTreeMap::new();
    let mut open = vec![(String::new(), table)];
    while let Some((prefix, table)) = open.pop() {
        for (name, value) in table {
            match value {
                Value::Table(inner) if !inner.is_empty() => open.push((format!("{prefix}{name}."), inner)),
                // An empty section says nothing.
                Value::Table(_) => {}
                value => {
                    flat.insert(format!("{prefix}{name}"), value);
                }
            }
        }
    }
    flat
}

/// The reader's message with the line, but without the line's text, which may hold a secret.
fn describe(error: &toml::de::Error, text: &str) -> String {
    let line = error.span().map(|span| 1 + text.as_bytes().iter().take(span.start).filter(|byte| **byte == b'\n').count());
    match line {
        Some(line) => format!("line {line} is not TOML: {}", error.message()),
        None => format!("is not TOML: {}", error.message()),
    }
}
