//! The request log, read: page by page backwards, or followed as it is written.

use super::{AdminError, PAGE_ROWS};
use crate::id::DirectoryId;
use crate::store::requests::{RequestFilter, RequestLog, RequestRow};
use crate::store::{OperatorStore, StoreError};
use serde_json::{Map, Value, json};
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// How often a [`Tail`] looks for what other replicas have written.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// A page of the log, the latest first: up to `limit` entries with numbers below `before`.
///
/// # Errors
/// The log is away.
pub async fn page(
    log: &dyn RequestLog,
    filter: &RequestFilter,
    before: Option<i64>,
    limit: u32,
) -> Result<Vec<RequestRow>, AdminError> {
    Ok(log.page(filter, before, limit.min(PAGE_ROWS)).await?)
}

/// The log as it is written: entries that a filter selects, in order, each once, of all replicas. It holds one page at most,
/// and reads the next one when it is asked for it: who follows too slowly falls behind, and keeps nothing waiting.
pub struct Tail {
    log: Arc<dyn RequestLog>,
    filter: RequestFilter,
    /// All up to this number were looked at.
    position: i64,
    found: VecDeque<RequestRow>,
    news: watch::Receiver<u64>,
}

impl Tail {
    /// Begins behind the entry with the number `after`, or behind the last that there is. `news`: what changes when this
    /// process has written, so that its own entries are seen at once.
    ///
    /// # Errors
    /// The log is away.
    pub async fn open(
        log: Arc<dyn RequestLog>,
        filter: RequestFilter,
        after: Option<i64>,
        news: watch::Receiver<u64>,
    ) -> Result<Self, AdminError> {
        let position = match after {
            Some(after) => after,
            None => log.last().await?,
        };
        Ok(Self { log, filter, position, found: VecDeque::new(), news })
    }

    /// Waits for the next entry. Dropped while it waits, it loses nothing.
    ///
    /// # Errors
    /// The log is away; asked again, it goes on where it was.
    pub async fn next(&mut self) -> Result<RequestRow, AdminError> {
        loop {
            if let Some(row) = self.found.pop_front() {
                return Ok(row);
            }
            let is_more = self.look().await?;
            if !is_more {
                self.wait().await;
            }
        }
    }

    /// Reads on. Whether there may be more at once.
    async fn look(&mut self) -> Result<bool, StoreError> {
        self.news.mark_unchanged();
        let last = self.log.last().await?;
        if last <= self.position {
            // Lower numbers than before are those of another log in place of this one; none at all say that all were forgotten.
            self.position = if last > 0 { last } else { self.position };
            return Ok(false);
        }
        let rows = self.log.between(&self.filter, self.position, last, PAGE_ROWS).await?;
        let is_full = rows.len() >= PAGE_ROWS as usize;
        self.position = rows.last().filter(|_| is_full).map_or(last, |row| row.seq);
        self.found.extend(rows);
        Ok(true)
    }

    async fn wait(&mut self) {
        let written = async {
            // Where this process writes nothing, nobody tells of news.
            if self.news.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        // That the time is up is one of two reasons to look again.
        let _ = tokio::time::timeout(POLL_INTERVAL, written).await;
    }
}

/// The names of all Directories, for entries that have their numbers.
///
/// # Errors
/// The store is away.
pub async fn directory_names(store: &dyn OperatorStore) -> Result<HashMap<DirectoryId, String>, AdminError> {
    Ok(super::directories::list(store).await?.into_iter().map(|row| (row.id, row.name)).collect())
}

/// Reads the names of all Directories anew if that of the entry's is not among them. One that is gone goes by its number then, so
/// that it is not looked for again.
///
/// # Errors
/// The store is away.
pub async fn learn_name(
    store: &dyn OperatorStore,
    names: &mut HashMap<DirectoryId, String>,
    row: &RequestRow,
) -> Result<(), AdminError> {
    if let Some(directory) = row.entry.directory
        && !names.contains_key(&directory)
    {
        *names = directory_names(store).await?;
        names.entry(directory).or_insert_with(|| directory.0.to_string());
    }
    Ok(())
}

/// An entry as JSON. `names`: those of Directories; one that is gone is shown by its number.
pub fn to_json(row: &RequestRow, names: &HashMap<DirectoryId, String>) -> Value {
    let entry = &row.entry;
    let directory = entry.directory.map(|id| names.get(&id).cloned().unwrap_or_else(|| id.0.to_string()));
    let mut json = json!({
        "seq": row.seq,
        "at": entry.at.to_rfc3339(),
        "requestId": entry.request_id.to_string(),
        "directory": directory,
        "token": entry.token.map(|token| token.0),
        "tokenName": entry.token_name.as_deref(),
        "method": entry.method,
        "path": entry.path,
        "resourceType": entry.resource_type.as_deref(),
        "resource": entry.resource.map(|resource| resource.to_string()),
        "status": entry.status,
        "durationMs": duration_ms(entry.duration_us),
        "filter": entry.filter,
    });
    let detail: Map<String, Value> = serde_json::from_str(&entry.detail).unwrap_or_default();
    if let Some(object) = json.as_object_mut() {
        object.retain(|_, value| !value.is_null());
        object.extend(detail);
    }
    json
}

/// Microseconds as milliseconds.
pub fn duration_ms(microseconds: i64) -> f64 {
    let microseconds = microseconds as f64;
    microseconds / 1_000.0
}

/// The statuses that `text` stands for, from and to: `404`, `4xx`.
pub fn statuses(text: &str) -> Option<(u16, u16)> {
    let (class, rest) = text.split_at_checked(1)?;
    let class: u16 = class.parse().ok().filter(|class| (1..=5).contains(class))?;
    if rest.eq_ignore_ascii_case("xx") {
        return Some((class * 100, class * 100 + 99));
    }
    let one: u16 = text.parse().ok().filter(|_| rest.len() == 2)?;
    Some((one, one))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_one_or_a_class() {
        for (text, expected) in [
            ("404", Some((404, 404))),
            ("4xx", Some((400, 499))),
            ("5XX", Some((500, 599))),
            ("4", None),
            ("4x", None),
            ("4000", None),
            ("900", None),
            ("+04", None),
            ("é", None),
            ("", None),
        ] {
            assert_eq!(statuses(text), expected, "{text}");
        }
    }
}
