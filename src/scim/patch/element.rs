//! What one operation does to the elements of a multi-valued attribute.

use super::Op;
use super::value::{Edit, assigned, clears, merge, object_of, write_member};
use crate::scim::ScimError;
use crate::scim::key::key;
use crate::scim::resource::normalize::value::{check_primary, merge_duplicates};
use crate::scim::resource::{attribute_value, element_value};
use crate::scim::schema::{Attribute, AttributeType, Mutability};
use serde_json::{Map, Value};
use std::collections::{HashMap, HashSet};

/// Which elements an operation is about.
pub(super) struct Selection<'a> {
    /// Whether an element is selected.
    pub matches: Box<dyn Fn(&Value) -> bool + 'a>,
    /// How many comparisons that takes.
    pub comparisons: usize,
    /// What an element must have so that it is selected, if that can be said: the `eq` terms of a filter (D-53).
    pub terms: Option<Map<String, Value>>,
    /// Whether `replace` creates an element if there is none (D-54).
    pub replace_creates: bool,
}

impl Selection<'_> {
    /// All elements: the path has no filter. A target without value is added by `replace` too (RFC 7644 §3.5.2.3).
    pub fn all() -> Self {
        Self { matches: Box::new(|_| true), comparisons: 1, terms: Some(Map::new()), replace_creates: true }
    }
}

/// Applies an operation to all of a multi-valued attribute: `add` appends (D-52), `replace` replaces (D-55), `remove` with a
/// `value` removes what that lists (D-57). A single value counts as a list of one.
pub(super) fn write_list(
    edit: Edit<'_>,
    attribute: &Attribute,
    slot: &mut Option<Value>,
    value: &Value,
) -> Result<(), ScimError> {
    let list = match value {
        Value::Null | Value::Array(_) => value.clone(),
        single => Value::Array(vec![single.clone()]),
    };
    match (edit.op, list) {
        (Op::Remove, Value::Array(list)) => {
            let mut listed = Listed::default();
            for element in &list {
                listed.extend(attribute, one(edit, attribute, element)?);
            }
            let elements = elements_of(slot.take());
            edit.work.go_over(elements.len().saturating_mul(listed.0.len().saturating_sub(1)))?;
            let kept = elements.into_iter().filter(|element| !listed.has(attribute, element));
            *slot = list_of(kept.collect());
        }
        (Op::Remove, _) => *slot = None,
        (Op::Replace, list) => {
            let after = attribute_value(attribute, &list, edit.name, edit.context)?;
            check_immutable_elements(attribute, slot.as_ref(), after.as_ref())?;
            *slot = after;
        }
        (Op::Add, list) => {
            let Some(added) = attribute_value(attribute, &list, edit.name, edit.context)? else { return Ok(()) };
            let before = if has_immutable_subs(attribute) { slot.clone() } else { None };
            let mut elements = elements_of(slot.take());
            let added = elements_of(Some(added));
            if added.iter().any(is_primary) {
                elements.iter_mut().for_each(unset_primary);
            }
            elements.extend(added);
            let merged = merge_duplicates(attribute, elements);
            check_count(edit, &merged)?;
            *slot = list_of(merged);
            check_immutable_elements(attribute, before.as_ref(), slot.as_ref())?;
        }
    }
    Ok(())
}

/// Applies an operation to the selected elements, or to a sub-attribute of each. The value of a singular complex attribute
/// counts as its one element (D-68).
///
/// # Errors
/// - `noTarget`: nothing is selected, and no element can be created from the terms of the selection (D-53, D-54)
/// - `invalidValue`: `value` does not fit, makes several elements primary (D-14), or is too long for all the elements
/// - `mutability`: an immutable sub-attribute has another value already
pub(super) fn write_selected(
    edit: Edit<'_>,
    attribute: &Attribute,
    sub: Option<&Attribute>,
    slot: &mut Option<Value>,
    value: &Value,
    selection: &Selection<'_>,
) -> Result<(), ScimError> {
    let mut elements = elements_of(slot.take());
    // Once over all elements is counted already.
    edit.work.go_over(elements.len().saturating_mul(selection.comparisons.saturating_sub(1)))?;
    let selected = elements.iter().map(|element| (selection.matches)(element)).collect::<Vec<_>>();
    if !selected.contains(&true) {
        *slot = slot_of(attribute, elements);
        return create(edit, attribute, sub, slot, value, selection);
    }
    edit.work.copy(value, selected.iter().filter(|selected| **selected).count())?;
    for (element, _) in elements.iter_mut().zip(&selected).filter(|(_, selected)| **selected) {
        let before = element.clone();
        match sub {
            Some(sub) => {
                let mut object = object_of(Some(element.take()));
                write_member(edit, attribute, sub, &mut object, value)?;
                *element = assigned(object).unwrap_or_default();
            }
            None => write_element(edit, attribute, element, value)?,
        }
        if edit.op != Op::Remove || sub.is_some() {
            check_immutable(attribute, &before, element)?;
        }
    }
    let sets_primary = match sub {
        Some(sub) => sub.name == "primary",
        None => value.as_object().is_some_and(|value| value.keys().any(|name| name.eq_ignore_ascii_case("primary"))),
    };
    if sets_primary {
        settle_primary(edit, &mut elements, &selected)?;
    }
    elements.retain(|element| !element.is_null());
    if edit.op != Op::Remove && attribute.multi_valued {
        // The change may have made two elements equal (D-15).
        elements = merge_duplicates(attribute, elements);
    }
    *slot = slot_of(attribute, elements);
    Ok(())
}

