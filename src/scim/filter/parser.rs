//! Text to [`Filter`] and to [`Path`] (RFC 7644 Figures 1 and 7, as D-32 and D-33 correct them).
//!
//! Linear in the text, without backtracking. Length, depth and number of terms are checked as the text is read, before a
//! tree is built, so that nothing that walks or drops a [`Filter`] can exhaust the stack (R9, R10).

use super::cursor::{Cursor, Fault};
use super::{AttrPath, CompareOp, Filter, Path};
use crate::scim::{ErrorKind, ScimError};

/// The limits and the one tolerance of the syntax.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterOptions {
    /// The longest text, in bytes.
    pub text_bytes_max: usize,
    /// How deep parentheses and brackets may nest. Whatever walks a filter recurses at most three times as deep; at 32,
    /// 128 KB of stack are enough for all of it, even without optimisation.
    pub depth_max: usize,
    /// How many comparisons and `pr` there may be.
    pub terms_max: usize,
    /// Whether `emails[type eq "work"].value eq "x"` reads as `emails[type eq "work" and value eq "x"]`
    /// ([`crate::scim::Tolerance::value_path_suffix`]).
    pub value_path_suffix: bool,
}

impl Default for FilterOptions {
    fn default() -> Self {
        Self { text_bytes_max: 16_384, depth_max: 32, terms_max: 500, value_path_suffix: true }
    }
}

impl Filter {
    /// Reads the filter of a query: `userName eq "bjensen" and not (title pr)`.
    ///
    /// Keywords and operators in any letter case, one or more spaces between words, none needed after `not`. Spaces at
    /// either end and just inside parentheses and brackets are skipped.
    ///
    /// # Errors
    /// `invalidFilter`: the text does not parse or exceeds a limit of `options`; says at which character
    pub fn parse(text: &str, options: &FilterOptions) -> Result<Filter, ScimError> {
        check_length(text, options, "filter").map_err(ScimError::invalid_filter)?;
        let mut parser = Parser::new(text, options);
        parser.whole_filter().map_err(|fault| fault.error(ErrorKind::InvalidFilter, "filter"))
    }
}

/// Reads the path of a PATCH operation: `name.familyName`, `members[value eq "42"]`, `emails[type eq "work"].value`.
///
/// `tags eq "x"` (EID 7122) reads as `tags[value eq "x"]`. Which names exist is not known here: a path such as
/// `name.givenName[value pr]` parses, and [`Filter::resolve_element`] refuses it.
///
/// # Errors
/// - `invalidPath`: the text does not parse or is too long
/// - `invalidFilter`: what stands between `[` and `]` is no filter, nests too deep or has too many terms
pub fn parse_path(text: &str, options: &FilterOptions) -> Result<Path, ScimError> {
    check_length(text, options, "path").map_err(ScimError::invalid_path)?;
    let mut parser = Parser::new(text, options);
    parser.path().map_err(|(kind, fault)| fault.error(kind, "path"))
}

fn check_length(text: &str, options: &FilterOptions, what: &str) -> Result<(), String> {
    if text.len() <= options.text_bytes_max {
        return Ok(());
    }
    Err(format!("the {what} has {} bytes; {} are allowed", text.len(), options.text_bytes_max))
}

/// Whether the names are attributes of a resource or sub-attributes inside `[ ]`.
#[derive(Clone, Copy, PartialEq)]
enum Scope {
    Resource,
    Element,
}

enum Junction {
    And,
    Or,
}

struct Parser<'t> {
    cursor: Cursor<'t>,
    options: &'t FilterOptions,
    terms: usize,
}

impl<'t> Parser<'t> {
    fn new(text: &'t str, options: &'t FilterOptions) -> Self {
        Self { cursor: Cursor::new(text), options, terms: 0 }
    }

    fn whole_filter(&mut self) -> Result<Filter, Fault> {
        let filter = self.expression(Scope::Resource, 0)?;
        if self.cursor.at_end() { Ok(filter) } else { Err(self.cursor.unexpected("expected and, or or the end")) }
    }

    /// Terms joined by `and` and `or`, up to a closing bracket or the end. `depth` brackets are open.
    fn expression(&mut self, scope: Scope, depth: usize) -> Result<Filter, Fault> {
        self.cursor.eat_spaces();
        let mut alternatives = Vec::new();
        let mut conjunction = vec![self.term(scope, depth)?];
        while let Some(junction) = self.junction()? {
            let term = self.term(scope, depth)?;
            match junction {
                Junction::And => conjunction.push(term),
                Junction::Or => alternatives.push(joined(std::mem::replace(&mut conjunction, vec![term]), Filter::And)),
            }
        }
        alternatives.push(joined(conjunction, Filter::And));
        Ok(joined(alternatives, Filter::Or))
    }

    /// `and` or `or` with its spaces, or nothing where the expression ends.
    fn junction(&mut self) -> Result<Option<Junction>, Fault> {
        let spaces = self.cursor.eat_spaces();
        if matches!(self.cursor.peek(), None | Some(')' | ']')) {
            return Ok(None);
        }
        let fault = self.cursor.unexpected("expected and or or");
        let word = self.cursor.take_word();
        let junction = if word.eq_ignore_ascii_case("and") {
            Junction::And
        } else if word.eq_ignore_ascii_case("or") {
            Junction::Or
        } else {
            return Err(fault);
        };
        if !spaces {
            return Err(Fault { problem: format!("expected a space before {word}"), quoted: None, ..fault });
        }
        if !self.cursor.eat_spaces() {
            return Err(self.cursor.unexpected(&format!("expected a space after {word}")));
        }
        Ok(Some(junction))
    }

