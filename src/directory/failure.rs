//! How the store's failures read to a client.

use crate::auth::PasswordError;
use crate::scim::{ErrorKind, ScimError};
use crate::store::{Bound, StoreError};
use std::error::Error;

/// What the client reads of a failure that is not its own.
const FAILED: &str = "the server failed; its log has the cause under this request's id";

impl From<StoreError> for ScimError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Uniqueness { attribute } => Self::uniqueness(&attribute),
            StoreError::NotFound => Self::resource_not_found(),
            StoreError::VersionConflict => Self::new(
                ErrorKind::PreconditionFailed,
                "the resource has changed since the version that If-Match names; read it again",
            ),
            StoreError::SchemasChanged => Self::schemas_changed(),
            StoreError::OtherSource => {
                Self::new(ErrorKind::Forbidden, "somebody else made this resource, and nobody else changes it")
            }
            StoreError::Barred => Self::new(
                ErrorKind::Forbidden,
                "an operator of the server deleted or disabled this resource; unassign it at the provider and assign it again, or ask \
                 an operator",
            ),
            StoreError::Spent => Self::new(ErrorKind::Conflict, error.to_string()),
            StoreError::UnknownMember => Self::invalid_value("a member's value must be the id of a resource of this Directory"),
            StoreError::Unsupported { attribute } => Self::invalid_filter(format!("{attribute} cannot be compared like this")),
            StoreError::Bound(bound) => beyond(&bound),
            StoreError::TooMany { .. } => Self::new(ErrorKind::TooMany, error.to_string()),
            StoreError::Contention(_) | StoreError::Unavailable(_) => {
                log(&error);
                Self::new(ErrorKind::Unavailable, "the database is not available; try again shortly")
            }
            StoreError::Full(_) => {
                log(&error);
                Self::new(ErrorKind::InsufficientStorage, "the server has no space left to store this")
            }
            StoreError::Exists
            | StoreError::LimitReached { .. }
            | StoreError::LastOwner
            | StoreError::Corrupt { .. }
            | StoreError::Migrate(_)
            | StoreError::Database(_) => {
                log(&error);
                Self::new(ErrorKind::Internal, FAILED)
            }
        }
    }
}

/// 400 for what would be more than the settings of the Directory allow.
///
/// Not 403, which providers take for wrong credentials and stop for altogether; not 409, which tells them to look for the resource that
/// is there already; not 429, which tells them to come again: this is about the one resource, until somebody changes something.
fn beyond(bound: &Bound) -> ScimError {
    ScimError::invalid_value(match bound {
        Bound::Resources { resource_type, max } => {
            let setting = if resource_type == "User" { "usersMax" } else { "groupsMax" };
            format!("the Directory has as many resources of type {resource_type} as it may have: {max} (its setting {setting})")
        }
        Bound::Members { max } => format!("members: the group would have more than {max} (membersMax of the Directory)"),
        Bound::Memberships { max } => {
            format!("members: a user would be in more than {max} groups (groupsPerUserMax of the Directory)")
        }
    })
}

impl From<PasswordError> for ScimError {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::TooShort { .. } | PasswordError::TooLong { .. } | PasswordError::Disallowed => {
                Self::invalid_value(format!("password: {error}"))
            }
            PasswordError::Randomness(_) | PasswordError::Hashing(_) => {
                log(&error);
                Self::new(ErrorKind::Internal, FAILED)
            }
        }
    }
}

/// Logs the whole chain, once: the client reads one fixed sentence.
fn log(error: &dyn Error) {
    let mut chain = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        chain.push_str(": ");
        chain.push_str(&cause.to_string());
        source = cause.source();
    }
    tracing::error!(cause = %chain, "a request failed");
}
