//! The files of `schemas.folder`, brought to every Directory when the server starts.

use super::failure::Failure;
use crate::admin::Operator;
use crate::admin::definitions::{File, Timing, provide};
use crate::clock::SystemClock;
use crate::config::SchemasConfig;
use crate::scim::schema::definition::DEFINITION_BYTES_MAX;
use crate::store::OperatorStore;
use crate::store::audit::Actor;
use std::fs;
use std::io;
use std::path::Path;

/// Files of the folder at most.
const FILES_MAX: usize = 200;

/// Makes what the folder holds the schemas and resource types of every Directory; nothing, if there is no folder.
///
/// # Errors
/// The folder cannot be read, a file is no definition, or stored resources contradict the change.
pub async fn bring(config: &SchemasConfig, store: &dyn OperatorStore) -> Result<(), Failure> {
    let mut files = Vec::new();
    if let Some(folder) = &config.folder {
        files = read(folder).map_err(|error| {
            let what = format!("schemas.folder {} cannot be read: {error}", folder.display());
            Failure::new(what, "It takes a folder with schemas and resource types as .json files, one in each.")
        })?;
    }
    let operator = Operator::new(store, &SystemClock, Actor::server());
    let (applied, warnings) = provide(&operator, &files, Timing::default()).await?;
    for warning in &warnings {
        tracing::warn!(definition = %warning, "a schema is odd");
    }
    for fault in &applied.unfinished {
        tracing::warn!(index = %fault, "an index cannot be completed: searches do without it");
    }
    if applied.examined > 0 {
        tracing::info!(resources = applied.examined, indexes = applied.built, "the schemas of every Directory have changed");
    }
    Ok(())
}

/// The `.json` files of a folder, by name.
fn read(folder: &Path) -> io::Result<Vec<File>> {
    let mut paths = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json") && path.is_file());
    paths.sort();
    if paths.len() > FILES_MAX {
        return Err(io::Error::other(format!("it holds more than {FILES_MAX} files")));
    }
    paths.iter().map(|path| file(path)).collect()
}

fn file(path: &Path) -> io::Result<File> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let wrong = |problem: String| io::Error::other(format!("{name}: {problem}"));
    let length = fs::metadata(path).map_err(|error| wrong(error.to_string()))?.len();
    if length > DEFINITION_BYTES_MAX as u64 {
        return Err(wrong(format!("longer than {DEFINITION_BYTES_MAX} bytes")));
    }
    let text = fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    Ok(File { name, text })
}
