//! The cases of the store contract and what they stand on.
//!
//! - [`fixture`]: what a back end provides to be tested
//! - [`sqlite`], [`postgres`]: those of the two back ends
//! - [`test_database`]: a database on the PostgreSQL server of the tests
//! - [`sample`]: Directories, users and groups to test with
//! - [`resources`], [`life_cycles`], [`members`], [`search`], [`listing`], [`operator`], [`definitions`],
//!   [`global_values`], [`durability`]: the cases

pub mod definitions;
pub mod durability;
pub mod fixture;
pub mod global_values;
pub mod life_cycles;
pub mod listing;
pub mod members;
pub mod operator;
pub mod postgres;
pub mod resources;
pub mod sample;
pub mod search;
pub mod sqlite;
#[path = "../postgres.rs"]
pub mod test_database;
