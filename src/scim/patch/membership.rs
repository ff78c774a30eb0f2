//! Operations on the membership attribute (`members` of a Group) to set operations.
//!
//! Members are kept beside the document, so they are changed without reading them. Operations are composed in order:
//! what comes later wins.

use super::apply::PatchContext;
use super::target::{self, AttributeTarget, ElementFilter, PatchTarget};
use super::work::Work;
use super::{Op, Operation};
use crate::scim::ScimError;
use crate::scim::filter::ResolvedFilter;
use crate::scim::resource::normalize::format::last_segment;
use crate::scim::schema::{Attribute, Place, ResourceType};
use serde_json::Value;
use std::collections::{HashMap, HashSet};

/// What a PATCH does to the members, as set operations over their ids.
///
/// `add` and `remove` are disjoint and without duplicates; with `clear`, `remove` is empty. That is the whole answer
/// unless [`MemberPatch::needs_members`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MemberPatch {
    /// First all members go, except those in `add`, which stay as they are if present.
    pub clear: bool,
    /// The ids of those that come, as the client wrote them.
    pub add: Vec<String>,
    /// The ids of those that go.
    pub remove: Vec<String>,
    /// From the first operation on whose effect depends on who is a member: the rest, in order.
    pending: Vec<Step>,
    /// How many members `pending` may go over.
    elements_max: usize,
}

#[derive(Debug, Clone, PartialEq)]
enum Step {
    Clear,
    Add(Vec<String>),
    Remove(Vec<String>),
    /// With how many comparisons the filter makes.
    RemoveMatching(ResolvedFilter, usize),
    /// `replace` of one member by itself: no change, but there must be one (D-54).
    Require(String),
}

impl MemberPatch {
    /// Whether it asks for nothing.
    pub fn is_empty(&self) -> bool {
        !self.clear && self.add.is_empty() && self.remove.is_empty() && self.pending.is_empty()
    }

    /// Whether its effect depends on the present members, as `remove` of `members[type eq "Group"]` does. Then
    /// [`MemberPatch::resolve_matching`] must be called with all of them, as read in the state that is changed.
    pub fn needs_members(&self) -> bool {
        !self.pending.is_empty()
    }

    /// The ids that come by any of its operations, even if a later one takes them away again.
    pub fn newcomers(&self) -> impl Iterator<Item = &str> {
        let pending = self.pending.iter().flat_map(|step| match step {
            Step::Add(ids) => ids.as_slice(),
            Step::Clear | Step::Remove(_) | Step::RemoveMatching(..) | Step::Require(_) => &[],
        });
        self.add.iter().chain(pending).map(String::as_str)
    }

    /// Evaluates what depends on the present members. `current` holds all of them, as elements of the membership
    /// attribute with at least `value`: `{"value": "42", "type": "User", "display": "Babs"}`. `newcomers` holds those of
    /// [`MemberPatch::newcomers`] that exist, in the same form: a filter judges them too (P-3.5.2-15).
    ///
    /// # Errors
    /// - `noTarget`: `replace` of a member that is none (D-54)
    /// - `invalidValue`: several operations go over more members than a PATCH may
    pub fn resolve_matching(&mut self, current: &[Value], newcomers: &[Value]) -> Result<(), ScimError> {
        let id_of = |element: &Value| element.get("value").and_then(Value::as_str).map(str::to_owned);
        let present = current.iter().filter_map(id_of).collect::<HashSet<_>>();
        let newcomers = newcomers.iter().filter_map(|element| Some((id_of(element)?, element))).collect::<HashMap<_, _>>();
        let matches_new = |filter: &ResolvedFilter, id: &String| match newcomers.get(id) {
            Some(element) => filter.matches_element(element),
            // It does not exist, so it is refused unless it goes again; until then its id is all there is of it.
            None => filter.matches_element(&serde_json::json!({ "value": id })),
        };
        let patch = std::mem::take(self);
        let mut changes = Changes { clear: patch.clear, ..Changes::default() };
        changes.add(patch.add);
        changes.remove(patch.remove);
        let work = Work::new(patch.elements_max);
        let mut is_first = true;
        for step in patch.pending {
            match step {
                Step::Clear => changes.clear(),
                Step::Add(ids) => changes.add(ids),
                Step::Remove(ids) => changes.remove(ids),
                Step::RemoveMatching(filter, comparisons) => {
                    // One operation may go over all members, however many there are.
                    if !std::mem::take(&mut is_first) {
                        work.go_over(current.len().saturating_mul(comparisons))?;
                    }
                    let kept = current.iter().filter(|element| id_of(element).is_some_and(|id| changes.has(&id, &present)));
                    let mut matching =
                        kept.filter(|element| filter.matches_element(element)).filter_map(id_of).collect::<Vec<_>>();
                    let new = changes.added().filter(|id| !present.contains(*id));
                    matching.extend(new.filter(|id| matches_new(&filter, id)).cloned());
                    changes.remove(matching);
                }
                Step::Require(id) if changes.has(&id, &present) => {}
                Step::Require(_) => return Err(ScimError::no_target("the filter of a replace matches no member")),
            }
        }
        *self = changes.finish();
        Ok(())
    }
}

