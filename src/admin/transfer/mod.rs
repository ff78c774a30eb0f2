//! A whole Directory on its way out and in: JSON Lines, a page at a time, in memory that does not grow with the Directory.
//!
//! `docs/transfer.md` describes the format and what an operator may rely on. An export has no secret in it: no token, no key of
//! the server, and without being asked for no password hash and no value that is never returned. An import reads the file
//! twice: nothing is written before it is known to be whole and right, and what was written is passed over when it is read again.
//!
//! - [`mod@line`]: the lines, to text and back
//! - [`export`]: a Directory to lines
//! - [`notes`]: how far an export is, so that one that was interrupted goes on
//! - [`reader`]: lines from bytes, with their numbers and their digest
//! - [`content`]: the resource of a line, by the schemas of a Directory
//! - [`mod@check`]: a file against the Directory that it is for
//! - [`mod@import`]: a checked file into it

pub mod check;
mod content;
pub mod export;
pub mod import;
pub mod line;
mod notes;
mod reader;

pub use check::{Checked, Target, check};
pub use export::{Export, Kept, Left, Resumed};
pub use import::import;
pub use notes::Anew;
pub use reader::Source;

use std::collections::BTreeMap;

/// Bytes of one line at most.
pub const LINE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Members in one line at most: a large group has many lines.
pub const LINE_MEMBERS_MAX: usize = 500;

/// How many things there are in an export.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counts {
    /// Resources, by the name of their type.
    pub resources: BTreeMap<String, u64>,
    /// Memberships.
    pub members: u64,
}

impl Counts {
    /// Resources of all types.
    pub fn all_resources(&self) -> u64 {
        self.resources.values().sum()
    }
}

/// How far an export or an import is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Resources so far.
    pub resources: u64,
    /// Memberships so far.
    pub members: u64,
}

/// Hears how far it is, after each page.
pub type Hear<'h> = &'h mut (dyn FnMut(Progress) + Send);
