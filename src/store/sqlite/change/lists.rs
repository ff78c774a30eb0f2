//! Lists as JSON, to travel in one value.

use crate::id::ResourceId;
use crate::store::IndexRow;

/// `[["userName","alice",1],…]`.
pub(super) fn index_rows(rows: &[IndexRow]) -> String {
    let rows: Vec<_> = rows.iter().map(|row| (&row.attribute, &row.value, u8::from(row.unique))).collect();
    to_json(&rows)
}

/// `["0198…",…]`, each id in 32 hexadecimal digits, for `unhex`.
pub(in crate::store::sqlite) fn ids(ids: &[ResourceId]) -> String {
    let ids: Vec<_> = ids.iter().map(|id| id.0.as_simple()).collect();
    to_json(&ids)
}

/// `["User","Group"]`.
pub(super) fn names(names: &[String]) -> String {
    to_json(names)
}

fn to_json(list: &(impl serde::Serialize + ?Sized)) -> String {
    serde_json::to_string(list).expect("strings and numbers serialise")
}
