//! What SQLite's result codes mean to the store.

use crate::store::StoreError;

/// An error of the driver as the store's.
pub(super) fn store_error(error: sqlx::Error) -> StoreError {
    match Cause::of(&error) {
        Cause::Full => StoreError::Full(error),
        Cause::Contention => StoreError::Contention(error),
        Cause::Unavailable => StoreError::Unavailable(error),
        Cause::Unique | Cause::NotNull | Cause::ForeignKey | Cause::Other => StoreError::Database(error),
    }
}

/// Whether a statement was ended because its time was up.
pub(super) fn is_interrupt(error: &sqlx::Error) -> bool {
    // SQLITE_INTERRUPT.
    error.as_database_error().and_then(|error| error.code()).is_some_and(|code| code == "9")
}

/// Makes an error of a value that cannot be read from a row of `table`.
pub(super) fn corrupt(table: &'static str) -> impl Fn(sqlx::Error) -> StoreError {
    move |error| StoreError::Corrupt { table, source: Box::new(error) }
}

/// Why a statement failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// A unique key has the value already.
    Unique,
    /// A column that must have a value got none.
    NotNull,
    /// A foreign key points at nothing.
    ForeignKey,
    /// The disk is full.
    Full,
    /// Another connection holds a lock.
    Contention,
    /// The file, or the connection to it, does not work.
    Unavailable,
    /// Anything else: the statement is wrong.
    Other,
}

impl Cause {
    pub(super) fn of(error: &sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(error) => error.code().and_then(|code| code.parse().ok()).map_or(Self::Other, Self::of_code),
            sqlx::Error::Io(_)
            | sqlx::Error::Configuration(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::BeginFailed => Self::Unavailable,
            // The enum is open: every other variant is about a statement or a value.
            _ => Self::Other,
        }
    }

    /// From an extended result code (<https://www.sqlite.org/rescode.html>), whose low byte is the primary one.
    fn of_code(code: i32) -> Self {
        match (code, code & 0xff) {
            (2067 | 1555, _) => Self::Unique,
            (1299, _) => Self::NotNull,
            (787, _) => Self::ForeignKey,
            // SQLITE_FULL; SQLITE_IOERR_SHMSIZE, which is what a full disk looks like when the index of the WAL must grow.
            (_, 13) | (4874, _) => Self::Full,
            // SQLITE_BUSY, SQLITE_LOCKED.
            (_, 5 | 6) => Self::Contention,
            // NOMEM, READONLY, INTERRUPT, IOERR, CORRUPT, CANTOPEN, NOTADB.
            (_, 7 | 8 | 9 | 10 | 11 | 14 | 26) => Self::Unavailable,
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Cause;

    #[test]
    fn extended_codes_are_read_before_primary_ones() {
        for (code, cause) in [
            (2067, Cause::Unique),
            (1555, Cause::Unique),
            (1299, Cause::NotNull),
            (787, Cause::ForeignKey),
            (275, Cause::Other),
            (13, Cause::Full),
            (4874, Cause::Full),
            (778, Cause::Unavailable),
            (5, Cause::Contention),
            (517, Cause::Contention),
            (1, Cause::Other),
        ] {
            assert_eq!(Cause::of_code(code), cause, "{code}");
        }
    }
}
