//! The record of what operators did: a chain of rows, each with a hash over itself and the row before.

use crate::clock::Timestamp;
use crate::id::DirectoryId;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// The hash of a row of the record.
pub type AuditHash = [u8; 32];

/// A place in the chain: the number and the hash of a row, which the next row stands behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// The number.
    pub seq: i64,
    /// The hash.
    pub hash: AuditHash,
}

impl Link {
    /// What the very first row stands behind.
    pub const FIRST: Self = Self { seq: 0, hash: [0; 32] };
}

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
    /// The row of an entry, behind `last`. `target` is the number of what was created.
    pub fn of(entry: &AuditEntry, last: Link, target: Option<i64>) -> Self {
        let mut row = Self {
            seq: last.seq + 1,
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
            previous: last.hash,
            hash: [0; 32],
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

    /// Its place in the chain.
    pub fn link(&self) -> Link {
        Link { seq: self.seq, hash: self.hash }
    }

    /// Whether it is as it was written, and stands behind `link`.
    pub fn follows(&self, link: Link) -> bool {
        self.seq - 1 == link.seq && self.previous == link.hash && self.hash == self.computed()
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
        AuditRow::of(&entry, last.map_or(Link::FIRST, AuditRow::link), Some(7))
    }

    #[test]
    fn a_row_that_is_changed_moved_or_missing_shows() {
        let first = row(None, "a");
        let second = row(Some(&first), "b");
        let third = row(Some(&second), "c");
        assert!(first.follows(Link::FIRST) && second.follows(first.link()) && third.follows(second.link()));
        assert_eq!((first.seq, third.seq, first.target.as_str()), (1, 3, "7"));
        assert!(!third.follows(first.link()), "the second is missing");
        assert!(!second.follows(Link::FIRST), "the first is missing");
        let changed = AuditRow { actor: "nobody".into(), ..second.clone() };
        assert!(!changed.follows(first.link()));
        let forged = AuditRow { hash: changed.computed(), ..changed };
        assert!(forged.follows(first.link()) && !third.follows(forged.link()), "then the next one shows it");
    }
}
