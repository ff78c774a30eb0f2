//! Warnings that tokens expire: 30 days, 7 days and 1 day before, each given once, however many servers there are.

use super::operator::Act;
use super::tokens::lifetime::begun;
use super::{AdminError, Operator, PAGE_ROWS, directories};
use crate::clock::Timestamp;
use crate::id::DirectoryId;
use crate::store::operator::Operation;
use crate::store::{DirectoryRow, OperatorStore, StoreError, TokenRow};
use serde_json::json;
use std::collections::HashMap;

/// How many days before its expiry a token is warned of.
pub const WARNING_DAYS: [i64; 3] = [1, 7, 30];

/// What a day has.
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// A warning that was just given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// The Directory.
    pub directory: DirectoryId,
    /// The name of the token.
    pub token: String,
    /// Which of [`WARNING_DAYS`] it was.
    pub days: i64,
}

/// Warns of the tokens in use whose time is nearly over, on record and in the log, and tells `given` of each warning.
///
/// That it was given is noted with its record, so of several servers one gives it, and it is given if it is noted. One that was
/// missed because no server ran is left out if a later one is due. A token that was given no more than so many days to live is not
/// warned of: whoever made it knows.
///
/// # Errors
/// The store failed. Warnings that were not given yet are given the next time.
pub async fn warn(operator: &Operator<'_>, mut given: impl FnMut(Warning)) -> Result<(), AdminError> {
    let now = operator.clock.now();
    let until = Timestamp(now.0.saturating_add(WARNING_DAYS[WARNING_DAYS.len() - 1] * DAY_MS));
    let (mut rows, mut after) = (None, now);
    loop {
        let tokens = operator.store.expiring_tokens(after, until, PAGE_ROWS).await?;
        for token in &tokens {
            let Some(days) = due(token, now) else { continue };
            let rows = match &mut rows {
                Some(rows) => rows,
                none => none.insert(by_id(operator.store).await?),
            };
            let Some(directory) = rows.get(&token.directory_id) else { continue };
            if give(operator, directory, token, days).await? {
                given(Warning { directory: directory.id, token: token.name.clone(), days });
            }
        }
        match tokens.last().and_then(|last| last.expires) {
            // Others may expire in the same millisecond as the last one. They are asked for once more, unless nothing else was there.
            Some(last) if tokens.len() == PAGE_ROWS as usize => {
                after = if last.0 - 1 > after.0 { Timestamp(last.0 - 1) } else { last };
            }
            Some(_) | None => return Ok(()),
        }
    }
}

/// Of which of [`WARNING_DAYS`] a token is to be warned now, if of one.
fn due(token: &TokenRow, now: Timestamp) -> Option<i64> {
    let expires = token.expires?;
    let days = WARNING_DAYS.into_iter().find(|days| expires.0 - now.0 <= days * DAY_MS)?;
    let is_short = expires.0 - begun(token).0 <= days * DAY_MS;
    (!is_short && token.warned_days.is_none_or(|warned| warned > days)).then_some(days)
}

/// Gives a warning. `false`: somebody else has.
async fn give(operator: &Operator<'_>, directory: &DirectoryRow, token: &TokenRow, days: i64) -> Result<bool, AdminError> {
    let expires = token.expires.map(Timestamp::to_rfc3339);
    let act = Act {
        name: "token.expiring",
        directory: Some(directory),
        target: token.id.0.to_string(),
        target_name: token.name.clone(),
        before: None,
        after: Some(json!({ "expires": expires, "days": days })),
        at: None,
    };
    match operator.act(act, Operation::WarnOfToken { directory: directory.id, token: token.id, days }).await {
        Err(StoreError::VersionConflict) => return Ok(false),
        done => done?,
    };
    tracing::warn!(
        directory.id = directory.id.0,
        directory.name = directory.name,
        token.id = token.id.0,
        token.name = token.name,
        expires,
        days,
        "a token expires soon: renew it, or its provider will be refused"
    );
    Ok(true)
}

/// Up to `limit` tokens in use with the names of their Directories, those first that expire first.
///
/// # Errors
/// The store failed.
pub async fn first(operator: &Operator<'_>, limit: u32) -> Result<Vec<(String, TokenRow)>, AdminError> {
    let tokens = operator.store.expiring_tokens(operator.clock.now(), Timestamp(i64::MAX), limit).await?;
    if tokens.is_empty() {
        return Ok(Vec::new());
    }
    let rows = by_id(operator.store).await?;
    Ok(tokens.into_iter().filter_map(|token| Some((rows.get(&token.directory_id)?.name.clone(), token))).collect())
}

async fn by_id(store: &dyn OperatorStore) -> Result<HashMap<DirectoryId, DirectoryRow>, AdminError> {
    Ok(directories::list(store).await?.into_iter().map(|row| (row.id, row)).collect())
}
