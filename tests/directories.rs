//! What an operator does with Directories: other rules while there is data, limits, the end; on both back ends.
#![expect(clippy::panic, reason = "tests fail by panicking")]

#[path = "support/app.rs"]
mod app;
#[path = "directories/deleting.rs"]
mod deleting;
#[path = "directories/limits.rs"]
mod limits;
#[path = "directories/rules.rs"]
mod rules;
#[path = "directories/sensitive.rs"]
mod sensitive;
#[path = "directories/settings.rs"]
mod settings;
