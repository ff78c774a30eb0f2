//! Reading request bodies: JSON as RFC 8259 has it, within bounds, and nothing that two readers could take for two things.
//!
//! `serde_json` reads what the server itself wrote. What a client wrote is read here, because a body must not have
//! a member twice (D-06), must not nest deeply or be wide without end (R11), and must not smuggle in the private names
//! by which `serde_json` marks its numbers.

use crate::scim::{ErrorKind, ScimError};
use serde_json::{Map, Number, Value};
use std::collections::HashSet;

#[cfg(test)]
mod tests;

/// The bounds of a request body (D-20, R11); of its size in all, `http` takes care.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonLimits {
    /// How deep lists and objects may nest; a body that is an object of strings has depth 1.
    pub depth_max: usize,
    /// How many elements a list may have.
    pub array_len_max: usize,
    /// How many members an object may have.
    pub keys_max: usize,
    /// The longest string, in bytes after unescaping; member names too.
    pub string_bytes_max: usize,
    /// The longest number, in characters.
    pub number_chars_max: usize,
}

impl Default for JsonLimits {
    fn default() -> Self {
        Self { depth_max: 64, array_len_max: 200_000, keys_max: 1_000, string_bytes_max: 1_048_576, number_chars_max: 400 }
    }
}

/// Reads a request body. Numbers keep their text (D-08), members their order.
///
/// # Errors
/// The detail says what is wrong at which line and column.
/// - `invalidSyntax`: not UTF-8, not JSON, empty, a member name twice in any ASCII case, or a number outside the range of an
///   IEEE double or longer than `number_chars_max`
/// - `invalidValue`: deeper than `depth_max`, an object with more than `keys_max` members, a list with more than `array_len_max`
///   elements, a string longer than `string_bytes_max` (D-20), or one with U+0000 or half a surrogate pair in it (R35); in a
///   member name the latter two are `invalidSyntax`
pub fn parse(bytes: &[u8], limits: &JsonLimits) -> Result<Value, ScimError> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => return Err(fault_at(bytes, error.valid_up_to(), ErrorKind::InvalidSyntax, "the body is not UTF-8")),
    };
    let mut reader = Reader { text, at: 0, limits };
    reader.skip_whitespace();
    if reader.peek().is_none() {
        return Err(ScimError::invalid_syntax("the body is empty; expected a JSON object"));
    }
    let value = reader.value(0)?;
    reader.skip_whitespace();
    match reader.peek() {
        None => Ok(value),
        Some(_) => Err(reader.broken("expected the end of the body")),
    }
}

/// Up to this many members, comparing each with each is quicker than a set of names.
const FEW_KEYS: usize = 16;