/// One element in canonical form; for a singular attribute, its value.
pub(super) fn one(edit: Edit<'_>, attribute: &Attribute, value: &Value) -> Result<Option<Value>, ScimError> {
    element_value(attribute, value, edit.name, edit.context)
}

/// Null is an element that goes.
fn write_element(edit: Edit<'_>, attribute: &Attribute, element: &mut Value, value: &Value) -> Result<(), ScimError> {
    match (edit.op, value) {
        (Op::Remove, _) | (Op::Replace, Value::Null) => *element = Value::Null,
        (Op::Add, Value::Null) => {}
        (Op::Add, Value::Object(given)) if attribute.is_complex() => {
            let mut object = object_of(Some(element.take()));
            merge(edit, attribute, &mut object, given)?;
            *element = assigned(object).unwrap_or_default();
        }
        // Wholesale: what is not given is gone (D-56).
        (Op::Add | Op::Replace, value) => *element = one(edit, attribute, value)?.unwrap_or_default(),
    }
    Ok(())
}

fn create(
    edit: Edit<'_>,
    attribute: &Attribute,
    sub: Option<&Attribute>,
    slot: &mut Option<Value>,
    value: &Value,
    selection: &Selection<'_>,
) -> Result<(), ScimError> {
    let creates = match edit.op {
        Op::Remove => return Ok(()),
        Op::Add => true,
        Op::Replace => selection.replace_creates,
    };
    let no_target = |detail: &str| Err(ScimError::no_target(format!("no value of {} matches{detail}", edit.name)));
    if !creates {
        return no_target("");
    }
    let Some(terms) = &selection.terms else {
        return no_target(", and a filter that is not a conjunction of eq does not say what to create");
    };
    if !attribute.multi_valued && slot.is_some() {
        return no_target("; the attribute has another one");
    }
    if value.is_null() {
        return Ok(());
    }
    let mut element = Value::Object(terms.clone());
    match (sub, value) {
        (Some(sub), value) => set(&mut element, &sub.name, value),
        (None, Value::Object(given)) => given.iter().for_each(|(name, value)| set(&mut element, name, value)),
        // A multi-valued simple attribute, or something that is refused below.
        (None, value) => element = value.clone(),
    }
    if attribute.multi_valued {
        return write_list(Edit { op: Op::Add, ..edit }, attribute, slot, &element);
    }
    if !clears(attribute, element.get("value"), edit.context) {
        *slot = one(edit, attribute, &element)?;
    }
    Ok(())
}

/// Sets a member in place of one in another spelling.
fn set(element: &mut Value, name: &str, value: &Value) {
    let Some(object) = element.as_object_mut() else { return };
    object.retain(|key, _| !key.eq_ignore_ascii_case(name));
    object.insert(name.to_owned(), value.clone());
}

/// If the operation made one of the selected elements primary, no other is (D-14).
fn settle_primary(edit: Edit<'_>, elements: &mut [Value], selected: &[bool]) -> Result<(), ScimError> {
    let now = elements.iter().zip(selected).filter(|(_, selected)| **selected).map(|(element, _)| element.clone());
    let now = now.filter(is_primary).collect::<Vec<_>>();
    check_primary(edit.name, &now)?;
    if !now.is_empty() {
        elements.iter_mut().zip(selected).filter(|(_, selected)| !**selected).for_each(|(element, _)| unset_primary(element));
    }
    Ok(())
}

