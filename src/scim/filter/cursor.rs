//! A place in the text of a filter, and the words and literals that begin there.

use super::CompValue;
use crate::scim::{ErrorKind, ScimError};
use serde_json::Number;

/// How much of the client's text a message quotes, in characters.
const QUOTED_CHARS_MAX: usize = 40;

/// Why the text does not parse, and where, in characters from 0.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) position: usize,
    pub(super) problem: String,
    /// The client's text in it.
    pub(super) quoted: Option<String>,
}

impl Fault {
    /// The error that it is in `what`.
    pub(super) fn error(self, kind: ErrorKind, what: &str) -> ScimError {
        let error = ScimError::new(kind, format!("{what} position {}: {}", self.position, self.problem));
        match self.quoted {
            Some(quoted) => error.quoting(quoted),
            None => error,
        }
    }
}

/// Moves forward only: each character is looked at a bounded number of times, whatever the text (R10).
#[derive(Debug)]
pub(super) struct Cursor<'t> {
    rest: &'t str,
    position: usize,
}

impl<'t> Cursor<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { rest: text, position: 0 }
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    pub(super) fn at_end(&self) -> bool {
        self.rest.is_empty()
    }

    /// Takes `expected` if it comes next.
    pub(super) fn eat(&mut self, expected: char) -> bool {
        let next = self.peek() == Some(expected);
        if next {
            self.take(expected.len_utf8());
        }
        next
    }

    /// Takes all spaces that come next; returns whether there were any.
    pub(super) fn eat_spaces(&mut self) -> bool {
        !self.take_while(|character| character == ' ').is_empty()
    }

    /// Takes the characters of an attribute path: names, and URNs with all that the id of a schema may be made of.
    pub(super) fn take_path(&mut self) -> &'t str {
        self.take_while(|character| character.is_ascii_alphanumeric() || "$_.:-~+".contains(character))
    }

    /// Takes everything up to a space, a bracket or a quote: an operator, a keyword or a literal that is no string.
    pub(super) fn take_word(&mut self) -> &'t str {
        self.take_while(in_word)
    }

    /// Takes a JSON scalar.
    pub(super) fn take_literal(&mut self) -> Result<CompValue, Fault> {
        const EXPECTED: &str = "expected a string in double quotes, a number, true, false or null";
        match self.peek() {
            Some('"') => self.take_string().map(CompValue::String),
            Some('-' | '0'..='9') => self.take_number().map(CompValue::Number),
            _ => {
                let fault = self.unexpected(EXPECTED);
                match self.take_word() {
                    "true" => Ok(CompValue::Boolean(true)),
                    "false" => Ok(CompValue::Boolean(false)),
                    "null" => Ok(CompValue::Null),
                    _ => Err(fault),
                }
            }
        }
    }

    /// A fault here, that says `problem`.
    pub(super) fn fault(&self, problem: impl Into<String>) -> Fault {
        Fault { position: self.position, problem: problem.into(), quoted: None }
    }

    /// A fault here, that says what was `expected` and quotes what stands there instead.
    pub(super) fn unexpected(&self, expected: &str) -> Fault {
        let Some(first) = self.peek() else { return self.fault(format!("{expected}, found the end")) };
        let in_this_word = |character: &char| in_word(*character);
        let word: String = self.rest.chars().take_while(in_this_word).take(QUOTED_CHARS_MAX).collect();
        let found = if word.is_empty() { first.to_string() } else { word };
        Fault { quoted: Some(found.clone()), ..self.fault(format!("{expected}, found {found}")) }
    }

    fn take_number(&mut self) -> Result<Number, Fault> {
        let mut fault = self.unexpected("expected a JSON number");
        let number: Number = match serde_json::from_str(self.take_word()) {
            Ok(number) => number,
            Err(_) => return Err(fault),
        };
        if number.as_f64().is_none() {
            fault.problem = "the number is beyond the range of a double".into();
            return Err(fault);
        }
        Ok(number)
    }

    fn take_string(&mut self) -> Result<String, Fault> {
        let start = self.fault("");
        let fault = |problem: &str| Fault { position: start.position, problem: problem.into(), quoted: None };
        let Some(length) = string_length(self.rest) else { return Err(fault("the string has no closing quote")) };
        let text: String = serde_json::from_str(self.take(length)).map_err(|_| {
            fault("not a JSON string; \\ begins an escape such as \\\\ or \\\" and control characters are escaped")
        })?;
        if text.contains('\0') {
            return Err(fault("a string holds no U+0000"));
        }
        Ok(text)
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'t str {
        let length = self.rest.find(|character| !wanted(character)).unwrap_or(self.rest.len());
        self.take(length)
    }

    fn take(&mut self, bytes: usize) -> &'t str {
        let (taken, rest) = self.rest.split_at(bytes);
        self.rest = rest;
        self.position += taken.chars().count();
        taken
    }
}

fn in_word(character: char) -> bool {
    !matches!(character, ' ' | '(' | ')' | '[' | ']' | '"')
}

/// The bytes of the string that `text` begins with, both quotes included.
fn string_length(text: &str) -> Option<usize> {
    let mut escaped = false;
    let after_opening = text.bytes().enumerate().skip(1);
    for (index, byte) in after_opening {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(index + 1),
            _ => {}
        }
    }
    None
}
