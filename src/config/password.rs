//! `[password]`: what passwords must be like, and how they are hashed.

use super::settings::Settings;

/// `[password]` (D-93).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswordConfig {
    /// Characters at least.
    pub length_min: usize,
    /// Bytes at most.
    pub bytes_max: usize,
    /// Memory of one Argon2id hash, in KiB; at least 8 for each lane.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub iterations: u32,
    /// Lanes.
    pub lanes: u32,
    /// Hashes computed at the same time.
    pub concurrent_hashes_max: usize,
}

impl PasswordConfig {
    pub(super) fn read(settings: &mut Settings) -> Self {
        let password = Self {
            length_min: settings.integer("password.length_min", 1..=128),
            bytes_max: settings.integer("password.bytes_max", 64..=65_536),
            memory_kib: settings.integer("password.memory_kib", 1_024..=4_194_304),
            iterations: settings.integer("password.iterations", 1..=1_000),
            lanes: settings.integer("password.lanes", 1..=64),
            concurrent_hashes_max: settings.integer("password.concurrent_hashes_max", 1..=1_024),
        };
        if password.length_min > password.bytes_max {
            settings.fault("password.length_min", format!("must not exceed password.bytes_max, {}", password.bytes_max));
        }
        password
    }
}
