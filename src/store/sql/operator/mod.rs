//! What operators keep, for both back ends.
//!
//! These files are compiled twice, as a module of `sqlite` and as one of `postgres`: the statements are the same, and the
//! types of connections and rows are those of the `dialect` beside the module. Operators' acts are rare, so here one text
//! for both counts for more than one round trip less.

mod accounts;
mod assertions;
mod audit;
mod directories;
mod mark;
mod removal;
mod tokens;
mod tombstones;
mod uses;

pub(super) use accounts::{account, accounts, api_key, api_keys, note_key_use};
pub(super) use assertions::note as note_assertion;
pub(super) use audit::{append, audit, audit_after, forget as forget_audit, start as audit_start};
pub(super) use directories::{directories, directory, directory_key, unfinished as unfinished_directories};
pub(super) use mark::read as read_mark;
pub(super) use tokens::{expiring as expiring_tokens, token, token_of, tokens};
pub(super) use tombstones::{forget as forget_tombstones, lift as lift_tombstone, tombstones, was_deleted};
pub(super) use uses::{note as note_uses, token_uses};

use super::dialect::{self, Connection};
use crate::store::StoreError;
use crate::store::audit::{AuditDirectory, AuditEntry};
use crate::store::operator::Operation;
use dialect::Cause;

/// Does something and puts it on record, in the transaction of `connection`.
pub(super) async fn operate(connection: &mut Connection, operation: &Operation, entry: &AuditEntry) -> Result<i64, StoreError> {
    audit::lock(connection).await?;
    let now = entry.at;
    let (number, is_new) = match operation {
        Operation::Record => (0, false),
        Operation::CreateDirectory(directory) => (directories::create(connection, directory, now).await?, true),
        Operation::ChangeDirectory(directory) => (directories::change(connection, directory).await?, false),
        Operation::ChangeRules { directory, building } => {
            (directories::change_rules(connection, directory, building, now).await?, false)
        }
        Operation::Disconnect(directory) => (removal::disconnect(connection, directory, now).await?, false),
        Operation::KeepPiece { directory, limit } => return removal::keep_piece(connection, *directory, *limit).await,
        Operation::RemovePiece { directory, limit } => return removal::piece(connection, *directory, *limit, entry).await,
        Operation::DropDirectory(directory) => (removal::drop_directory(connection, *directory).await?, false),
        Operation::CreateToken { token, live_max } => (tokens::create(connection, token, *live_max, now).await?, true),
        Operation::ChangeToken { token, live_max } => (tokens::change(connection, token, *live_max, now).await?, false),
        Operation::WarnOfToken { directory, token, days } => (tokens::warn(connection, *directory, *token, *days).await?, false),
        Operation::DeleteToken { directory, token, revision } => {
            (tokens::delete(connection, *directory, *token, *revision).await?, false)
        }
        Operation::CreateAccount { name, role, password_hash } => {
            (accounts::create(connection, name, *role, password_hash.as_deref(), now).await?, true)
        }
        Operation::ChangeAccount { account, ends_sessions } => {
            (accounts::change(connection, account, *ends_sessions).await?, false)
        }
        Operation::DeleteAccount { account, revision } => (accounts::delete(connection, *account, *revision).await?, false),
        Operation::CreateApiKey { account, revision, name, digest, expires, max } => {
            accounts::check_revision(connection, *account, *revision).await?;
            accounts::make_room(connection, *account, name, *max, now).await?;
            (accounts::create_key(connection, *account, name, digest, now, *expires).await?, true)
        }
        Operation::ForgetTombstone { directory, resource_type, id } => {
            (tombstones::delete(connection, *directory, resource_type, *id).await?, false)
        }
        Operation::DeleteApiKey(account, key) => (accounts::delete_key(connection, *account, *key).await?, false),
    };
    let named;
    let entry = match operation {
        // Only now its number is known.
        Operation::CreateDirectory(new) => {
            let id = crate::id::DirectoryId(number);
            let directory = AuditDirectory { id, name: new.name.clone(), provider: new.provider.clone() };
            named = AuditEntry { directory: Some(directory), ..entry.clone() };
            &named
        }
        _ => entry,
    };
    audit::append(connection, entry, is_new.then_some(number)).await?;
    Ok(number)
}

/// A digest or hash from a row of `table`.
fn digest(table: &'static str, bytes: Vec<u8>) -> Result<[u8; 32], StoreError> {
    let length = |_| StoreError::Corrupt { table, source: "a digest has not 32 bytes".into() };
    bytes.try_into().map_err(length)
}

/// What a refused insert means here.
fn refused(error: sqlx::Error) -> StoreError {
    match Cause::of(&error) {
        Cause::Unique => StoreError::Exists,
        Cause::ForeignKey => StoreError::NotFound,
        _ => dialect::store_error(error),
    }
}
