//! The commands of `scimd token` and `scimd client`.

use crate::auth::Scopes;
use crate::cli::expiry;
use clap::Subcommand;
use std::path::PathBuf;
use std::time::Duration;

/// `scimd token …`
#[derive(Subcommand)]
pub enum TokenCommand {
    /// Create a token and print it, alone, on standard output. It is shown this once.
    Create {
        /// The name of the Directory.
        directory: String,
        /// What to call the token; if absent, after the moment.
        #[arg(long)]
        name: Option<String>,
        /// After which time it is refused: 30m, 12h, 365d, 52w; if absent, never, or when tokenDaysMax says.
        #[arg(long, value_name = "TIME", value_parser = expiry::parse)]
        expires_in: Option<Duration>,
        /// What it may do, separated by blanks: read, write, User:read, Group:write …; if absent, everything.
        #[arg(long, value_name = "SCOPES", value_parser = scopes)]
        scopes: Option<Scopes>,
        /// The id or userName of a user whom it stands for: then it opens /Me only.
        #[arg(long, value_name = "USER")]
        user: Option<String>,
    },
    /// List the tokens of a Directory, without their secrets.
    List {
        /// The name of the Directory.
        directory: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Put a token back into use.
    Activate {
        /// The name of the Directory.
        directory: String,
        /// The name or the id of the token.
        #[arg(value_name = "NAME-OR-ID")]
        token: String,
    },
    /// Put a token out of use until it is activated.
    Deactivate {
        /// The name of the Directory.
        directory: String,
        /// The name or the id of the token.
        #[arg(value_name = "NAME-OR-ID")]
        token: String,
    },
    /// Give a token a new secret and print it, alone, on standard output; the one of before stays good for a while.
    Renew {
        /// The name of the Directory.
        directory: String,
        /// The name or the id of the token.
        #[arg(value_name = "NAME-OR-ID")]
        token: String,
        /// For how long the secret of before is good: 0m, 30m, 7d; if absent, 24h.
        #[arg(long, value_name = "TIME", value_parser = expiry::parse_any)]
        overlap: Option<Duration>,
        /// After which time from now the token is refused; if absent, as before, or when tokenDaysMax says.
        #[arg(long, value_name = "TIME", value_parser = expiry::parse)]
        expires_in: Option<Duration>,
    },
    /// Change the name, the expiry or the scopes of a token.
    Edit {
        /// The name of the Directory.
        directory: String,
        /// The name or the id of the token.
        #[arg(value_name = "NAME-OR-ID")]
        token: String,
        /// What to call it from now on.
        #[arg(long)]
        name: Option<String>,
        /// After which time from now it is refused.
        #[arg(long, value_name = "TIME", value_parser = expiry::parse, conflicts_with = "never_expires")]
        expires_in: Option<Duration>,
        /// It never expires.
        #[arg(long)]
        never_expires: bool,
        /// What it may do; "" for everything.
        #[arg(long, value_name = "SCOPES", value_parser = scopes)]
        scopes: Option<Scopes>,
    },
    /// Revoke a token: it is refused from now on, for good.
    Revoke {
        /// The name of the Directory.
        directory: String,
        /// The name or the id of the token.
        #[arg(value_name = "NAME-OR-ID")]
        token: String,
    },
    /// Delete a token: it is refused from now on, and forgotten.
    Delete {
        /// The name of the Directory.
        directory: String,
        /// The name or the id of the token.
        #[arg(value_name = "NAME-OR-ID")]
        token: String,
    },
}

impl TokenCommand {
    /// The Directory that it is about.
    pub fn directory(&self) -> &str {
        match self {
            Self::Create { directory, .. }
            | Self::List { directory, .. }
            | Self::Activate { directory, .. }
            | Self::Deactivate { directory, .. }
            | Self::Renew { directory, .. }
            | Self::Edit { directory, .. }
            | Self::Revoke { directory, .. }
            | Self::Delete { directory, .. } => directory,
        }
    }
}

/// `scimd client …`
#[derive(Subcommand)]
pub enum ClientCommand {
    /// Create a client and print its id and its secret, which is shown this once.
    Create {
        /// The name of the Directory.
        directory: String,
        /// What to call the client; if absent, after the moment.
        #[arg(long)]
        name: Option<String>,
        /// After which time it is refused: 30m, 12h, 365d, 52w; if absent, never, or when tokenDaysMax says of its secret.
        #[arg(long, value_name = "TIME", value_parser = expiry::parse)]
        expires_in: Option<Duration>,
        /// What its tokens may do at most, separated by blanks: read, write, User:read …; if absent, everything.
        #[arg(long, value_name = "SCOPES", value_parser = scopes)]
        scopes: Option<Scopes>,
        /// A file with its public keys, a JSON Web Key Set; - for standard input. It signs assertions then, and has no secret.
        #[arg(long, value_name = "FILE")]
        keys: Option<PathBuf>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// List the clients of a Directory, without their secrets.
    List {
        /// The name of the Directory.
        directory: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Give a client with public keys others in place of those that it has.
    SetKeys {
        /// The name of the Directory.
        directory: String,
        /// The client's name, client id or number.
        #[arg(value_name = "CLIENT")]
        client: String,
        /// A file with a JSON Web Key Set; - for standard input.
        keys: PathBuf,
    },
}

impl ClientCommand {
    /// The Directory that it is about.
    pub fn directory(&self) -> &str {
        match self {
            Self::Create { directory, .. } | Self::List { directory, .. } | Self::SetKeys { directory, .. } => directory,
        }
    }
}

fn scopes(text: &str) -> Result<Scopes, String> {
    Scopes::parse(text).map_err(|error| error.to_string())
}
