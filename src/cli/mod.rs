//! The `scimd` command.
//!
//! What a program reads goes to standard output, what a person reads to standard error; `--json` turns what lists and shows
//! into JSON. Exit status: 0 done, 1 failed, 2 the command line is wrong.
//!
//! - [`arguments`]: the commands and flags
//! - [`session`]: configuration and store of a command
//! - [`serve`], [`welcome`]: the server, and its very first start
//! - [`directory`], [`token`], [`client`], [`user`], [`group`], [`schema`]: what an operator manages
//! - [`resource`]: what users and groups have in common
//! - [`account`], [`audit`]: operators themselves, and what they did
//! - [`log`]: what became of requests
//! - [`schema_files`]: schemas of every Directory, from files
//! - [`transfer`], [`part`], [`meter`]: a whole Directory out and in, a file until it is whole, and how far it is
//! - [`apply`]: Directories as a file declares them
//! - [`migrate`], [`check`], [`health`]: the database, the doctor, a probe
//! - [`expiry`]: times such as `365d`
//! - [`output`], [`failure`]: what is printed, and what went wrong

mod account;
mod apply;
mod arguments;
mod audit;
mod check;
mod client;
mod directory;
mod expiry;
mod failure;
mod group;
mod health;
mod log;
mod meter;
mod migrate;
mod output;
mod part;
mod resource;
mod schema;
mod schema_files;
mod serve;
mod session;
mod token;
mod transfer;
mod user;
mod welcome;

use crate::store::DefinitionKind;
use arguments::{Arguments, Command};
use clap::Parser as _;
use std::process::ExitCode;

/// Runs the command that this process was started with.
pub async fn run() -> ExitCode {
    // A wrong command line ends here, with status 2.
    let arguments = Arguments::parse();
    let done = match &arguments.command {
        None | Some(Command::Serve) => serve::run(&arguments).await,
        Some(Command::Directory(command)) => directory::run(&arguments, command).await,
        Some(Command::Token(command)) => token::run(&arguments, command).await,
        Some(Command::Client(command)) => client::run(&arguments, command).await,
        Some(Command::Schema(command)) => schema::run(&arguments, DefinitionKind::Schema, command).await,
        Some(Command::ResourceType(command)) => schema::run(&arguments, DefinitionKind::ResourceType, command).await,
        Some(Command::Account(command)) => account::run(&arguments, command).await,
        Some(Command::ApiKey(command)) => account::run_keys(&arguments, command).await,
        Some(Command::Audit(command)) => audit::run(&arguments, command).await,
        Some(Command::Log(wanted)) => log::run(&arguments, wanted).await,
        Some(Command::User(command)) => user::run(&arguments, command).await,
        Some(Command::Export { directory, out, with_password_hashes }) => {
            transfer::run_export(&arguments, directory, out.as_deref(), *with_password_hashes).await
        }
        Some(Command::Import { directory, file, create, check }) => {
            transfer::run_import(&arguments, directory, file, *create, *check).await
        }
        Some(Command::Apply { file, yes }) => apply::run(&arguments, file, *yes).await,
        Some(Command::Group(command)) => group::run(&arguments, command).await,
        Some(Command::Migrate) => migrate::run(&arguments).await,
        Some(Command::Check { json }) => check::run(&arguments, *json).await,
        Some(Command::Health) => health::run(&arguments).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}
