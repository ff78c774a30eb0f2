//! Cursors (RFC 9865, D-91): a place in the order of a search, sealed for the client to hold.
//!
//! The server keeps nothing of a walk. A cursor holds the place and the hour at which it ends, encrypted, because the
//! place holds a value of a resource; and bound to everything that it was issued for, so that it opens nothing else.
//! The key belongs to the Directory and is in the database: every replica opens what another one sealed.

use super::{Ctx, SearchParams};
use crate::id::{DirectoryId, ResourceId};
use crate::scim::{ErrorKind, ScimError};
use crate::store::{Position, SortKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use uuid::Uuid;

/// What the keys are for, in the store.
const PURPOSE: &str = "cursor";
/// How many keys are kept in memory; above it all are read anew.
const KEYS_MAX: usize = 1_000;
/// Characters of a cursor at most. The longest sort key, 1,024 control characters, makes one of some 8,400.
const CURSOR_CHARACTERS_MAX: usize = 16 * 1024;

/// The keys that cursors are sealed with, as far as they were needed.
#[derive(Debug, Default)]
pub struct Cursors(Mutex<HashMap<DirectoryId, [u8; 32]>>);

/// What a cursor says.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Content {
    id: Uuid,
    key: Option<Key>,
    count: u32,
    expires_ms: i64,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Key {
    Text(String),
    Integer(i64),
    /// The bits of the number, which decimal digits might not give back.
    Number(u64),
    Boolean(bool),
}

/// A cursor that leads to behind `position`.
///
/// # Errors
/// The failures of the database, and of the operating system's randomness.
pub async fn seal(
    ctx: &Ctx<'_>,
    search: &str,
    params: &SearchParams,
    count: u32,
    position: &Position,
) -> Result<String, ScimError> {
    let key = position.key.as_ref().map(|key| match key {
        SortKey::Text(text) => Key::Text(text.clone()),
        SortKey::Integer(integer) => Key::Integer(*integer),
        SortKey::Number(number) => Key::Number(number.to_bits()),
        SortKey::Boolean(boolean) => Key::Boolean(*boolean),
    });
    let expires_ms = ctx.clock.now().0.saturating_add(ctx.limits.cursor_lifetime_s.saturating_mul(1_000));
    let content = Content { id: position.id.0, key, count, expires_ms };
    let mut bytes = serde_json::to_vec(&content).map_err(|_| failed("a cursor does not serialise"))?;
    let mut nonce = [0; NONCE_LEN];
    getrandom::fill(&mut nonce).map_err(|_| failed("the operating system has no randomness"))?;
    let bound_to = Aad::from(bound_to(ctx, search, params));
    sealing_key(ctx)
        .await?
        .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), bound_to, &mut bytes)
        .map_err(|_| failed("a cursor cannot be sealed"))?;
    Ok(URL_SAFE_NO_PAD.encode([&nonce[..], &bytes].concat()))
}

/// The place that a cursor leads to.
///
/// # Errors
/// - `InvalidCursor`: it was not issued for this search of this client
/// - `ExpiredCursor`: it was, too long ago
/// - `InvalidCount`: it was, for pages of another size
pub async fn open(ctx: &Ctx<'_>, search: &str, params: &SearchParams, count: u32, cursor: &str) -> Result<Position, ScimError> {
    let invalid =
        || ScimError::new(ErrorKind::InvalidCursor, "the cursor is not one of this search; begin again without a value");
    if cursor.len() > CURSOR_CHARACTERS_MAX {
        return Err(invalid());
    }
    let mut bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| invalid())?;
    let (nonce, sealed) = bytes.split_at_mut_checked(NONCE_LEN).ok_or_else(invalid)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| invalid())?;
    let bound_to = Aad::from(bound_to(ctx, search, params));
    let content = sealing_key(ctx).await?.open_in_place(nonce, bound_to, sealed).map_err(|_| invalid())?;
    let content: Content = serde_json::from_slice(content).map_err(|_| invalid())?;
    if content.expires_ms < ctx.clock.now().0 {
        return Err(ScimError::new(ErrorKind::ExpiredCursor, "the cursor has expired; begin again without a value"));
    }
    if content.count != count {
        let detail = format!("count was {} when this walk began, and stays so", content.count);
        return Err(ScimError::new(ErrorKind::InvalidCount, detail));
    }
    let key = content.key.map(|key| match key {
        Key::Text(text) => SortKey::Text(text),
        Key::Integer(integer) => SortKey::Integer(integer),
        Key::Number(bits) => SortKey::Number(f64::from_bits(bits)),
        Key::Boolean(boolean) => SortKey::Boolean(boolean),
    });
    Ok(Position { key, id: ResourceId(content.id) })
}

/// Everything that two requests of one walk share, unambiguously: each part with its length before it.
fn bound_to(ctx: &Ctx<'_>, search: &str, params: &SearchParams) -> Vec<u8> {
    let numbers = format!("{}/{:?}/{}", ctx.directory.id.0, ctx.actor, ctx.scopes);
    let sent = [&params.filter, &params.sort_by, &params.sort_order, &params.attributes, &params.excluded_attributes];
    let parts = [Some(numbers.as_str()), Some(search)].into_iter().chain(sent.into_iter().map(|part| part.as_deref()));
    let mut bytes = Vec::new();
    for part in parts {
        match part {
            None => bytes.push(0),
            Some(text) => {
                bytes.push(1);
                bytes.extend_from_slice(&(text.len() as u64).to_be_bytes());
                bytes.extend_from_slice(text.as_bytes());
            }
        }
    }
    bytes
}

async fn sealing_key(ctx: &Ctx<'_>) -> Result<LessSafeKey, ScimError> {
    let directory = ctx.directory.id;
    let known = ctx.cursors.0.lock().unwrap_or_else(PoisonError::into_inner).get(&directory).copied();
    let secret = match known {
        Some(secret) => secret,
        None => {
            let mut candidate = [0; 32];
            getrandom::fill(&mut candidate).map_err(|_| failed("the operating system has no randomness"))?;
            let secret = ctx.store.directory_key(directory, PURPOSE, &candidate).await?;
            let mut keys = ctx.cursors.0.lock().unwrap_or_else(PoisonError::into_inner);
            if keys.len() >= KEYS_MAX {
                keys.clear();
            }
            keys.insert(directory, secret);
            secret
        }
    };
    let key = UnboundKey::new(&AES_256_GCM, &secret).map_err(|_| failed("the key of the cursors is no key"))?;
    Ok(LessSafeKey::new(key))
}

fn failed(cause: &'static str) -> ScimError {
    tracing::error!(cause, "a request failed");
    ScimError::new(ErrorKind::Internal, "the server failed; its log has the cause under this request's id")
}