struct Reader<'a> {
    text: &'a str,
    /// The next byte to read; at a character boundary.
    at: usize,
    limits: &'a JsonLimits,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_whitespace(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    /// Recursion is bounded by `depth_max`.
    fn value(&mut self, depth: usize) -> Result<Value, ScimError> {
        match self.peek() {
            Some(b'{') => self.object(depth + 1),
            Some(b'[') => self.array(depth + 1),
            Some(b'"') => Ok(Value::String(self.string(ErrorKind::InvalidValue)?)),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", Value::Bool(true)),
            Some(b'f') => self.word("false", Value::Bool(false)),
            Some(b'n') => self.word("null", Value::Null),
            Some(_) => Err(self.broken("expected a JSON value")),
            None => Err(self.broken("the body ends where a JSON value is expected")),
        }
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Value, ScimError> {
        if !self.text.as_bytes()[self.at..].starts_with(word.as_bytes()) {
            return Err(self.broken("expected a JSON value"));
        }
        self.at += word.len();
        Ok(value)
    }

    fn object(&mut self, depth: usize) -> Result<Value, ScimError> {
        self.open(depth)?;
        let mut object = Map::new();
        let mut names = HashSet::new();
        if self.closes(b'}') {
            return Ok(Value::Object(object));
        }
        loop {
            if object.len() == self.limits.keys_max {
                return Err(self.too_large(&format!("an object has more than {} members", self.limits.keys_max)));
            }
            let start = self.at;
            if self.peek() != Some(b'"') {
                return Err(self.broken("expected a member name in double quotes"));
            }
            let name = self.string(ErrorKind::InvalidSyntax)?;
            if is_taken(&name, &object, &mut names) {
                let name = format!("{name:.100}");
                let detail = format!("the member {name} is there twice; names that differ in letter case only are the same");
                return Err(fault_at(self.text.as_bytes(), start, ErrorKind::InvalidSyntax, &detail).naming(name));
            }
            self.skip_whitespace();
            if self.peek() != Some(b':') {
                return Err(self.broken("expected a colon after the member name"));
            }
            self.at += 1;
            self.skip_whitespace();
            let value = self.value(depth)?;
            object.insert(name, value);
            if self.ends(b'}', "expected a comma or } after a member")? {
                return Ok(Value::Object(object));
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<Value, ScimError> {
        self.open(depth)?;
        let mut elements = Vec::new();
        if self.closes(b']') {
            return Ok(Value::Array(elements));
        }
        loop {
            if elements.len() == self.limits.array_len_max {
                return Err(self.too_large(&format!("a list has more than {} elements", self.limits.array_len_max)));
            }
            elements.push(self.value(depth)?);
            if self.ends(b']', "expected a comma or ] after an element")? {
                return Ok(Value::Array(elements));
            }
        }
    }

    /// Steps into a list or object.
    fn open(&mut self, depth: usize) -> Result<(), ScimError> {
        if depth > self.limits.depth_max {
            return Err(self.too_large(&format!("lists and objects nest more than {} deep", self.limits.depth_max)));
        }
        self.at += 1;
        self.skip_whitespace();
        Ok(())
    }

    /// Whether the list or object just opened is empty; steps over its end.
    fn closes(&mut self, close: u8) -> bool {
        let closes = self.peek() == Some(close);
        self.at += usize::from(closes);
        closes
    }

    /// After an element: whether the list or object ends here; steps over its end or over the comma.
    fn ends(&mut self, close: u8, expected: &str) -> Result<bool, ScimError> {
        self.skip_whitespace();
        match self.peek() {
            Some(byte) if byte == close => {
                self.at += 1;
                Ok(true)
            }
            Some(b',') => {
                self.at += 1;
                self.skip_whitespace();
                Ok(false)
            }
            _ => Err(self.broken(expected)),
        }
    }

    fn number(&mut self) -> Result<Value, ScimError> {
        let start = self.at;
        while let Some(b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E') = self.peek() {
            self.at += 1;
        }
        let text = &self.text[start..self.at];
        let fault = |detail: &str| Err(fault_at(self.text.as_bytes(), start, ErrorKind::InvalidSyntax, detail));
        if text.len() > self.limits.number_chars_max {
            return fault(&format!("a number has more than {} characters", self.limits.number_chars_max));
        }
        let Ok(number) = text.parse::<Number>() else { return fault("this is not a JSON number") };
        let is_zero = !text.split(['e', 'E']).next().unwrap_or_default().contains(|digit| matches!(digit, '1'..='9'));
        // PostgreSQL refuses what underflows as much as what overflows.
        match text.parse::<f64>() {
            Ok(double) if double.is_finite() && (double != 0.0 || is_zero) => Ok(Value::Number(number)),
            _ => fault("a number is outside the range of an IEEE double"),
        }
    }

    /// Reads a string; `kind` is what text that cannot be stored is an error of.
    fn string(&mut self, kind: ErrorKind) -> Result<String, ScimError> {
        let start = self.at;
        self.at += 1;
        let mut string = String::new();
        loop {
            let rest = &self.text.as_bytes()[self.at..];
            let Some(plain) = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20)) else {
                self.at = self.text.len();
                return Err(self.broken("a string does not end"));
            };
            if string.len() + plain > self.limits.string_bytes_max {
                let detail = format!("a string is longer than {} bytes", self.limits.string_bytes_max);
                return Err(fault_at(self.text.as_bytes(), start, kind, &detail));
            }
            string.push_str(&self.text[self.at..self.at + plain]);
            self.at += plain;
            match rest[plain] {
                b'"' => {
                    self.at += 1;
                    return Ok(string);
                }
                b'\\' => string.push(self.escape(kind)?),
                _ => return Err(self.broken("a control character in a string must be written as \\u00XX")),
            }
        }
    }

    /// Reads an escape sequence, the backslash included.
    fn escape(&mut self, kind: ErrorKind) -> Result<char, ScimError> {
        let start = self.at;
        let character = match self.text.as_bytes().get(self.at + 1) {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                let unit = self.hex_unit()?;
                let character = match unit {
                    0xD800..0xDC00 => self.low_half(unit)?,
                    unit => char::from_u32(unit),
                };
                return match character {
                    Some('\0') => Err(fault_at(self.text.as_bytes(), start, kind, "U+0000 cannot be stored")),
                    Some(character) => Ok(character),
                    None => Err(fault_at(self.text.as_bytes(), start, kind, "half a surrogate pair is no character")),
                };
            }
            _ => return Err(self.broken("no such escape sequence")),
        };
        self.at += 2;
        Ok(character)
    }

    /// Reads `\uXXXX`.
    fn hex_unit(&mut self) -> Result<u32, ScimError> {
        let digits = self.text.as_bytes().get(self.at + 2..self.at + 6).unwrap_or_default();
        let mut unit = 0;
        for digit in digits {
            match char::from(*digit).to_digit(16) {
                Some(digit) => unit = unit * 16 + digit,
                None => return Err(self.broken("expected four hexadecimal digits after \\u")),
            }
        }
        if digits.len() != 4 {
            return Err(self.broken("expected four hexadecimal digits after \\u"));
        }
        self.at += 6;
        Ok(unit)
    }

    /// Reads the second half of a surrogate pair; `None`: there is none.
    fn low_half(&mut self, high: u32) -> Result<Option<char>, ScimError> {
        if !self.text.as_bytes()[self.at..].starts_with(b"\\u") {
            return Ok(None);
        }
        match self.hex_unit()? {
            low @ 0xDC00..0xE000 => Ok(char::from_u32(0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00))),
            _ => Ok(None),
        }
    }

    /// An error in the syntax, here.
    fn broken(&self, detail: &str) -> ScimError {
        fault_at(self.text.as_bytes(), self.at, ErrorKind::InvalidSyntax, detail)
    }

    /// What is here is JSON, but more than is taken (D-20).
    fn too_large(&self, detail: &str) -> ScimError {
        fault_at(self.text.as_bytes(), self.at, ErrorKind::InvalidValue, detail)
    }
}

/// The member called `name`, in any letter case.
pub(crate) fn member<'o>(object: &'o mut Map<String, Value>, name: &str) -> Option<&'o mut Value> {
    object.iter_mut().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// Whether `object` has a member called `name` in any ASCII case. `lower_names` holds its names once there are many.
fn is_taken(name: &str, object: &Map<String, Value>, lower_names: &mut HashSet<String>) -> bool {
    if object.len() < FEW_KEYS {
        return object.keys().any(|other| other.eq_ignore_ascii_case(name));
    }
    if lower_names.is_empty() {
        lower_names.extend(object.keys().map(|other| other.to_ascii_lowercase()));
    }
    !lower_names.insert(name.to_ascii_lowercase())
}

/// The error `detail`, at a byte of the body.
fn fault_at(body: &[u8], at: usize, kind: ErrorKind, detail: &str) -> ScimError {
    let before = &body[..at.min(body.len())];
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
    let column = String::from_utf8_lossy(&before[line_start..]).chars().count() + 1;
    ScimError::new(kind, format!("line {line}, column {column}: {detail}"))
}
