//! From the definitions that an operator gave to the registry of a Directory.

use crate::scim::schema::definition::{self, Definition};
use crate::scim::schema::extended::IndexName;
use crate::scim::schema::{Faults, Registry};
use crate::store::{DefinitionKind, DefinitionRow};
use std::sync::Arc;

/// How many definitions are read for one Directory: those of every Directory, its own, and its indexes that are being built.
pub const ROWS_MAX: u32 = 1_000;

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
