//! [`ResolvedFilter`] to what a log may say of it: which attributes it compares and how, with `?` for every value.

use super::ResolvedFilter;
use std::fmt::{self, Display, Formatter, Write};

/// Bytes of a shape at most; what is longer ends in `…`.
const SHAPE_BYTES_MAX: usize = 1_000;

impl ResolvedFilter {
    /// The filter without its values: `emails[type eq ? and value co ?]`.
    ///
    /// Names are those of the schema, never the client's text, so nothing in it tells of anybody (R31).
    pub fn shape(&self) -> String {
        let mut text = Bounded(String::new());
        // It fails where the bound is, and nowhere else.
        if write!(text, "{}", Shape(self)).is_err() {
            text.0.push('…');
        }
        text.0
    }
}

struct Shape<'a>(&'a ResolvedFilter);

impl Display for Shape<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            ResolvedFilter::Compare { target, op, .. } => write!(f, "{} {op} ?", target.name()),
            ResolvedFilter::Present(target) => write!(f, "{} pr", target.name()),
            ResolvedFilter::Element { target, filter } => write!(f, "{}[{}]", target.name(), Shape(filter)),
            ResolvedFilter::Not(filter) => write!(f, "not ({})", Shape(filter)),
            ResolvedFilter::And(terms) => join(f, terms, " and "),
            ResolvedFilter::Or(terms) => join(f, terms, " or "),
            ResolvedFilter::Constant(holds) => write!(f, "{holds}"),
        }
    }
}

fn join(f: &mut Formatter<'_>, terms: &[ResolvedFilter], word: &str) -> fmt::Result {
    for (index, term) in terms.iter().enumerate() {
        if index > 0 {
            f.write_str(word)?;
        }
        match term {
            ResolvedFilter::And(_) | ResolvedFilter::Or(_) => write!(f, "({})", Shape(term))?,
            ResolvedFilter::Compare { .. }
            | ResolvedFilter::Present(_)
            | ResolvedFilter::Element { .. }
            | ResolvedFilter::Not(_)
            | ResolvedFilter::Constant(_) => write!(f, "{}", Shape(term))?,
        }
    }
    Ok(())
}

/// Takes as many characters as [`SHAPE_BYTES_MAX`] allows; then it fails.
struct Bounded(String);

impl Write for Bounded {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = SHAPE_BYTES_MAX - self.0.len();
        self.0.push_str(&text[..text.floor_char_boundary(room)]);
        if text.len() > room { Err(fmt::Error) } else { Ok(()) }
    }
}
