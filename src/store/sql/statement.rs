//! A statement and its values.

use uuid::Uuid;

/// Whose SQL is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// SQLite 3.45 or later: JSONB. Parameters are `?1`, `?2`, …; ids are blobs of 16 bytes.
    Sqlite,
    /// PostgreSQL 15 or later. Parameters are `$1`, `$2`, …
    Postgres,
}

/// A value of a parameter.
#[derive(Debug, Clone, PartialEq)]
pub enum Bind {
    /// `TEXT`.
    Text(String),
    /// `INTEGER`, `bigint`.
    Integer(i64),
    /// `REAL`, `float8`.
    Number(f64),
    /// `0` or `1`, `boolean`.
    Boolean(bool),
    /// A blob of 16 bytes, `uuid`.
    Id(Uuid),
}

/// SQL text, and the values of its numbered parameters in order: the first is `?1` or `$1`. The text may use one
/// parameter several times.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// The text. It depends on the schema and on the shape of the query only, so that prepared statements are found again.
    pub sql: String,
    /// The values.
    pub binds: Vec<Bind>,
}
