//! The commands and flags.

use super::expiry;
use super::log::LogArguments;
use super::resource_arguments::{GroupCommand, UserCommand};
use crate::admin::directories;
use crate::auth::Scopes;
use crate::config::source::Override;
use crate::scim::quirks::PROFILES;
use crate::store::operator::Role;
use clap::builder::PossibleValuesParser;
use clap::{Parser, Subcommand, ValueEnum};
use std::path::PathBuf;
use std::time::Duration;

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
    /// Write a whole Directory out, as JSON Lines: its settings, schemas, users, groups and memberships; no secret.
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

/// `scimd directory …`
#[derive(Subcommand)]
pub enum DirectoryCommand {
    /// Create a Directory.
    Create {
        /// Its name, as in URLs: 1 to 63 of a-z, 0-9 and -, beginning with a letter or digit.
        #[arg(value_parser = directory_name)]
        name: String,
        /// Its name for people.
        #[arg(long, default_value = "")]
        display_name: String,
        /// The identity provider whose ways it knows.
        #[arg(long, default_value = "generic", value_parser = PossibleValuesParser::new(PROFILES.iter().map(|profile| profile.name)))]
        provider: String,
        /// A setting that differs from the provider's profile, such as uniqueExternalId=true; may be repeated.
        #[arg(long = "set", value_name = "KEY=VALUE", value_parser = setting)]
        settings: Vec<(String, String)>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// List all Directories.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show one Directory and its Base URL.
    Show {
        /// Its name.
        name: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Change a Directory: its name for people, its provider, its settings.
    Edit {
        /// Its name.
        name: String,
        /// Its name for people from now on.
        #[arg(long)]
        display_name: Option<String>,
        /// The identity provider whose ways it knows from now on.
        #[arg(long, value_parser = PossibleValuesParser::new(PROFILES.iter().map(|profile| profile.name)))]
        provider: Option<String>,
        /// A setting that differs from the provider's profile; KEY= takes the profile's again. May be repeated.
        #[arg(long = "set", value_name = "KEY=VALUE", value_parser = setting)]
        settings: Vec<(String, String)>,
        /// Whether it refuses to be deleted.
        #[arg(long, value_name = "BOOLEAN")]
        protected: Option<bool>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Pause a Directory: its clients are told to come again (503).
    Pause {
        /// Its name.
        name: String,
    },
    /// Resume a Directory that was paused or disabled.
    Resume {
        /// Its name.
        name: String,
    },
    /// Disable a Directory: its clients are refused (403).
    Disable {
        /// Its name.
        name: String,
    },
    /// Delete a Directory for good: its tokens are refused at once.
    Delete {
        /// Its name.
        name: String,
        /// What becomes of its users and groups: they stay, in a Directory without provider, or are removed with it.
        #[arg(long, value_enum)]
        users: Users,
    },
}

/// What becomes of the users and groups of a Directory that is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Users {
    /// They stay.
    Keep,
    /// They go.
    Remove,
}

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
        /// After which time it is refused: 30m, 12h, 365d, 52w; if absent, never.
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
        /// After which time from now the token is refused; if absent, as before.
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
        /// After which time it is refused: 30m, 12h, 365d, 52w; if absent, never.
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

/// `scimd audit …`
#[derive(Subcommand)]
pub enum AuditCommand {
    /// Show what operators did, the latest first.
    List {
        /// What was done in this Directory.
        #[arg(long)]
        directory: Option<String>,
        /// What was done of this kind: token.create, or token. for all kinds that begin so.
        #[arg(long)]
        act: Option<String>,
        /// What was done by this account or person.
        #[arg(long)]
        actor: Option<String>,
        /// How many acts at most.
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=500))]
        limit: u32,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Write out the whole record, the earliest first.
    Export {
        /// One JSON object a line, or comma-separated values.
        #[arg(long, default_value = "jsonl", value_parser = ["jsonl", "csv"])]
        format: String,
    },
    /// Check that nobody changed the record or took rows out of it.
    Verify,
}

/// `scimd schema …`, `scimd resource-type …`
#[derive(Subcommand)]
pub enum DefinitionCommand {
    /// Give the Directory the definition in a file, or a new version of one that it was given before.
    Add {
        /// The name of the Directory.
        directory: String,
        /// A JSON file, as docs/schemas.md describes it; - for standard input.
        file: PathBuf,
    },
    /// List those that the Directory has beside the built-in ones.
    List {
        /// The name of the Directory.
        directory: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Print one as it was given.
    Show {
        /// The name of the Directory.
        directory: String,
        /// The URN of the schema, the name of the resource type.
        name: String,
    },
    /// Take one away, unless there are resources with it.
    Remove {
        /// The name of the Directory.
        directory: String,
        /// The URN of the schema, the name of the resource type.
        name: String,
    },
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

fn scopes(text: &str) -> Result<Scopes, String> {
    Scopes::parse(text).map_err(|error| error.to_string())
}

fn role(text: &str) -> Result<Role, String> {
    Role::of(text).ok_or_else(|| "the roles are owner, operator and viewer".to_owned())
}

fn setting(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("a setting is KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}

fn directory_name(text: &str) -> Result<String, String> {
    if directories::is_name(text) {
        Ok(text.to_owned())
    } else {
        Err("a name has 1 to 63 of a-z, 0-9 and -, beginning with a letter or digit".to_owned())
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
