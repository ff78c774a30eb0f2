//! The `scimd` command; all of it is in [`scimd::cli`].

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    scimd::cli::run().await
}
