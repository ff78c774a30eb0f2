//! How an operator's request can fail.

use crate::auth::PasswordError;
use crate::directory::settings::SettingsError;
use crate::id::ResourceId;
use crate::scim::ScimError;
use crate::scim::quirks::PROFILES;
use crate::scim::schema::Faults;
use crate::store::{DefinitionKind, StoreError};

/// A failed request of an operator. `Display` is for the operator and says what would be right.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// The name cannot be a Directory's.
    #[error("{0:?} cannot be the name of a Directory: it takes 1 to 63 of a-z, 0-9 and -, beginning with a letter or digit")]
    DirectoryName(String),
    /// No profile is called so.
    #[error("there is no provider {0:?}; there are {list}", list = provider_names())]
    Provider(String),
    /// The name is taken.
    #[error("there is a Directory {0:?} already")]
    DirectoryExists(String),
    /// No Directory is called so.
    #[error("there is no Directory {0:?}")]
    NoDirectory(String),
    /// The name cannot be a token's.
    #[error("{0:?} cannot be the name of a token: it takes 1 to 100 characters, no control characters")]
    TokenName(String),
    /// The Directory has a live token of this name.
    #[error("the Directory has a token {0:?} already; a revoked one would be no obstacle")]
    TokenExists(String),
    /// The Directory has no live token of this name or number.
    #[error("the Directory has no live token {0:?}")]
    NoToken(String),
    /// The token was revoked, and stays so.
    #[error("the token {0:?} was revoked; a new one may have its name")]
    TokenRevoked(String),
    /// The token's time is over.
    #[error("the token {0:?} has expired; a new secret needs a new expiry")]
    TokenExpired(String),
    /// The token's secret would be good for longer than one of the Directory may.
    #[error(
        "the setting tokenDaysMax of the Directory allows {days_max} days from when a secret is made, so this one may expire at {latest} \
         at the latest"
    )]
    TokenDays {
        /// What the setting is.
        days_max: u32,
        /// The latest moment.
        latest: String,
    },
    /// Two secrets would be good for too long.
    #[error("the overlap of a renewal is 90 days at most")]
    Overlap,
    /// The token has two good secrets.
    #[error(
        "the token {name:?} was renewed, and its secret of before is good until {until}; until then, renew it without an overlap, \
         which ends both, or create another token"
    )]
    RenewedLately {
        /// Its name.
        name: String,
        /// Until when.
        until: String,
    },
    /// The client has public keys, and no secret to renew.
    #[error("the client {0:?} has public keys instead of a secret; give it other keys")]
    HasKeys(String),
    /// The token is no client with public keys.
    #[error("the token {0:?} is no client with public keys")]
    NoKeys(String),
    /// As many tokens as may be are in use.
    #[error("the Directory has {0} tokens in use, which is as many as its setting tokensMax allows")]
    TooManyTokens(u32),
    /// The name for people cannot be a Directory's.
    #[error("{0:?} cannot be the name for people: it takes at most 200 characters, no control characters")]
    DisplayName(String),
    /// The Directory is protected.
    #[error("the Directory {0:?} is protected and refuses to be deleted")]
    Protected(String),
    /// The Directory is being deleted.
    #[error("the Directory {0:?} is being deleted")]
    Gone(String),
    /// Somebody else changed it meanwhile.
    #[error("{0:?} has changed meanwhile; look at it again")]
    Changed(String),
    /// The name cannot be an account's.
    #[error("{0:?} cannot be the name of an account: it takes 1 to 100 characters, no blanks, slashes or control characters")]
    AccountName(String),
    /// The name is taken.
    #[error("there is an account {0:?} already")]
    AccountExists(String),
    /// No account is called so.
    #[error("there is no account {0:?}")]
    NoAccount(String),
    /// No owner would be left.
    #[error("this is the last owner's account; make another account an owner first")]
    LastOwner,
    /// The name cannot be an API key's.
    #[error(
        "{0:?} cannot be the name of an API key: it takes 1 to 100 characters, no blanks, slashes or control characters, and no \
         session- at its beginning"
    )]
    KeyName(String),
    /// The account has an API key of this name.
    #[error("the account has an API key {0:?} already")]
    KeyExists(String),
    /// The account has as many API keys as it may.
    #[error("the account has {0} API keys, which is as many as it may have")]
    TooManyKeys(u32),
    /// The account has no API key of this name or number.
    #[error("the account has no API key {0:?}")]
    NoKey(String),
    /// The Directory has no user with this id or userName.
    #[error("the Directory has no user {0:?}")]
    NoUser(String),
    /// The Directory has no group with this id or displayName.
    #[error("the Directory has no group {0:?}")]
    NoGroup(String),
    /// The Directory has several groups with this displayName.
    #[error("the Directory has several groups {0:?}; name one by its id")]
    SeveralGroups(String),
    /// The key was used for another resource.
    #[error("this Idempotency-Key was used to create something else, which is {0}; take another key")]
    KeyOfOther(ResourceId),
    /// What was created by the key was deleted.
    #[error("what was created with this Idempotency-Key, {0}, was deleted, and its id is never used again; take another key")]
    KeySpent(ResourceId),
    /// What a client would be refused too, or what only the provider may do.
    #[error("{0}")]
    Refused(#[from] ScimError),
    /// A stored resource does not read as JSON.
    #[error("the stored document of resource {id} does not read")]
    Corrupt {
        /// The resource.
        id: String,
        /// What the reader says.
        #[source]
        source: serde_json::Error,
    },
    /// A schema or resource type is wrong, by itself or beside the others.
    #[error("the definition is refused:{list}", list = indented(.0))]
    Definition(Faults),
    /// Stored resources contradict a change of schemas.
    #[error("stored resources contradict the change, and nothing was changed:{list}", list = indented(.0))]
    Contradicted(Faults),
    /// Stored resources contradict indexes that an earlier change began to build.
    #[error(
        "the definitions are in force, but some indexes are not complete: searches do without them, and not every resource is \
         held to unique values:{list}",
        list = indented(.0)
    )]
    Unfinished(Faults),
    /// A schema was given for a resource type, or the other way round.
    #[error("this is a {}", if *found == DefinitionKind::Schema { "schema, not a resource type" } else { "resource type, not a schema" })]
    WrongKind {
        /// What it is.
        found: DefinitionKind,
    },
    /// The Directory was not given a definition of this name.
    #[error("the Directory was given none that is called {0:?}")]
    NoDefinition(String),
    /// The definition is one of every Directory.
    #[error("{0} is in the files of the server's configuration, for every Directory")]
    Everyones(String),
    /// A line of an export is wrong.
    #[error("line {line}: {problem}")]
    Line {
        /// Its number; counts from 1.
        line: u64,
        /// What is wrong, without its values.
        problem: String,
    },
    /// The file of an export is wrong as a whole.
    #[error("the file is refused: {0}")]
    File(String),
    /// The Directory is not one that a file can be imported into.
    #[error("the file cannot be imported into this Directory: {0}")]
    Target(String),
    /// What a file says of Directories is wrong.
    #[error("the file is refused, and nothing was changed:{list}", list = indented(.0))]
    Declared(Faults),
    /// Others change the same at the same time.
    #[error("others are changing the same; nothing is lost, try again")]
    TooBusy,
    /// The rules of the Directory cannot be read.
    #[error(transparent)]
    Settings(SettingsError),
    /// The password is refused, or could not be hashed.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The operating system has no randomness.
    #[error("the operating system has no randomness for a secret")]
    Randomness(#[from] getrandom::Error),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Each fault on a line of its own.
fn indented(faults: &Faults) -> String {
    faults.0.iter().map(|fault| format!("\n  {fault}")).collect()
}

fn provider_names() -> String {
    PROFILES.iter().map(|profile| profile.name).collect::<Vec<_>>().join(", ")
}
