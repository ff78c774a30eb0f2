//! What PostgreSQL's error codes mean to the store.

use crate::store::StoreError;

/// An error of the driver as the store's.
pub(super) fn store_error(error: sqlx::Error) -> StoreError {
    match Cause::of(&error) {
        Cause::Full => StoreError::Full(error),
        Cause::Deadlock | Cause::LockTimeout => StoreError::Contention(error),
        Cause::Unavailable | Cause::Misconfigured | Cause::StatementTimeout => StoreError::Unavailable(error),
        Cause::Unique | Cause::ForeignKey | Cause::Other => StoreError::Database(error),
    }
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
    /// A foreign key points at nothing, or something points at what should go.
    ForeignKey,
    /// Two transactions waited for each other and this one was ended; it may be tried again at once.
    Deadlock,
    /// Another transaction held a lock for too long.
    LockTimeout,
    /// The statement ran for too long.
    StatementTimeout,
    /// The disk is full.
    Full,
    /// The server is not there, or not yet, or has no connection to give.
    Unavailable,
    /// The URL, the credentials or the server's settings are wrong: waiting does not help.
    Misconfigured,
    /// Anything else: the statement is wrong.
    Other,
}

impl Cause {
    pub(super) fn of(error: &sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(error) => error.code().map_or(Self::Other, |code| Self::of_code(&code)),
            sqlx::Error::Io(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => Self::Unavailable,
            sqlx::Error::Configuration(_) | sqlx::Error::Tls(_) => Self::Misconfigured,
            // The enum is open: every other variant is about a statement or a value.
            _ => Self::Other,
        }
    }

    /// From an SQLSTATE (PostgreSQL, Appendix A).
    fn of_code(code: &str) -> Self {
        match code {
            "23505" => Self::Unique,
            "23503" => Self::ForeignKey,
            // deadlock_detected, serialization_failure
            "40P01" | "40001" => Self::Deadlock,
            // lock_not_available
            "55P03" => Self::LockTimeout,
            // query_canceled
            "57014" => Self::StatementTimeout,
            // disk_full
            "53100" => Self::Full,
            // out_of_memory, too_many_connections; read_only_sql_transaction: a standby, which waits for its promotion
            "53200" | "53300" | "25006" => Self::Unavailable,
            // admin_shutdown, crash_shutdown, cannot_connect_now, idle_session_timeout, and of class 08 all
            "57P01" | "57P02" | "57P03" | "57P05" => Self::Unavailable,
            // invalid_password, database does not exist, invalid_authorization_specification
            "28P01" | "3D000" | "28000" => Self::Misconfigured,
            _ if code.starts_with("08") => Self::Unavailable,
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Cause;

    #[test]
    fn codes_are_read_as_the_appendix_of_the_manual_says() {
        for (code, cause) in [
            ("23505", Cause::Unique),
            ("23503", Cause::ForeignKey),
            ("40P01", Cause::Deadlock),
            ("55P03", Cause::LockTimeout),
            ("57014", Cause::StatementTimeout),
            ("53100", Cause::Full),
            ("53300", Cause::Unavailable),
            ("57P01", Cause::Unavailable),
            ("57P03", Cause::Unavailable),
            ("08006", Cause::Unavailable),
            ("28P01", Cause::Misconfigured),
            ("42601", Cause::Other),
        ] {
            assert_eq!(Cause::of_code(code), cause, "{code}");
        }
    }
}
