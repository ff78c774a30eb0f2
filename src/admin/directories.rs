//! Directories: one for each connected provider.

use super::{AdminError, PAGE_ROWS};
use crate::clock::Clock;
use crate::directory::settings::{Settings, SettingsError};
use crate::scim::quirks::profile;
use crate::store::{DirectoryRow, Store, StoreError};

/// The longest name of a Directory, in bytes: that of a DNS label.
pub const NAME_BYTES_MAX: usize = 63;

/// Whether `name` can be a Directory's: 1 to 63 of `a-z 0-9 -`, beginning with a letter or digit, as it stands in URLs.
pub fn is_name(name: &str) -> bool {
    (1..=NAME_BYTES_MAX).contains(&name.len())
        && !name.starts_with('-')
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// Creates a Directory with the profile of `provider`.
///
/// # Errors
/// [`AdminError::DirectoryName`], [`AdminError::Provider`], [`AdminError::DirectoryExists`].
pub async fn create(store: &dyn Store, clock: &dyn Clock, name: &str, provider: &str) -> Result<DirectoryRow, AdminError> {
    create_with(store, clock, name, provider, &Settings::default()).await
}

/// Creates a Directory whose settings differ from its profile's.
///
/// # Errors
/// As [`create`].
pub async fn create_with(
    store: &dyn Store,
    clock: &dyn Clock,
    name: &str,
    provider: &str,
    settings: &Settings,
) -> Result<DirectoryRow, AdminError> {
    if !is_name(name) {
        return Err(AdminError::DirectoryName(name.to_owned()));
    }
    let profile = profile(provider).ok_or_else(|| AdminError::Provider(provider.to_owned()))?;
    let settings = serde_json::to_string(settings).map_err(|source| AdminError::Settings(SettingsError::Malformed(source)))?;
    match store.create_directory(name, profile.name, &settings, clock.now()).await {
        Err(StoreError::Exists) => Err(AdminError::DirectoryExists(name.to_owned())),
        created => Ok(created?),
    }
}

/// The Directory called `name`.
///
/// # Errors
/// [`AdminError::NoDirectory`].
pub async fn find(store: &dyn Store, name: &str) -> Result<DirectoryRow, AdminError> {
    store.directory(name).await?.ok_or_else(|| AdminError::NoDirectory(name.to_owned()))
}

/// All Directories, by name.
pub async fn list(store: &dyn Store) -> Result<Vec<DirectoryRow>, AdminError> {
    let mut all: Vec<DirectoryRow> = Vec::new();
    loop {
        let page = store.directories(all.last().map(|directory| directory.name.as_str()), PAGE_ROWS).await?;
        if page.is_empty() {
            return Ok(all);
        }
        all.extend(page);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_lower_case_dns_label() {
        for name in ["a", "0", "acme", "acme-2", "a-", &"a".repeat(63)] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", "-a", "Acme", "a_b", "a.b", "a/b", "a b", "é", &"a".repeat(64)] {
            assert!(!is_name(name), "{name}");
        }
    }
}
