//! `[schemas]`: schemas and resource types of every Directory.

use super::settings::Settings;
use std::path::PathBuf;

/// `[schemas]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemasConfig {
    /// The folder whose `.json` files are schemas and resource types of every Directory, if there is one.
    pub folder: Option<PathBuf>,
}

impl SchemasConfig {
    pub(super) fn read(settings: &mut Settings) -> Self {
        Self { folder: settings.path("schemas.folder") }
    }
}