/// Takes the operations on the membership attribute out of `operations` and composes them; the rest is for
/// [`super::apply()`]. A type without membership attribute has no such operations.
///
/// `add` and `replace` take a list of members or one; a member is known by `value`, or else by the last segment of `$ref`.
/// `replace` with null or an empty list, and `remove` without value, clear. `remove` with a list removes only those (D-57).
///
/// # Errors
/// - `invalidValue`: a member without `value` and `$ref`, not an object, or more of them than `limits` allows
/// - `mutability`: an operation on a sub-attribute of members (D-67)
pub fn split(
    operations: Vec<Operation>,
    resource_type: &ResourceType,
    context: &PatchContext<'_>,
) -> Result<(Vec<Operation>, MemberPatch), ScimError> {
    let Some(membership) = &resource_type.membership else { return Ok((operations, MemberPatch::default())) };
    let mut rest = Vec::new();
    let mut plan = Plan { elements_max: context.limits.patch_elements_max, ..Plan::default() };
    for mut operation in operations {
        match target::resolve(&operation.path, resource_type, context) {
            Ok(PatchTarget::Attribute(target)) if is_membership(&target, membership) => {
                plan.take(&operation, &target, context).map_err(|error| operation.locate(error))?;
            }
            Ok(PatchTarget::Container(urn)) if *urn == *resource_type.schema.id => {
                for (name, value) in take_members(&mut operation, membership) {
                    let members = Operation {
                        number: operation.number,
                        op: operation.op,
                        path: format!("{urn}:{name}"),
                        value: Some(value),
                        from_object: true,
                    };
                    let target = AttributeTarget::whole(Place::Core, membership.clone());
                    plan.take(&members, &target, context).map_err(|error| members.locate(error))?;
                }
                rest.push(operation);
            }
            // What is wrong with a path, `apply` says.
            Ok(_) | Err(_) => rest.push(operation),
        }
    }
    Ok((rest, plan.finish()))
}

/// Whether an attribute path is about the membership attribute.
pub(super) fn is_membership(target: &AttributeTarget, membership: &Attribute) -> bool {
    target.place == Place::Core && target.attribute.name == membership.name
}

/// Takes the members out of the value of an operation on the base schema's container.
fn take_members(operation: &mut Operation, membership: &Attribute) -> Vec<(String, Value)> {
    let Some(Value::Object(container)) = &mut operation.value else { return Vec::new() };
    let names = container.keys().filter(|name| name.eq_ignore_ascii_case(&membership.name)).cloned().collect::<Vec<_>>();
    names.into_iter().filter_map(|name| container.shift_remove_entry(&name)).collect()
}

/// The steps of a request: composed as far as possible, then in order.
#[derive(Default)]
struct Plan {
    changes: Changes,
    pending: Vec<Step>,
    named: usize,
    elements_max: usize,
}

impl Plan {
    fn take(&mut self, operation: &Operation, target: &AttributeTarget, context: &PatchContext<'_>) -> Result<(), ScimError> {
        if target.sub.is_some() {
            return Err(ScimError::mutability("the sub-attributes of a member cannot be changed; add or remove the member"));
        }
        let value = operation.value.as_ref().unwrap_or(&Value::Null);
        match &target.filter {
            None => {
                let ids = ids(value)?;
                match operation.op {
                    Op::Add => self.step(Step::Add(ids)),
                    // A value that lists nobody removes nobody.
                    Op::Remove if !value.is_null() => self.step(Step::Remove(ids)),
                    Op::Remove => self.step(Step::Clear),
                    Op::Replace => {
                        self.step(Step::Clear);
                        self.step(Step::Add(ids));
                    }
                }
            }
            Some(filter) => match (operation.op, filter.alternatives()) {
                (Op::Remove, Some(ids)) => self.step(Step::Remove(ids)),
                (Op::Replace, Some(ids)) if value.is_null() => self.step(Step::Remove(ids)),
                (Op::Remove, None) => self.step(filter.removal()),
                (Op::Replace, None) if value.is_null() => self.step(filter.removal()),
                (Op::Add, _) if value.is_null() => {}
                (Op::Add | Op::Replace, _) => {
                    let id = filter.terms().and_then(|terms| terms.get("value")?.as_str().map(str::to_owned));
                    let Some(id) = id.filter(|id| is_same_member(value, id)) else {
                        return Err(ScimError::mutability("a member cannot be changed into another one; remove it and add that"));
                    };
                    let creates = operation.op == Op::Add || context.tolerance.create_on_replace_no_match;
                    self.step(if creates { Step::Add(vec![id]) } else { Step::Require(id) });
                }
            },
        }
        let max = context.limits.members_max;
        if self.named > max {
            return Err(ScimError::invalid_value(format!("one request may name {max} members")));
        }
        Ok(())
    }