fn is_primary(element: &Value) -> bool {
    element.get("primary") == Some(&Value::Bool(true))
}

fn unset_primary(element: &mut Value) {
    if let Some(primary) = element.get_mut("primary").filter(|primary| **primary == Value::Bool(true)) {
        *primary = Value::Bool(false);
    }
}

/// What a `remove` lists: elements by `value`, else by all sub-attributes given (D-57). For each set of sub-attributes, the
/// values that they may have together, so that long lists cost no more than their length.
#[derive(Default)]
struct Listed(HashMap<Vec<String>, HashSet<Vec<String>>>);

impl Listed {
    fn extend(&mut self, attribute: &Attribute, element: Option<Value>) {
        let Some(element) = element else { return };
        let names = match &element {
            Value::Object(object) if object.contains_key("value") => vec!["value".to_owned()],
            // In the order of the schema, as all canonical values are.
            Value::Object(object) => object.keys().cloned().collect(),
            _ => Vec::new(),
        };
        if let Some(values) = comparable(attribute, &element, &names) {
            self.0.entry(names).or_default().insert(values);
        }
    }

    fn has(&self, attribute: &Attribute, element: &Value) -> bool {
        self.0.iter().any(|(names, listed)| comparable(attribute, element, names).is_some_and(|values| listed.contains(&values)))
    }
}

/// The sub-attributes called `names` of an element, in the letter case that they compare in; without names, the element itself.
fn comparable(attribute: &Attribute, element: &Value, names: &[String]) -> Option<Vec<String>> {
    let text = |attribute: &Attribute, value: &Value| match (value, attribute.attribute_type) {
        (Value::String(text), AttributeType::String | AttributeType::Reference | AttributeType::Binary) => key(attribute, text),
        (value, _) => value.to_string(),
    };
    if names.is_empty() {
        return Some(vec![text(attribute, element)]);
    }
    names.iter().map(|name| Some(text(attribute.sub_attribute(name)?, element.get(name)?))).collect()
}

fn check_count(edit: Edit<'_>, elements: &[Value]) -> Result<(), ScimError> {
    let max = edit.context.limits.elements_max;
    if elements.len() > max {
        return Err(ScimError::invalid_value(format!("{}: more than {max} values", edit.name)));
    }
    Ok(())
}

/// An element before and after: each immutable sub-attribute is as it was, or had no value.
pub(super) fn check_immutable(attribute: &Attribute, before: &Value, after: &Value) -> Result<(), ScimError> {
    for sub in attribute.sub_attributes.iter().filter(|sub| sub.mutability == Mutability::Immutable) {
        if let Some(value) = before.get(&sub.name)
            && after.get(&sub.name) != Some(value)
        {
            return Err(ScimError::mutability(format!("{}.{} is immutable and has another value", attribute.name, sub.name)));
        }
    }
    Ok(())
}

/// Whether parts of its values never change.
pub(super) fn has_immutable_subs(attribute: &Attribute) -> bool {
    attribute.sub_attributes.iter().any(|sub| sub.mutability == Mutability::Immutable)
}

/// [`check_immutable`] for a whole list: elements are the same by `value`, and a new `value` is a new element (D-17).
fn check_immutable_elements(attribute: &Attribute, before: Option<&Value>, after: Option<&Value>) -> Result<(), ScimError> {
    let Some(value) = attribute.sub_attribute("value") else { return Ok(()) };
    if !has_immutable_subs(attribute) {
        return Ok(());
    }
    let identified = |list: Option<&Value>| {
        let elements = list.and_then(Value::as_array).cloned().unwrap_or_default();
        elements.into_iter().filter_map(|element| Some((key(value, element.get("value")?.as_str()?), element)))
    };
    let before = identified(before).collect::<HashMap<_, _>>();
    for (id, after) in identified(after) {
        if let Some(before) = before.get(&id) {
            check_immutable(attribute, before, &after)?;
        }
    }
    Ok(())
}

fn elements_of(slot: Option<Value>) -> Vec<Value> {
    match slot {
        Some(Value::Array(elements)) => elements,
        Some(single) => vec![single],
        None => Vec::new(),
    }
}

fn slot_of(attribute: &Attribute, elements: Vec<Value>) -> Option<Value> {
    if attribute.multi_valued { list_of(elements) } else { elements.into_iter().next() }
}

fn list_of(elements: Vec<Value>) -> Option<Value> {
    (!elements.is_empty()).then_some(Value::Array(elements))
}
