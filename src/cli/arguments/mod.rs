//! The commands and flags.
//!
//! - [`directory`], [`token`], [`operator`], [`definition`], [`resource`]: the commands of each family

pub mod definition;
pub mod directory;
pub mod operator;
pub mod resource;
pub mod token;

pub use definition::DefinitionCommand;
pub use directory::{DirectoryCommand, Users};
pub use operator::{AccountCommand, ApiKeyCommand, AuditCommand, AuditSelection};
pub use resource::{GroupCommand, UserCommand};
pub use token::{ClientCommand, TokenCommand};

use super::log::LogArguments;
use crate::config::source::Override;
use clap::{Parser, Subcommand};
use std::path::PathBuf;

/// A SCIM 2.0 server: identity providers push users and groups, applications use them.
// Without Debug: the database URL may hold a password.
#[derive(Parser)]
#[command(name = "scimd", version, after_help = "Without a command: serve.")]
pub struct Arguments {
    /// Configuration file (TOML); also SCIMD_CONFIG.
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// sqlite:FILE or postgres://…; also SCIMD_DATABASE_URL, which other users of the machine cannot see.
    #[arg(long, global = true, value_name = "URL")]
    pub database_url: Option<String>,
    /// IP address and port to listen on; also SCIMD_LISTEN.
    #[arg(long, global = true, value_name = "ADDRESS:PORT")]
    pub listen: Option<String>,
    /// URL under which clients reach the server; also SCIMD_PUBLIC_URL.
    #[arg(long, global = true, value_name = "URL")]
    pub public_url: Option<String>,
    /// What is logged: error, warn, info, debug or trace, also by module; also SCIMD_LOG.
    #[arg(long, global = true, value_name = "LEVEL")]
    pub log: Option<String>,
    /// Stop when the tables are not up to date, instead of bringing them up to date.
    #[arg(long, global = true)]
    pub no_migrate: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What to do.
#[derive(Subcommand)]
pub enum Command {
    /// Run the server.
    Serve,
    /// Manage Directories: one for each connected identity provider.
    #[command(subcommand)]
    Directory(DirectoryCommand),
    /// Manage the bearer tokens of a Directory.
    #[command(subcommand)]
    Token(TokenCommand),
    /// Manage the OAuth clients of a Directory, which get short-lived tokens for a secret or for what they sign.
    #[command(subcommand)]
    Client(ClientCommand),
    /// Manage the accounts of operators.
    #[command(subcommand)]
    Account(AccountCommand),
    /// Manage the API keys of operators' accounts.
    #[command(subcommand)]
    ApiKey(ApiKeyCommand),
    /// Look at the record of what operators did.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Show what became of requests: why one was refused, and what would mend it.
    Log(LogArguments),
    /// Manage the schemas of a Directory: extensions, and the bases of resource types.
    #[command(subcommand)]
    Schema(DefinitionCommand),
    /// Manage the resource types of a Directory beside Users and Groups.
    #[command(subcommand)]
    ResourceType(DefinitionCommand),
    /// Manage the users of a Directory.
    #[command(subcommand)]
    User(UserCommand),
    /// Write a whole Directory out, as JSON Lines: its settings, schemas, users, groups and memberships; no secret. An interrupted
    /// export to a file goes on when it is begun again, if nothing has changed.
    Export {
        /// The name of the Directory.
        directory: String,
        /// The file to write, which must not be there yet; if absent, standard output.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Include password hashes, and values that are never returned.
        #[arg(long)]
        with_password_hashes: bool,
    },
    /// Bring an export into a Directory without resources; an interrupted import goes on when it is begun again.
    Import {
        /// The name of the Directory.
        directory: String,
        /// The file that `scimd export` wrote.
        file: PathBuf,
        /// Create the Directory if it is not there, and give it the schemas of the file that it lacks.
        #[arg(long)]
        create: bool,
        /// Look at every line, and write nothing.
        #[arg(long)]
        check: bool,
    },
    /// Make Directories as a file declares them, after showing what will change.
    Apply {
        /// The file (TOML).
        file: PathBuf,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
    /// Manage the groups of a Directory.
    #[command(subcommand)]
    Group(GroupCommand),
    /// Bring the tables up to date.
    Migrate,
    /// Find out what is wrong, and how to mend it.
    Check {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Ask the server that runs at the listen address whether it is alive.
    Health,
}

impl Arguments {
    /// The settings that flags override.
    pub fn overrides(&self) -> Vec<Override> {
        [
            ("--database-url", "database.url", &self.database_url),
            ("--listen", "server.listen", &self.listen),
            ("--public-url", "server.public_url", &self.public_url),
            ("--log", "log.level", &self.log),
        ]
        .into_iter()
        .filter_map(|(name, key, value)| Some(Override { name, key, value: value.clone()? }))
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn flags_may_stand_before_and_after_the_command() {
        for line in [["scimd", "--listen", "[::1]:1", "serve"], ["scimd", "serve", "--listen", "[::1]:1"]] {
            let arguments = Arguments::try_parse_from(line).expect("a command line");
            assert_eq!(arguments.overrides().len(), 1);
            assert_eq!(arguments.overrides()[0].key, "server.listen");
        }
    }
}