    fn step(&mut self, step: Step) {
        match &step {
            Step::Add(ids) | Step::Remove(ids) => self.named += ids.len(),
            Step::Require(_) => self.named += 1,
            Step::Clear | Step::RemoveMatching(..) => {}
        }
        match step {
            // Nothing before it matters any more, not even what depended on the members.
            Step::Clear if !self.pending.iter().any(|step| matches!(step, Step::Require(_))) => {
                self.pending.clear();
                self.changes.clear();
            }
            Step::Add(ids) if self.pending.is_empty() => self.changes.add(ids),
            Step::Remove(ids) if self.pending.is_empty() => self.changes.remove(ids),
            step => self.pending.push(step),
        }
    }

    fn finish(self) -> MemberPatch {
        MemberPatch { pending: self.pending, elements_max: self.elements_max, ..self.changes.finish() }
    }
}

impl ElementFilter {
    fn removal(&self) -> Step {
        Step::RemoveMatching(self.resolved.clone(), target::comparisons(&self.syntax))
    }
}

/// Set operations in composition: for each id the last word.
#[derive(Default)]
struct Changes {
    clear: bool,
    order: Vec<String>,
    present: HashMap<String, bool>,
}

impl Changes {
    fn clear(&mut self) {
        *self = Self { clear: true, ..Self::default() };
    }

    fn add(&mut self, ids: Vec<String>) {
        ids.into_iter().for_each(|id| self.set(id, true));
    }

    fn remove(&mut self, ids: Vec<String>) {
        ids.into_iter().for_each(|id| self.set(id, false));
    }

    fn set(&mut self, id: String, present: bool) {
        if let Some(state) = self.present.get_mut(&id) {
            *state = present;
        } else {
            self.order.push(id.clone());
            self.present.insert(id, present);
        }
    }

    /// Whether `id` is a member after these changes, given who was before.
    fn has(&self, id: &str, before: &HashSet<String>) -> bool {
        self.present.get(id).copied().unwrap_or(!self.clear && before.contains(id))
    }

    fn added(&self) -> impl Iterator<Item = &String> {
        self.order.iter().filter(|id| self.present.get(*id) == Some(&true))
    }

    fn finish(self) -> MemberPatch {
        let (add, remove) = self.order.into_iter().partition::<Vec<_>, _>(|id| self.present.get(id) == Some(&true));
        let remove = if self.clear { Vec::new() } else { remove };
        MemberPatch { clear: self.clear, add, remove, ..MemberPatch::default() }
    }
}

/// The ids in a list of members, or in one member.
fn ids(value: &Value) -> Result<Vec<String>, ScimError> {
    let elements = match value {
        Value::Array(elements) => elements.as_slice(),
        single => std::slice::from_ref(single),
    };
    elements.iter().filter_map(|element| id(element).transpose()).collect()
}

/// `None`: an empty element, which counts as none (D-10).
fn id(element: &Value) -> Result<Option<String>, ScimError> {
    let object = match element {
        Value::Null => return Ok(None),
        Value::Object(object) if object.is_empty() => return Ok(None),
        Value::Object(object) => object,
        _ => return Err(ScimError::invalid_value("a member is an object with value, such as {\"value\": \"…\"}")),
    };
    let member = |name: &str| match object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.as_str()).filter(|text| !text.is_empty())),
        Some(_) => Err(ScimError::invalid_value(format!("{name} of a member must be a string"))),
    };
    match (member("value")?, member("$ref")?.and_then(last_segment)) {
        (Some(id), _) => Ok(Some(id.to_owned())),
        (None, Some(id)) => Ok(Some(id.into_owned())),
        (None, None) => Err(ScimError::invalid_value("a member needs a value, the id of a resource")),
    }
}

/// Whether a value for the member `id` leaves it that member.
fn is_same_member(value: &Value, id: &str) -> bool {
    match self::id(value) {
        Ok(given) => given.is_none_or(|given| given == id),
        // Other sub-attributes are computed; they change nothing.
        Err(_) => value.as_object().is_some_and(|value| value.keys().all(|name| !name.eq_ignore_ascii_case("value"))),
    }
}

#[cfg(test)]
mod tests;
