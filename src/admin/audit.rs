//! The record of what operators did: read, checked, written out, and after a time forgotten.

use super::{AdminError, PAGE_ROWS};
use crate::clock::Timestamp;
use crate::store::OperatorStore;
use crate::store::audit::{AuditFilter, AuditRow};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

/// What [`verify`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// How many rows there are.
    pub rows: u64,
    /// The first row that is not as it was written, or does not stand behind the one before it, or is missing.
    pub broken: Option<i64>,
    /// The number of the last row and its hash, in hexadecimal digits; who keeps it elsewhere can tell later whether rows
    /// at the end are missing.
    pub last: Option<(i64, String)>,
}

/// Goes through the whole record and checks its chain, from what retention left of it on.
///
/// # Errors
/// The store failed.
pub async fn verify(store: &dyn OperatorStore) -> Result<Verified, AdminError> {
    let mut verified = Verified { rows: 0, broken: None, last: None };
    let mut start = store.audit_start().await?;
    let mut behind = start;
    let mut seen = 0;
    loop {
        let page = store.audit_after(&AuditFilter::default(), seen, PAGE_ROWS).await?;
        let Some(first) = page.first() else { break };
        if verified.broken.is_none() && !first.follows(behind) {
            // Retention may have been there since: then the row stands behind what it left.
            let moved = store.audit_start().await?;
            if moved != start {
                (start, behind) = (moved, moved);
                continue;
            }
        }
        for row in page {
            verified.rows += 1;
            if verified.broken.is_none() && !row.follows(behind) {
                verified.broken = Some(row.seq);
            }
            behind = row.link();
            seen = row.seq;
        }
    }
    verified.last = (verified.rows > 0).then(|| (behind.seq, hex(&behind.hash)));
    if verified.broken.is_none() && seen < start.seq {
        // Retention leaves the last row.
        verified.broken = Some(start.seq.saturating_add(1));
    }
    Ok(verified)
}

/// A page of the record, the latest first: up to `limit` rows with numbers below `before`.
pub async fn page(
    store: &dyn OperatorStore,
    filter: &AuditFilter,
    before: Option<i64>,
    limit: u32,
) -> Result<Vec<AuditRow>, AdminError> {
    Ok(store.audit(filter, before, limit.min(PAGE_ROWS)).await?)
}

/// Forgets what is older than `until`, but never the last row. Returns how many rows went.
pub async fn forget(store: &dyn OperatorStore, until: Timestamp) -> Result<u64, AdminError> {
    let mut forgotten = 0;
    loop {
        let rows = store.forget_audit(until, PAGE_ROWS).await?;
        forgotten += rows;
        if rows < u64::from(PAGE_ROWS) {
            return Ok(forgotten);
        }
    }
}

/// A row as operators read it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AuditEntry)]
pub struct Entry {
    /// Its number.
    pub seq: i64,
    /// When.
    #[schema(format = DateTime)]
    pub at: String,
    /// What acted: account, command, server, token.
    pub actor_kind: String,
    /// Its name.
    pub actor: String,
    /// From where.
    pub address: Option<String>,
    /// What was done, such as `token.create`.
    pub act: String,
    /// In which Directory.
    pub directory: Option<String>,
    /// The Directory's provider.
    pub provider: Option<String>,
    /// What it was done to, by number or name.
    pub target: String,
    /// What people call that.
    pub target_name: String,
    /// What of it differed, before.
    #[schema(value_type = Option<Object>)]
    pub before: Option<Value>,
    /// And after.
    #[schema(value_type = Option<Object>)]
    pub after: Option<Value>,
    /// The hash of the row before it.
    pub previous: String,
    /// The hash over this row and the hash of the row before it.
    pub hash: String,
}

impl Entry {
    /// A row as operators read it.
    pub fn of(row: &AuditRow) -> Self {
        // What is no JSON any more was tampered with; it is shown as it stands.
        let object =
            |text: &Option<String>| text.as_deref().map(|text| serde_json::from_str(text).unwrap_or_else(|_| Value::from(text)));
        Self {
            seq: row.seq,
            at: row.at.to_rfc3339(),
            actor_kind: row.actor_kind.clone(),
            actor: row.actor.clone(),
            address: row.address.clone(),
            act: row.act.clone(),
            directory: row.directory_name.clone(),
            provider: row.provider.clone(),
            target: row.target.clone(),
            target_name: row.target_name.clone(),
            before: object(&row.before),
            after: object(&row.after),
            previous: hex(&row.previous),
            hash: hex(&row.hash),
        }
    }
}

/// A row as JSON.
pub fn to_json(row: &AuditRow) -> Value {
    json!(Entry::of(row))
}

/// The names of the columns of [`to_csv`].
pub const CSV_HEADER: &str =
    "seq,at,actor_kind,actor,address,act,directory,provider,target,target_name,before,after,previous,hash";

/// A row as a line of CSV (RFC 4180), without its end.
pub fn to_csv(row: &AuditRow) -> String {
    let cells = [
        row.seq.to_string(),
        row.at.to_rfc3339(),
        row.actor_kind.clone(),
        row.actor.clone(),
        row.address.clone().unwrap_or_default(),
        row.act.clone(),
        row.directory_name.clone().unwrap_or_default(),
        row.provider.clone().unwrap_or_default(),
        row.target.clone(),
        row.target_name.clone(),
        row.before.clone().unwrap_or_default(),
        row.after.clone().unwrap_or_default(),
        hex(&row.previous),
        hex(&row.hash),
    ];
    cells.map(|cell| csv_cell(&cell)).join(",")
}

/// In quotes where the format wants it, and behind an apostrophe where a spreadsheet would take the text for a formula.
fn csv_cell(text: &str) -> String {
    let text = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

/// Bytes in hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_quoted_where_it_must_be_and_is_never_a_formula() {
        for (text, cell) in [
            ("plain", "plain"),
            ("a,b", "\"a,b\""),
            ("a\"b", "\"a\"\"b\""),
            ("a\nb", "\"a\nb\""),
            ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
            ("-1", "'-1"),
        ] {
            assert_eq!(csv_cell(text), cell);
        }
    }
}