    fn term(&mut self, scope: Scope, depth: usize) -> Result<Filter, Fault> {
        if self.cursor.peek() == Some('(') {
            return self.bracketed(')', scope, depth);
        }
        let path = self.attr_path(scope)?;
        if path.text.eq_ignore_ascii_case("not") {
            self.cursor.eat_spaces();
            if self.cursor.peek() != Some('(') {
                return Err(self.cursor.unexpected("expected ( after not"));
            }
            return Ok(Filter::Not(Box::new(self.bracketed(')', scope, depth)?)));
        }
        if self.cursor.peek() == Some('[') {
            if scope == Scope::Element {
                return Err(self.cursor.fault("a value filter holds no other value filter"));
            }
            return self.value_path(path, depth);
        }
        self.comparison(path)
    }

    /// `( … )` or `[ … ]`; the opening bracket comes next.
    fn bracketed(&mut self, closing: char, scope: Scope, depth: usize) -> Result<Filter, Fault> {
        if depth >= self.options.depth_max {
            return Err(self.cursor.fault(format!("nested deeper than {}", self.options.depth_max)));
        }
        let opening = if closing == ')' { '(' } else { '[' };
        if !self.cursor.eat(opening) {
            return Err(self.cursor.unexpected(&format!("expected {opening}")));
        }
        let filter = self.expression(scope, depth + 1)?;
        if self.cursor.eat(closing) { Ok(filter) } else { Err(self.cursor.unexpected(&format!("expected {closing}"))) }
    }

    fn value_path(&mut self, path: AttrPath, depth: usize) -> Result<Filter, Fault> {
        let mut filter = self.bracketed(']', Scope::Element, depth)?;
        if self.options.value_path_suffix && self.cursor.eat('.') {
            let sub = self.attr_path(Scope::Element)?;
            let comparison = self.comparison(sub)?;
            filter = match filter {
                Filter::And(mut terms) => {
                    terms.push(comparison);
                    Filter::And(terms)
                }
                other => Filter::And(vec![other, comparison]),
            };
        }
        Ok(Filter::ValuePath { path, filter: Box::new(filter) })
    }

    /// What follows a path: ` pr`, or an operator and a literal.
    fn comparison(&mut self, path: AttrPath) -> Result<Filter, Fault> {
        const EXPECTED: &str = "expected an operator such as eq";
        self.terms += 1;
        if self.terms > self.options.terms_max {
            return Err(self.cursor.fault(format!("more than {} comparisons", self.options.terms_max)));
        }
        if !self.cursor.eat_spaces() {
            return Err(self.cursor.unexpected(EXPECTED));
        }
        let fault = self.cursor.unexpected(EXPECTED);
        let word = self.cursor.take_word();
        if word.eq_ignore_ascii_case("pr") {
            return Ok(Filter::Present(path));
        }
        let Some(op) = CompareOp::from_word(word) else { return Err(fault) };
        if !self.cursor.eat_spaces() {
            return Err(self.cursor.unexpected("expected a space and a value"));
        }
        Ok(Filter::Compare { path, op, value: self.cursor.take_literal()? })
    }

    fn attr_path(&mut self, scope: Scope) -> Result<AttrPath, Fault> {
        let fault = self.cursor.unexpected(match scope {
            Scope::Resource => "expected an attribute",
            Scope::Element => "expected a sub-attribute",
        });
        let text = self.cursor.take_path();
        let starts = text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '$');
        let qualified = text.contains([':', '.']);
        if !starts || text.ends_with([':', '.']) || (scope == Scope::Element && qualified) {
            return Err(fault);
        }
        Ok(AttrPath { text: text.to_owned(), position: fault.position })
    }

    fn path(&mut self) -> Result<Path, (ErrorKind, Fault)> {
        let no_path = |fault| (ErrorKind::InvalidPath, fault);
        let attribute = self.attr_path(Scope::Resource).map_err(no_path)?;
        match self.cursor.peek() {
            None => return Ok(Path { attribute, filter: None, sub: None }),
            Some(' ') => {
                let value = AttrPath { text: "value".into(), position: attribute.position };
                let filter = self.comparison(value).map_err(no_path)?;
                self.path_end().map_err(no_path)?;
                return Ok(Path { attribute, filter: Some(filter), sub: None });
            }
            Some('[') => {}
            Some(_) => return Err(no_path(self.cursor.unexpected("expected [ or the end"))),
        }
        let filter = self.bracketed(']', Scope::Element, 0).map_err(|fault| (ErrorKind::InvalidFilter, fault))?;
        let sub = if self.cursor.eat('.') { Some(self.attr_path(Scope::Element).map_err(no_path)?.text) } else { None };
        self.path_end().map_err(no_path)?;
        Ok(Path { attribute, filter: Some(filter), sub })
    }

    fn path_end(&self) -> Result<(), Fault> {
        if self.cursor.at_end() { Ok(()) } else { Err(self.cursor.unexpected("expected the end of the path")) }
    }
}

/// One term by itself; more of them joined.
fn joined(mut terms: Vec<Filter>, join: fn(Vec<Filter>) -> Filter) -> Filter {
    match terms.pop() {
        Some(only) if terms.is_empty() => only,
        Some(last) => {
            terms.push(last);
            join(terms)
        }
        None => join(terms),
    }
}
