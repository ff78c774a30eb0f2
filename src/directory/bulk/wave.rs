//! Which neighbours may run at the same time: those of which nobody can tell the order.
//!
//! Told by: a unique value that one frees or takes and another takes, a resource that one deletes and another refers to, a
//! resource that both change. What cannot be known without reading the resource is assumed.

use super::prepare::{Action, Prepared, Task};
use crate::directory::Directory;
use crate::scim::schema::path::Resolved;
use crate::scim::schema::{IndexedAttribute, ResourceType};
use crate::store::IndexRow;
use std::collections::HashSet;

/// The first of `steps` that may run at the same time: at least one, at most `room`. A cycle is alone.
pub fn take<'s>(directory: &Directory, steps: &'s [Vec<usize>], prepared: &[Prepared], room: usize) -> &'s [Vec<usize>] {
    let mut wave = Wave::default();
    let mut count = 0;
    for step in steps.iter().take(room) {
        let &[operation] = step.as_slice() else { break };
        let one = &prepared[operation];
        if one.waits_for.iter().any(|other| wave.operations.contains(other)) {
            break;
        }
        if let Ok(task) = &one.task
            && !wave.admit(directory, task)
        {
            break;
        }
        wave.operations.insert(operation);
        count += 1;
    }
    &steps[..count.max(1)]
}

#[derive(Default)]
struct Wave {
    operations: HashSet<usize>,
    /// The unique values that are taken, by type, attribute and key.
    taken: HashSet<(String, String, String)>,
    creates: bool,
    updates: bool,
    /// Whether an update may free or take unique values, nobody knows which.
    updates_unique: bool,
    deletes: bool,
}

impl Wave {
    /// Lets the task in if its order with those inside does not matter.
    fn admit(&mut self, directory: &Directory, task: &Task) -> bool {
        match &task.action {
            Action::Create(_, body) => {
                let rows = directory.index_rows(&body.document, &task.resource_type);
                let key = |row: IndexRow| (task.resource_type.name.to_string(), row.attribute, row.value);
                let unique: Vec<_> = rows.into_iter().filter(IndexRow::is_unique).map(key).collect();
                if self.deletes || self.updates_unique || unique.iter().any(|key| self.taken.contains(key)) {
                    return false;
                }
                self.taken.extend(unique);
                self.creates = true;
            }
            Action::Replace(..) | Action::Patch(..) => {
                let unique = may_change_unique(directory, task);
                if self.deletes || unique && (self.creates || self.updates_unique) {
                    return false;
                }
                self.updates = true;
                self.updates_unique |= unique;
            }
            Action::Delete(..) => {
                if self.creates || self.updates {
                    return false;
                }
                self.deletes = true;
            }
        }
        true
    }
}

fn may_change_unique(directory: &Directory, task: &Task) -> bool {
    let resource_type = &*task.resource_type;
    let mut unique = resource_type.indexed.iter().filter(|indexed| directory.is_unique(resource_type, indexed)).peekable();
    match &task.action {
        Action::Create(..) | Action::Delete(..) => true,
        Action::Replace(..) => unique.peek().is_some(),
        Action::Patch(_, operations, _) => {
            let unique: Vec<&IndexedAttribute> = unique.collect();
            !unique.is_empty() && operations.iter().any(|operation| is_one_of(&operation.path, resource_type, &unique))
        }
    }
}

/// Whether a PATCH path is about one of the `unique` attributes, or about nobody knows what.
fn is_one_of(path: &str, resource_type: &ResourceType, unique: &[&IndexedAttribute]) -> bool {
    match resource_type.resolve(path.split('[').next().unwrap_or_default()) {
        Some(Resolved::Attribute(target)) => unique
            .iter()
            .any(|indexed| indexed.target.attribute.name == target.attribute.name && indexed.target.place == target.place),
        Some(Resolved::Container(_)) | None => true,
    }
}
