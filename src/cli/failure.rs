//! What went wrong, as sentences: what failed, why, and what to do.

use super::output;
use crate::admin::AdminError;
use crate::config::ConfigFaults;
use crate::store::StoreError;
use std::error::Error;
use std::io;
use std::process::ExitCode;

/// Why a command failed.
#[derive(Debug)]
pub enum Failure {
    /// The configuration is wrong.
    Configuration(ConfigFaults),
    /// Something else.
    Failed {
        /// What failed, with its causes.
        error: Box<dyn Error + Send + Sync>,
        /// What to do about it, if anything can be said.
        advice: Option<String>,
    },
    /// The doctor found problems, and has said which.
    Unhealthy,
    /// Whoever read the output has gone (`scimd user list | head`): nothing to say and nobody to hear it.
    ReaderGone,
}

impl Failure {
    /// A failure, its causes, and what to do about it.
    pub fn new(error: impl Into<Box<dyn Error + Send + Sync>>, advice: impl Into<String>) -> Self {
        Self::Failed { error: error.into(), advice: Some(advice.into()) }
    }

    /// Tells the person at the terminal.
    pub fn report(self) -> ExitCode {
        match self {
            Self::Configuration(faults) => {
                output::note(&format!("scimd: {faults}"));
                output::note("  config/default.toml explains each key.");
            }
            Self::Failed { error, advice } => {
                output::note(&format!("scimd: {}", chain(error.as_ref())));
                if let Some(advice) = advice {
                    output::note(&format!("  {advice}"));
                }
            }
            Self::Unhealthy => {}
            Self::ReaderGone => return ExitCode::SUCCESS,
        }
        ExitCode::FAILURE
    }
}

/// An error and its causes on one line, each cause once.
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        // Some libraries repeat the cause in their own words.
        if !text.ends_with(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}

impl From<io::Error> for Failure {
    /// From writing output.
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::ReaderGone
        } else {
            Self::Failed { error: error.into(), advice: None }
        }
    }
}

impl From<ConfigFaults> for Failure {
    fn from(faults: ConfigFaults) -> Self {
        Self::Configuration(faults)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let advice = store_advice(&error).map(str::to_owned);
        Self::Failed { error: error.into(), advice }
    }
}

impl From<AdminError> for Failure {
    fn from(error: AdminError) -> Self {
        let advice = match &error {
            AdminError::Store(error) => store_advice(error),
            AdminError::NoDirectory(_) => Some("`scimd directory list` shows those that there are."),
            AdminError::NoToken(_) => Some("`scimd token list DIRECTORY` shows those that there are."),
            AdminError::TokenExpired(_) => Some("Give it one with --expires-in."),
            AdminError::TokenDays { .. } => {
                Some("Give it an earlier expiry or, by `scimd token renew`, a new secret; or raise tokenDaysMax.")
            }
            AdminError::RenewedLately { .. } => Some("`--overlap 0m` leaves none."),
            AdminError::HasKeys(_) => Some("`scimd client set-keys DIRECTORY CLIENT FILE` does."),
            AdminError::NoKeys(_) => Some("`scimd token renew` gives a client with a secret a new one."),
            AdminError::NoUser(_) => Some("`scimd user list DIRECTORY` shows those that there are."),
            AdminError::NoGroup(_) => Some("`scimd group list DIRECTORY` shows those that there are."),
            AdminError::TooManyTokens(_) => {
                Some("Revoke or deactivate one, renew one with `scimd token renew`, or raise tokensMax.")
            }
            AdminError::NoAccount(_) => Some("`scimd account list` shows those that there are."),
            AdminError::NoKey(_) => Some("`scimd api-key list ACCOUNT` shows those that there are."),
            AdminError::Protected(_) => {
                Some("People may sign in by it. If that is over: `scimd directory edit NAME --protected false`.")
            }
            AdminError::Changed(_) => Some("Try again; nothing was changed."),
            AdminError::TokenExists(_) => Some("Choose another --name, or revoke that one first."),
            AdminError::NoDefinition(_) => Some("`scimd schema list` and `scimd resource-type list` show those that there are."),
            AdminError::Contradicted(_) => Some("Change those resources first."),
            AdminError::Unfinished(_) => Some("Change those values, then give the command again, or start a server."),
            AdminError::Everyones(_) => Some("Change the file in schemas.folder, and start the server again."),
            AdminError::WrongKind { .. } => Some("There are `scimd schema` and `scimd resource-type`."),
            AdminError::Line { .. } => Some("Mend it and import again. What an import has written before is passed over."),
            AdminError::File(_) => Some("Export it once more."),
            AdminError::Target(_) => Some("See docs/transfer.md."),
            AdminError::Declared(_) => Some("docs/transfer.md shows what such a file may say."),
            AdminError::Definition(_)
            | AdminError::SeveralGroups(_)
            | AdminError::Overlap
            | AdminError::Refused(_)
            | AdminError::TooBusy
            | AdminError::Settings(_)
            | AdminError::DirectoryName(_)
            | AdminError::Provider(_)
            | AdminError::DirectoryExists(_)
            | AdminError::TokenName(_)
            | AdminError::TokenRevoked(_)
            | AdminError::DisplayName(_)
            | AdminError::Gone(_)
            | AdminError::AccountName(_)
            | AdminError::AccountExists(_)
            | AdminError::LastOwner
            | AdminError::KeyName(_)
            | AdminError::KeyExists(_)
            | AdminError::KeyOfOther(_)
            | AdminError::KeySpent(_)
            | AdminError::TooManyKeys(_)
            | AdminError::Corrupt { .. }
            | AdminError::Password(_)
            | AdminError::Randomness(_) => None,
        };
        let advice = advice.map(str::to_owned);
        Self::Failed { error: error.into(), advice }
    }
}

/// What an operator can do about a failure of the store.
pub fn store_advice(error: &StoreError) -> Option<&'static str> {
    match error {
        StoreError::Unavailable(_) => Some("Is the database there, and may this user open it? Its URL is database.url."),
        StoreError::Full(_) => Some("Make space on the disk of the database; nothing was changed."),
        StoreError::Contention(_) | StoreError::SchemasChanged => Some("Try again; nothing was changed."),
        StoreError::Migrate(_) => Some("Does the database belong to a newer scimd, or may this user not create tables?"),
        StoreError::Uniqueness { .. }
        | StoreError::Exists
        | StoreError::LimitReached { .. }
        | StoreError::Bound(_)
        | StoreError::LastOwner
        | StoreError::NotFound
        | StoreError::VersionConflict
        | StoreError::UnknownMember
        | StoreError::OtherSource
        | StoreError::Barred
        | StoreError::Spent
        | StoreError::TooMany { .. }
        | StoreError::Unsupported { .. }
        | StoreError::Corrupt { .. }
        | StoreError::Database(_) => None,
    }
}
