//! [`Filter`] to text, with no more parentheses than it needs; `parse(print(f)) == f`.

use super::{AttrPath, CompValue, CompareOp, Filter};
use std::fmt::{self, Display, Formatter};

impl Display for Filter {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Compare { path, op, value } => write!(f, "{path} {op} {value}"),
            Self::Present(path) => write!(f, "{path} pr"),
            Self::ValuePath { path, filter } => write!(f, "{path}[{filter}]"),
            Self::Not(filter) => write!(f, "not ({filter})"),
            Self::And(terms) => join(f, terms, " and ", |term| matches!(term, Self::And(_) | Self::Or(_))),
            Self::Or(terms) => join(f, terms, " or ", |term| matches!(term, Self::Or(_))),
        }
    }
}

/// A group inside a group of its own kind keeps its parentheses: the text then says how the filter was built.
fn join(f: &mut Formatter<'_>, terms: &[Filter], word: &str, grouped: fn(&Filter) -> bool) -> fmt::Result {
    for (index, term) in terms.iter().enumerate() {
        if index > 0 {
            f.write_str(word)?;
        }
        if grouped(term) { write!(f, "({term})")? } else { write!(f, "{term}")? }
    }
    Ok(())
}

impl Display for AttrPath {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Display for CompareOp {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl Display for CompValue {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Boolean(value) => write!(f, "{value}"),
            Self::Number(value) => write!(f, "{value}"),
            Self::String(text) => f.write_str(&serde_json::to_string(text).expect("a string serialises")),
        }
    }
}
