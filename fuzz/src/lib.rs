//! What the fuzz targets check: one function a target, which panics where a law does not hold.
//!
//! The functions use nothing of libFuzzer, so that `tests/fuzz_seeds.rs` runs them on the seeds in every build.
//! CONTRIBUTING.md says how to fuzz, `docs/fuzzing.md` what came of it.
//!
//! - [`sample`]: the schemas and resources that inputs are tried on
//! - [`store`]: a store that says yes, for what needs one
//! - [`filter`], [`path`], [`patch`], [`bulk`], [`cursor`], [`schema`]: the targets
//! - [`seeds`]: what each target begins with

pub mod bulk;
pub mod cursor;
pub mod filter;
pub mod patch;
pub mod path;
pub mod sample;
pub mod schema;
pub mod seeds;
pub mod store;
