//! Directories as a file declares them: what the file says becomes so, and what it does not say stays.
//!
//! [`Declared::parse`] reads the file, [`plan()`] says what is otherwise by now, [`perform()`] does what a plan says. A file that is
//! applied again changes nothing and leaves no record. There is no secret in such a file.
//!
//! - [`mod@file`]: the file
//! - [`plan`](mod@plan): what is otherwise than in the file
//! - [`perform`](mod@perform): making it so

pub mod file;
pub mod perform;
pub mod plan;

pub use file::{Declared, DeclaredDirectory};
pub use perform::{perform, settle};
pub use plan::{Change, Field, Plan, plan};
