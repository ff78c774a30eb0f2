//! A statement and its values.

use crate::scim::resource::Gram;
use crate::scim::schema::Uniqueness;
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
    /// Whether no index bounds what it reads: be it ever so little that it finds, it may read all resources of a type. The
    /// time that such statements take is limited (D-46).
    pub scans: bool,
}

/// Grams as one value of the column `grams`: words of eight hexadecimal digits for SQLite, an array of signed numbers for
/// PostgreSQL.
pub fn grams_text(dialect: Dialect, grams: &[Gram]) -> String {
    let listed = |each: fn(&Gram) -> String, between| grams.iter().map(each).collect::<Vec<_>>().join(between);
    match dialect {
        Dialect::Sqlite => listed(|gram| format!("{:08x}", gram.0), " "),
        Dialect::Postgres => format!("{{{}}}", listed(|gram| gram.0.cast_signed().to_string(), ",")),
    }
}

/// How statements are told among which resources of its type a value is unique: 0 none, 1 those of its Directory, 2 those of every one.
pub fn uniqueness_number(uniqueness: Uniqueness) -> i16 {
    match uniqueness {
        Uniqueness::None => 0,
        Uniqueness::Server => 1,
        Uniqueness::Global => 2,
    }
}
