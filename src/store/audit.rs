//! The record of what operators did: a chain of rows, each with a hash over itself and the row before.

use crate::clock::Timestamp;
use crate::id::DirectoryId;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// The hash of a row of the record.
pub type AuditHash = [u8; 32];

/// What the first row has as the hash of the row before.
pub const FIRST: AuditHash = [0; 32];

/// Who acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// What it is.
    pub kind: ActorKind,
    /// Its name.
    pub name: String,
    /// From where it acts, if over a network.
    pub address: Option<String>,
}

/// What an [`Actor`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActorKind {
    /// An operator's account, over the admin API.
    Account,
    /// A person at the command line, by the name of the operating system.
    Command,
    /// The server itself.
    Server,
    /// A client, by a token.
    Token,
}

impl ActorKind {
    /// The word in the column `actor_kind`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Command => "command",
            Self::Server => "server",
            Self::Token => "token",
        }
    }
}

impl Actor {
    /// The server itself.
    pub fn server() -> Self {
        Self { kind: ActorKind::Server, name: "scimd".into(), address: None }
    }

    /// An operator's account, over a network.
    pub fn account(name: impl Into<String>, address: Option<String>) -> Self {
        Self { kind: ActorKind::Account, name: name.into(), address }
    }

    /// A person at the command line.
    pub fn command(name: impl Into<String>) -> Self {
        Self { kind: ActorKind::Command, name: name.into(), address: None }
    }
}

/// An act to put on record.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEntry {
    /// Who acts.
    pub actor: Actor,
    /// When.
    pub at: Timestamp,
    /// What is done: `token.create`, `directory.pause`.
    pub act: &'static str,
    /// In which Directory, if in one.
    pub directory: Option<AuditDirectory>,
    /// What it is done to, by number or name; of what is created the store knows the number, and puts it here.
    pub target: String,
    /// What people call that.
    pub target_name: String,
    /// What of it differs, before; no secret.
    pub before: Option<Value>,
    /// And after.
    pub after: Option<Value>,
}

/// A Directory as the record names it, for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditDirectory {
    /// Its number.
    pub id: DirectoryId,
    /// Its name.
    pub name: String,
    /// Its provider.
    pub provider: String,
}

/// A row of the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRow {
    /// Its number, counting from 1 without gaps.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// What acted: the word of an [`ActorKind`].
    pub actor_kind: String,
    /// Its name.
    pub actor: String,
    /// From where.
    pub address: Option<String>,
    /// What was done.
    pub act: String,
    /// In which Directory.
    pub directory_id: Option<i64>,
    /// What that was called.
    pub directory_name: Option<String>,
    /// Its provider.
    pub provider: Option<String>,
    /// What it was done to.
    pub target: String,
    /// What people called that.
    pub target_name: String,
    /// JSON: what of it differed, before.
    pub before: Option<String>,
    /// And after.
    pub after: Option<String>,
    /// The hash of the row before.
    pub previous: AuditHash,
    /// The hash of this one.
    pub hash: AuditHash,
}

/// Which records are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Those of one Directory.
    pub directory: Option<DirectoryId>,
    /// Those of one act, or, with a dot at the end, of all that begin so: `token.`.
    pub act: Option<String>,
    /// Those of one actor, by name.
    pub actor: Option<String>,
    /// Those from then on.
    pub since: Option<Timestamp>,
    /// Those before.
    pub until: Option<Timestamp>,
}

impl AuditRow {
    /// The row of an entry, behind `last`: the number and hash of the row before. `target` is the number of what was created.
    pub fn of(entry: &AuditEntry, last: Option<(i64, AuditHash)>, target: Option<i64>) -> Self {
        let (seq, previous) = last.map_or((1, FIRST), |(seq, hash)| (seq + 1, hash));
        let mut row = Self {
            seq,
            at: entry.at,
            actor_kind: entry.actor.kind.word().to_owned(),
            actor: entry.actor.name.clone(),
            address: entry.actor.address.clone(),
            act: entry.act.to_owned(),
            directory_id: entry.directory.as_ref().map(|directory| directory.id.0),
            directory_name: entry.directory.as_ref().map(|directory| directory.name.clone()),
            provider: entry.directory.as_ref().map(|directory| directory.provider.clone()),
            target: target.map_or_else(|| entry.target.clone(), |number| number.to_string()),
            target_name: entry.target_name.clone(),
            before: entry.before.as_ref().map(Value::to_string),
            after: entry.after.as_ref().map(Value::to_string),
            previous,
            hash: FIRST,
        };
        row.hash = row.computed();
        row
    }

    /// The hash that the row has to have: SHA-256 over the hash before and the columns as a JSON array.
    pub fn computed(&self) -> AuditHash {
        let columns = json!([
            self.seq,
            self.at.0,
            self.actor_kind,
            self.actor,
            self.address,
            self.act,
            self.directory_id,
            self.directory_name,
            self.provider,
            self.target,
            self.target_name,
            self.before,
            self.after
        ]);
        let mut hash = Sha256::new();
        hash.update(self.previous);
        hash.update(columns.to_string());
        hash.finalize().into()
    }

    /// Whether it is as it was written, and stands behind `previous`, if that is known.
    pub fn follows(&self, previous: Option<&Self>) -> bool {
        self.hash == self.computed() && previous.is_none_or(|row| row.seq + 1 == self.seq && row.hash == self.previous)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(last: Option<&AuditRow>, name: &str) -> AuditRow {
        let entry = AuditEntry {
            actor: Actor::command("root"),
            at: Timestamp(5),
            act: "token.create",
            directory: None,
            target: String::new(),
            target_name: name.into(),
            before: None,
            after: Some(json!({ "name": name })),
        };
        AuditRow::of(&entry, last.map(|row| (row.seq, row.hash)), Some(7))
    }

    #[test]
    fn a_row_that_is_changed_moved_or_missing_shows() {
        let first = row(None, "a");
        let second = row(Some(&first), "b");
        let third = row(Some(&second), "c");
        assert!(first.follows(None) && second.follows(Some(&first)) && third.follows(Some(&second)));
        assert_eq!((first.seq, third.seq, first.target.as_str()), (1, 3, "7"));
        assert!(!third.follows(Some(&first)), "the second is missing");
        let changed = AuditRow { actor: "nobody".into(), ..second.clone() };
        assert!(!changed.follows(Some(&first)));
        let forged = AuditRow { hash: changed.computed(), ..changed };
        assert!(forged.follows(Some(&first)) && !third.follows(Some(&forged)), "then the next one shows it");
    }
}
