//! What an operator may do: set up Directories, their tokens and their schemas, look at users, reset a password.
//!
//! The command line calls these functions; they print nothing and read nothing but the store.
//!
//! - [`directories`]: create, find and list Directories
//! - [`tokens`]: create, list and revoke bearer tokens; the secret is handed out once
//! - [`definitions`]: schemas and resource types, of one Directory or of every one
//! - [`users`]: find and list users, set a password
//! - [`first_start`]: what a server without any Directory begins with
//! - [`error`]: how these can fail

pub mod definitions;
pub mod directories;
pub mod error;
pub mod first_start;
pub mod tokens;
pub mod users;

pub use error::AdminError;

/// How many rows are read from the store at a time.
const PAGE_ROWS: u32 = 500;
