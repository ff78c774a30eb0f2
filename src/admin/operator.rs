//! An operator at work.

use crate::clock::{Clock, Timestamp};
use crate::store::audit::{Actor, AuditDirectory, AuditEntry};
use crate::store::operator::Operation;
use crate::store::{DirectoryRow, OperatorStore, StoreError};
use serde_json::Value;

/// An operator at work: who, on what, and when.
#[derive(Clone)]
pub struct Operator<'a> {
    /// Where everything is kept.
    pub store: &'a dyn OperatorStore,
    /// The time.
    pub clock: &'a dyn Clock,
    /// Who it is, for the record.
    pub actor: Actor,
}

/// What is done, for the record.
#[derive(Debug, Clone, Default)]
pub struct Act<'a> {
    /// When; `None`: at the moment at which it is done. What is created says the same moment in its answer and in its row.
    pub at: Option<Timestamp>,
    /// Its name: `token.create`.
    pub name: &'static str,
    /// The Directory in which it is done.
    pub directory: Option<&'a DirectoryRow>,
    /// The number of what it is done to; empty if that is new.
    pub target: String,
    /// What people call that.
    pub target_name: String,
    /// What of it differs, before: an object without secrets.
    pub before: Option<Value>,
    /// And after.
    pub after: Option<Value>,
}

impl<'a> Operator<'a> {
    /// Somebody at work on `store`.
    pub fn new(store: &'a dyn OperatorStore, clock: &'a dyn Clock, actor: Actor) -> Self {
        Self { store, clock, actor }
    }

    /// Does something and puts it on record. Gives the number of what was created or changed.
    ///
    /// # Errors
    /// Those of [`OperatorStore::operate`].
    pub async fn act(&self, act: Act<'_>, operation: Operation) -> Result<i64, StoreError> {
        self.store.operate(operation, self.entry(act)).await
    }

    /// What is done, as it comes on record.
    pub fn entry(&self, act: Act<'_>) -> AuditEntry {
        let directory =
            act.directory.map(|row| AuditDirectory { id: row.id, name: row.name.clone(), provider: row.provider.clone() });
        AuditEntry {
            actor: self.actor.clone(),
            at: act.at.unwrap_or_else(|| self.clock.now()),
            act: act.name,
            directory,
            target: act.target,
            target_name: act.target_name,
            before: act.before,
            after: act.after,
        }
    }
}

/// The members of two objects that differ, for the record: as they were, and as they are.
pub fn difference(before: Value, after: Value) -> (Option<Value>, Option<Value>) {
    let (Value::Object(mut before), Value::Object(mut after)) = (before, after) else { return (None, None) };
    let same: Vec<String> =
        before.iter().filter(|(name, value)| after.get(*name) == Some(value)).map(|(name, _)| name.clone()).collect();
    for name in same {
        before.remove(&name);
        after.remove(&name);
    }
    (Some(Value::Object(before)), Some(Value::Object(after)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_difference_has_what_differs_on_each_side() {
        let found = difference(json!({ "a": 1, "b": 2, "c": null }), json!({ "a": 1, "b": 3, "d": 4 }));
        assert_eq!(found, (Some(json!({ "b": 2, "c": null })), Some(json!({ "b": 3, "d": 4 }))));
    }
}
