//! The model and who plays against it.
//!
//! - [`state`]: what the server should hold
//! - [`player`]: which request comes next, and how its answer is judged
//! - [`users`], [`groups`], [`queries`]: the requests

mod groups;
pub mod player;
mod queries;
mod state;
mod users;
