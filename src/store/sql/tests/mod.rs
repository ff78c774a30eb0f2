//! The compiler's statements, run and looked at.
//!
//! SQLite runs in memory, PostgreSQL in temporary tables of the database that `TEST_DATABASE_URL` names.
//!
//! - `filters`: filters written as values
//! - `world`: a Directory in both databases
//! - `meaning`: what filters find
//! - `agreement`: that any filter means the same to SQL and to the evaluator
//! - `orders`: how pages are sorted and cut
//! - `parts`: that parts of values are found by their index
//! - `plans`, `listing_plans`: which index serves which filter, and which listing
//! - `scans`: which statements are said to be served by none
//! - `text`: what statements are made of

#![expect(clippy::panic, reason = "tests say what they miss")]

mod agreement;
mod filters;
mod listing_plans;
mod meaning;
mod orders;
mod parts;
mod plans;
mod scans;
mod text;
mod world;
