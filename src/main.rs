//! The `scimd` command.

fn main() {}
