//! What a token may do.
//!
//! ```text
//! read            look at everything
//! write           look at everything, and change it
//! User:read       look at users
//! Group:write     look at groups, and change them
//! ```
//!
//! A token without scopes may do everything. The names before the colon are those of resource types, in any letter case.

use std::fmt;

/// What is done to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Access {
    /// It is looked at.
    Read,
    /// It is created, changed or deleted.
    Write,
}

/// The most scopes of a token.
pub const SCOPES_MAX: usize = 50;

/// The longest name of a resource type in a scope, in bytes.
const NAME_BYTES_MAX: usize = 100;

/// One scope.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Scope {
    /// The resource type; `None`: every one.
    resource_type: Option<String>,
    access: Access,
}

/// The scopes of a token.
#[derive(Debug, Clone, PartialEq, Eq, Default, Hash)]
pub struct Scopes(Vec<Scope>);

/// Why a text is no list of scopes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no scope: there are read, write, and TYPE:read and TYPE:write for a resource type, separated by blanks; {SCOPES_MAX} at most"
)]
pub struct ScopeError(pub String);

/// What a token without scopes may do.
pub static EVERYTHING: Scopes = Scopes(Vec::new());

impl Scopes {
    /// Reads scopes that are separated by blanks.
    ///
    /// # Errors
    /// One of them is none, or there are too many.
    pub fn parse(text: &str) -> Result<Self, ScopeError> {
        let scopes: Vec<Scope> = text.split_whitespace().map(scope).collect::<Result<_, _>>()?;
        if scopes.len() > SCOPES_MAX { Err(ScopeError(text.to_owned())) } else { Ok(Self(scopes)) }
    }

    /// Whether they allow this access to resources of this type.
    pub fn permit(&self, resource_type: &str, access: Access) -> bool {
        let covers = |scope: &Scope| {
            scope.access >= access && scope.resource_type.as_deref().is_none_or(|name| name.eq_ignore_ascii_case(resource_type))
        };
        self.0.is_empty() || self.0.iter().any(covers)
    }

    /// Whether everything is allowed.
    pub fn is_everything(&self) -> bool {
        self.0.is_empty()
    }

    /// Those of `asked` if these allow all of them; if `asked` is empty, these.
    pub fn narrowed(&self, asked: &Self) -> Option<Self> {
        let covered = |one: &Scope| {
            self.0.is_empty()
                || self.0.iter().any(|scope| {
                    let covers = |name: &String| one.resource_type.as_ref().is_some_and(|asked| asked.eq_ignore_ascii_case(name));
                    scope.access >= one.access && scope.resource_type.as_ref().is_none_or(covers)
                })
        };
        if asked.0.is_empty() { Some(self.clone()) } else { asked.0.iter().all(covered).then(|| asked.clone()) }
    }
}

fn scope(word: &str) -> Result<Scope, ScopeError> {
    let error = || ScopeError(word.to_owned());
    let (resource_type, access) = match word.rsplit_once(':') {
        None => (None, word),
        Some((name, access)) => {
            let is_name = (1..=NAME_BYTES_MAX).contains(&name.len())
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
            (Some(is_name.then(|| name.to_owned()).ok_or_else(error)?), access)
        }
    };
    let access = match access {
        "read" => Access::Read,
        "write" => Access::Write,
        _ => return Err(error()),
    };
    Ok(Scope { resource_type, access })
}

/// As [`Scopes::parse`] reads them.
impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, scope) in self.0.iter().enumerate() {
            let access = match scope.access {
                Access::Read => "read",
                Access::Write => "write",
            };
            let blank = if place == 0 { "" } else { " " };
            match &scope.resource_type {
                None => write!(f, "{blank}{access}")?,
                Some(name) => write!(f, "{blank}{name}:{access}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scopes(text: &str) -> Scopes {
        Scopes::parse(text).expect("scopes")
    }

    #[test]
    fn a_scope_permits_what_it_names_and_writing_includes_reading() {
        let (read, write) = (Access::Read, Access::Write);
        for (text, resource_type, access, permitted) in [
            ("", "User", write, true),
            ("read", "User", read, true),
            ("read", "Group", write, false),
            ("write", "Group", write, true),
            ("write", "Group", read, true),
            ("User:write", "User", read, true),
            ("user:write", "User", write, true),
            ("User:write", "Group", read, false),
            ("User:write Group:read", "Group", read, true),
            ("User:write Group:read", "Group", write, false),
            ("User:read write", "Group", write, true),
        ] {
            assert_eq!(scopes(text).permit(resource_type, access), permitted, "{text:?} {resource_type} {access:?}");
        }
    }

    #[test]
    fn scopes_are_narrowed_and_never_widened() {
        let narrowed = |held: &str, asked: &str| scopes(held).narrowed(&scopes(asked)).map(|scopes| scopes.to_string());
        assert_eq!(narrowed("", "User:read").as_deref(), Some("User:read"));
        assert_eq!(narrowed("User:write", "").as_deref(), Some("User:write"));
        assert_eq!(narrowed("write", "Group:read read").as_deref(), Some("Group:read read"));
        assert_eq!(narrowed("User:write", "User:read").as_deref(), Some("User:read"));
        assert_eq!(narrowed("User:write", "write"), None);
        assert_eq!(narrowed("User:read", "User:write"), None);
        assert_eq!(narrowed("User:write", "User:read Group:read"), None);
    }

    #[test]
    fn what_is_no_scope_is_refused() {
        for text in
            ["Read", "read,write", "User", "User:", ":read", "User:delete", "Us er:read", "U\"r:read", &"read ".repeat(51)]
        {
            assert!(Scopes::parse(text).is_err(), "{text:?}");
        }
        assert_eq!(scopes("  read   User:write ").to_string(), "read User:write");
    }
}
