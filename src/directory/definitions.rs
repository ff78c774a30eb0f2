//! From the definitions that an operator gave to the registry of a Directory.

use crate::id::DirectoryId;
use crate::scim::schema::definition::{self, Definition};
use crate::scim::schema::extended::IndexName;
use crate::scim::schema::{Faults, Registry};
use crate::store::{DefinitionKind, DefinitionRow, Store, StoreError};
use std::sync::Arc;

/// How many definitions one Directory has at most: those of every Directory, its own, and its indexes that are being built or
/// dropped. The admin functions refuse a change that would leave more.
pub const ROWS_MAX: usize = 10_000;

/// The definitions of every Directory and, if one is given, of that Directory: all of them.
///
/// # Errors
/// [`StoreError::Corrupt`] if there are more than [`ROWS_MAX`]: without some of them a Directory would have other schemas than
/// its resources, and nobody would know.
pub async fn read(store: &dyn Store, directory: Option<DirectoryId>) -> Result<Vec<DefinitionRow>, StoreError> {
    let rows = store.definitions(directory, ROWS_MAX as u32 + 1).await?;
    if rows.len() > ROWS_MAX {
        let source = format!("a Directory has more than {ROWS_MAX} definitions").into();
        return Err(StoreError::Corrupt { table: "definitions", source });
    }
    Ok(rows)
}

/// The registry of a Directory that has these definitions, beside what is built in.
///
/// # Errors
/// All that is wrong with them; the admin functions store none of which that is so.
pub fn registry(rows: &[DefinitionRow]) -> Result<Arc<Registry>, Faults> {
    let built_in = Registry::built_in();
    if rows.is_empty() {
        return Ok(built_in);
    }
    let mut definitions: Vec<Definition> = Vec::with_capacity(rows.len());
    let mut building: Vec<IndexName> = Vec::new();
    for row in rows {
        match row.kind {
            DefinitionKind::Schema | DefinitionKind::ResourceType => {
                definitions.push(definition::parse(&row.definition)?.definition);
            }
            DefinitionKind::Building => building.push(index_name(row)?),
        }
    }
    built_in.with(&definitions, &building).map(Arc::new)
}

/// The type and the attribute of an index that is being built.
pub fn index_name(row: &DefinitionRow) -> Result<IndexName, Faults> {
    serde_json::from_str(&row.definition).map_err(|_| Faults::one(&row.name, "names no index"))
}
