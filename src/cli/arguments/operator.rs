//! The commands of `scimd account`, `scimd api-key` and `scimd audit`.

use crate::cli::expiry::{self, Moment};
use crate::store::operator::Role;
use clap::{Args, Subcommand};
use std::time::Duration;

/// `scimd account …`
#[derive(Subcommand)]
pub enum AccountCommand {
    /// Create an operator's account.
    Create {
        /// Its name.
        name: String,
        /// What it may do: owner (everything), operator (Directories, tokens, users), viewer (look).
        #[arg(long, value_parser = role)]
        role: Role,
    },
    /// List all accounts.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Change the role of an account, or whether it is refused.
    Edit {
        /// Its name.
        name: String,
        /// What it may do.
        #[arg(long, value_parser = role)]
        role: Option<Role>,
        /// Refuse it from now on, with its API keys.
        #[arg(long, conflicts_with = "enable")]
        disable: bool,
        /// Take it again.
        #[arg(long)]
        enable: bool,
    },
    /// Set the password of an account: asked for on a terminal, else the first line of standard input.
    SetPassword {
        /// Its name.
        name: String,
    },
    /// Delete an account, with its API keys.
    Delete {
        /// Its name.
        name: String,
    },
}

/// `scimd api-key …`
#[derive(Subcommand)]
pub enum ApiKeyCommand {
    /// Create an API key and print it, alone, on standard output. It is shown this once.
    Create {
        /// The name of the account that it is as good as.
        account: String,
        /// What to call the key.
        #[arg(long)]
        name: String,
        /// After which time it is refused: 30m, 12h, 365d, 52w; if absent, never.
        #[arg(long, value_name = "TIME", value_parser = expiry::parse)]
        expires_in: Option<Duration>,
    },
    /// List the API keys of an account, without their secrets.
    List {
        /// The name of the account.
        account: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Delete an API key: it is refused from now on.
    Delete {
        /// The name of the account.
        account: String,
        /// The name or the id of the key.
        #[arg(value_name = "NAME-OR-ID")]
        key: String,
    },
}

/// Which acts are meant.
#[derive(Args)]
pub struct AuditSelection {
    /// What was done in this Directory.
    #[arg(long)]
    pub directory: Option<String>,
    /// What was done of this kind: token.create, or token. for all kinds that begin so.
    #[arg(long)]
    pub act: Option<String>,
    /// What was done by this account or person.
    #[arg(long)]
    pub actor: Option<String>,
    /// What was done from then on: a moment, 2030-01-31T00:00:00Z, or how long ago: 30m, 12h, 7d.
    #[arg(long, value_name = "TIME", value_parser = expiry::moment)]
    pub since: Option<Moment>,
    /// What was done before then.
    #[arg(long, value_name = "TIME", value_parser = expiry::moment)]
    pub until: Option<Moment>,
}

/// `scimd audit …`
#[derive(Subcommand)]
pub enum AuditCommand {
    /// Show what operators did, the latest first.
    List {
        #[command(flatten)]
        selection: AuditSelection,
        /// How many acts at most.
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=500))]
        limit: u32,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Write out the record, the earliest first: all of it, or what is asked for.
    Export {
        #[command(flatten)]
        selection: AuditSelection,
        /// One JSON object a line, or comma-separated values.
        #[arg(long, default_value = "jsonl", value_parser = ["jsonl", "csv"])]
        format: String,
    },
    /// Check that nobody changed the record or took rows out of it.
    Verify,
}

fn role(text: &str) -> Result<Role, String> {
    Role::of(text).ok_or_else(|| "the roles are owner, operator and viewer".to_owned())
}
