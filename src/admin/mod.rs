//! What an operator may do: set up Directories, their tokens and their schemas, manage users and groups, reset a password.
//!
//! The command line calls these functions; they print nothing and read nothing but the store.
//!
//! - [`operator`]: who acts, and how an act comes on record
//! - [`directories`]: create, change, pause, find and list Directories
//! - [`deletion`]: the end of a Directory, and what becomes of what is in it
//! - [`tokens`]: the life of bearer tokens; a secret is handed out once
//! - [`clients`]: OAuth clients, which are tokens of a kind of their own
//! - [`expiring`]: warnings that tokens expire
//! - [`accounts`]: operators' accounts and API keys
//! - [`sign_in`]: who comes with an API key or a password
//! - [`audit`]: the record of what operators did
//! - [`requests`]: the request log
//! - [`definitions`]: schemas and resource types, of one Directory or of every one
//! - [`transfer`]: a whole Directory on its way out and in
//! - [`declared`]: Directories as a file declares them
//! - [`desk`]: an operator at work on the resources of a Directory
//! - [`resources`]: find, list, create, change and delete users and groups; what was deleted
//! - [`users`], [`groups`]: what is particular to either
//! - [`first_start`]: what a server without any Directory begins with
//! - [`error`]: how these can fail

pub mod accounts;
pub mod audit;
pub mod clients;
pub mod declared;
pub mod definitions;
pub mod deletion;
pub mod desk;
pub mod directories;
pub mod error;
pub mod expiring;
pub mod first_start;
pub mod groups;
pub mod operator;
pub mod requests;
pub mod resources;
pub mod sign_in;
pub mod tokens;
pub mod transfer;
pub mod users;

pub use desk::{Desk, Kind};
pub use error::AdminError;
pub use operator::Operator;

/// How many rows are read from the store at a time.
const PAGE_ROWS: u32 = 500;
