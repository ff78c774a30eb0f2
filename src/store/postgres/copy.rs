//! Rows in the binary form of COPY (PostgreSQL, "COPY", "Binary Format"): many rows cost less than by an INSERT of arrays, as nothing
//! is taken apart and put together again on the way.

use uuid::Uuid;

/// The signature, no flags, no extension.
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// In place of the number of columns of one more row.
const TRAILER: i16 = -1;

/// In place of the length of a value.
const NULL: i32 = -1;

/// Rows on their way. Each has as many values as it has columns, in their order.
#[derive(Debug)]
pub(super) struct Rows {
    bytes: Vec<u8>,
    columns: i16,
}

/// A value of a type of PostgreSQL.
#[derive(Debug, Clone, Copy)]
pub(super) enum Value<'v> {
    /// `bigint`
    Big(i64),
    /// `integer`
    Integer(i32),
    /// `uuid`
    Uuid(Uuid),
    /// `text`
    Text(&'v str),
    /// Of any type.
    Null,
}

impl Rows {
    /// None yet, with room for some bytes.
    pub(super) fn new(columns: i16, bytes: usize) -> Self {
        let mut rows = Self { bytes: Vec::with_capacity(HEADER.len() + bytes), columns };
        rows.bytes.extend_from_slice(HEADER);
        rows
    }

    /// Begins a row.
    pub(super) fn begin(&mut self) {
        self.bytes.extend_from_slice(&self.columns.to_be_bytes());
    }

    /// The next value of the row.
    pub(super) fn push(&mut self, value: Value<'_>) {
        match value {
            Value::Big(number) => self.field(&number.to_be_bytes()),
            Value::Integer(number) => self.field(&number.to_be_bytes()),
            Value::Uuid(id) => self.field(id.as_bytes()),
            Value::Text(text) => self.field(text.as_bytes()),
            Value::Null => self.bytes.extend_from_slice(&NULL.to_be_bytes()),
        }
    }

    /// All of them, as COPY takes them.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.bytes.extend_from_slice(&TRAILER.to_be_bytes());
        self.bytes
    }

    fn field(&mut self, value: &[u8]) {
        // A value of more than 2 GiB is none that the server takes: it refuses the row.
        let length = i32::try_from(value.len()).unwrap_or(i32::MAX);
        self.bytes.extend_from_slice(&length.to_be_bytes());
        self.bytes.extend_from_slice(value);
    }
}

impl From<Option<Uuid>> for Value<'_> {
    fn from(id: Option<Uuid>) -> Self {
        id.map_or(Self::Null, Self::Uuid)
    }
}

impl From<Option<i64>> for Value<'_> {
    fn from(number: Option<i64>) -> Self {
        number.map_or(Self::Null, Self::Big)
    }
}

impl<'v> From<Option<&'v str>> for Value<'v> {
    fn from(text: Option<&'v str>) -> Self {
        text.map_or(Self::Null, Self::Text)
    }
}
