//! Lists, each to travel in one value.

use crate::id::ResourceId;
use crate::scim::resource::Gram;
use crate::store::IndexRow;
use crate::store::sql::{Dialect, grams_text, uniqueness_number};

/// `[["userName","alice",1],…]`, with the [`uniqueness_number`].
pub(super) fn index_rows(rows: &[IndexRow]) -> String {
    let rows: Vec<_> = rows.iter().map(|row| (&row.attribute, &row.value, uniqueness_number(row.uniqueness))).collect();
    to_json(&rows)
}

/// `["0198…",…]`, each id in 32 hexadecimal digits, for `unhex`.
pub(in crate::store::sqlite) fn ids(ids: &[ResourceId]) -> String {
    let ids: Vec<_> = ids.iter().map(|id| id.0.as_simple()).collect();
    to_json(&ids)
}

/// `00c0ffee 0badf00d`, words of the column `grams`.
pub(super) fn grams(grams: &[Gram]) -> String {
    grams_text(Dialect::Sqlite, grams)
}

/// `["User","Group"]`.
pub(super) fn names(names: &[String]) -> String {
    to_json(names)
}

fn to_json(list: &(impl serde::Serialize + ?Sized)) -> String {
    serde_json::to_string(list).expect("strings and numbers serialise")
}
