//! The operations of one PATCH request, in order, on a copy of the document.

use super::element::{Selection, check_immutable, has_immutable_subs, write_selected};
use super::membership::is_membership;
use super::target::{self, AttributeTarget, PatchTarget};
use super::value::{Edit, is_empty, write, write_sub};
use super::work::Work;
use super::{Op, Operation, schemas};
use crate::scim::filter::FilterOptions;
use crate::scim::resource::validate::validate;
use crate::scim::resource::{Document, ValueContext, ValueLimits, canonicalize};
use crate::scim::schema::{Attribute, Mutability, Place, ResourceType};
use crate::scim::{ErrorKind, ScimError, Tolerance};
use serde_json::{Map, Value};
use std::cell::RefCell;

/// What operations are judged by.
#[derive(Debug, Clone, Copy)]
pub struct PatchContext<'a> {
    /// Where the Directory bends.
    pub tolerance: &'a Tolerance,
    /// How large values may be.
    pub limits: &'a ValueLimits,
    /// How filters in paths are read.
    pub filter: &'a FilterOptions,
    /// The resource's id: a client may send it back unchanged (D-66).
    pub id: &'a str,
}

/// What came of a PATCH.
#[derive(Debug, Clone, PartialEq)]
pub struct Patched {
    /// The new document; equal to the old one if nothing changed (D-62).
    pub document: Document,
    /// The new password in clear, if it was set; `Some(None)` if it was removed.
    pub password: Option<Option<String>>,
    /// The names of the attributes that the client sent, `urn:…:name` in extensions: they may be answered though
    /// `returned` is `request` (D-49).
    pub sent: Vec<String>,
    /// What was left out, for the request log.
    pub ignored: Vec<String>,
}

/// Applies the operations of one PATCH request, in order (RFC 7644 §3.5.2); [`super::membership::split`] has taken out those on
/// the membership attribute.
///
/// All or nothing: on error nothing happened. Errors name the operation's number and path (D-64).
///
/// # Errors
/// - `invalidPath`: the path does not parse, or names no attribute of `resource_type` (D-68)
/// - `invalidFilter`: the filter in a path does not parse, or does not fit the attribute
/// - `noTarget`: a filter matches no value, and none may be created (D-53, D-54)
/// - `invalidValue`: a value does not fit its attribute, or the result lacks a required one
/// - `mutability`: the target is readOnly, required and to be removed, or immutable with another value
/// - `invalidSyntax`: an unknown attribute in a value, where the Directory refuses them (D-03)
pub fn apply(
    document: &Document,
    operations: &[Operation],
    resource_type: &ResourceType,
    context: &PatchContext<'_>,
) -> Result<Patched, ScimError> {
    let patched = apply_to_part(document, operations, resource_type, context)?;
    validate(&patched.document, resource_type, context.tolerance)?;
    Ok(patched)
}

/// As [`apply`], for a document of which not all is known: the result may lack what is required.
///
/// # Errors
/// As [`apply`].
pub fn apply_to_part(
    document: &Document,
    operations: &[Operation],
    resource_type: &ResourceType,
    context: &PatchContext<'_>,
) -> Result<Patched, ScimError> {
    let ignored = RefCell::new(Vec::new());
    let values =
        ValueContext { tolerance: context.tolerance, limits: context.limits, bare_value_for_complex: true, ignored: &ignored };
    let mut patch = Patch {
        resource_type,
        context,
        values,
        root: document.as_object().clone(),
        password: None,
        sent: Vec::new(),
        work: Work::new(context.limits.patch_elements_max),
    };
    for operation in operations {
        patch.run(operation).map_err(|error| operation.locate(error))?;
    }
    let Patch { root, password, sent, .. } = patch;
    let document = canonicalize(root, resource_type);
    Ok(Patched { document, password, sent, ignored: ignored.into_inner() })
}

struct Patch<'a> {
    resource_type: &'a ResourceType,
    context: &'a PatchContext<'a>,
    values: ValueContext<'a>,
    root: Map<String, Value>,
    password: Option<Option<String>>,
    sent: Vec<String>,
    work: Work,
}

impl Patch<'_> {
    fn run(&mut self, operation: &Operation) -> Result<(), ScimError> {
        match target::resolve(&operation.path, self.resource_type, self.context) {
            Ok(PatchTarget::Attribute(target)) => self.attribute(operation, &target),
            Ok(PatchTarget::Container(urn)) => self.container(operation, &urn),
            Ok(PatchTarget::Unknown) if operation.from_object => self.values.unknown_attribute(&operation.path),
            Ok(PatchTarget::Unknown) => Err(ScimError::invalid_path("the resource type has no such attribute")),
            // The name of an attribute in a body can be anything; only one with a filter is surely meant as a path.
            Err(_) if operation.from_object && !operation.path.contains('[') => self.values.unknown_attribute(&operation.path),
            Err(error) => Err(error),
        }
    }

    /// An operation on a schema URN: one on each attribute that `value` has (D-43, D-60).
    fn container(&mut self, operation: &Operation, urn: &str) -> Result<(), ScimError> {
        let is_base = *urn == *self.resource_type.schema.id;
        match (operation.op, operation.value.as_ref().unwrap_or(&Value::Null)) {
            (Op::Remove, _) | (Op::Replace, Value::Null) if is_base => {
                Err(ScimError::mutability("the attributes of the base schema cannot be removed together"))
            }
            (Op::Remove, _) | (Op::Replace, Value::Null) => schemas::remove_extension(&mut self.root, urn, self.resource_type),
            (Op::Add, Value::Null) => Ok(()),
            (Op::Add | Op::Replace, Value::Object(attributes)) => {
                for (name, value) in attributes {
                    if name.is_empty() {
                        self.values.unknown_attribute(format!("{urn}:"))?;
                        continue;
                    }
                    let inner = Operation {
                        number: operation.number,
                        op: operation.op,
                        path: format!("{urn}:{name}"),
                        value: Some(value.clone()),
                        from_object: true,
                    };
                    self.run(&inner)?;
                }
                Ok(())
            }
            (Op::Add | Op::Replace, _) => Err(ScimError::invalid_value("the value must be an object of attributes")),
        }
    }

    fn attribute(&mut self, operation: &Operation, target: &AttributeTarget) -> Result<(), ScimError> {
        let attribute = &*target.attribute;
        let name = target.name();
        let value = operation.value.as_ref().unwrap_or(&Value::Null);
        if attribute.mutability == Mutability::ReadOnly
            || target.sub.as_ref().is_some_and(|sub| sub.mutability == Mutability::ReadOnly)
        {
            return self.read_only(operation, target);
        }
        let top_name = target.top_name();
        if !self.sent.contains(&top_name) {
            self.sent.push(top_name);
        }
        let edit = Edit { op: operation.op, name: &name, context: &self.values, work: &self.work };
        if target.place == Place::Core {
            if attribute.name == "schemas" {
                // In an object they only say what it is made of (D-66).
                return if operation.from_object {
                    Ok(())
                } else {
                    schemas::write(edit, &mut self.root, target, value, self.resource_type)
                };
            }
            if attribute.is_password() {
                self.password = Some(password(edit, attribute, value)?);
                return Ok(());
            }
            if self.resource_type.membership.as_ref().is_some_and(|membership| is_membership(target, membership)) {
                return Err(ScimError::new(ErrorKind::Internal, "operations on members are taken out before"));
            }
        }
        let removes_required = |required: bool| {
            if required { Err(ScimError::mutability(format!("{name} is required and cannot be removed"))) } else { Ok(()) }
        };
        if operation.op == Op::Remove {
            match (&target.sub, &target.filter) {
                (Some(sub), _) => removes_required(sub.required)?,
                (None, None) => removes_required(attribute.required && (!attribute.multi_valued || value.is_null()))?,
                (None, Some(_)) => {}
            }
        }
        let object = place(&mut self.root, &target.place)?;
        let mut slot = object.swap_remove(&attribute.name);
        let lists = [slot.as_ref(), Some(value)].into_iter().flatten().filter_map(Value::as_array);
        self.work.go_over(lists.map(Vec::len).sum())?;
        let was_assigned = slot.is_some();
        let before = if is_immutable_in_part(attribute) { slot.clone() } else { None };
        match (&target.filter, &target.sub) {
            (None, None) => write(edit, attribute, &mut slot, value)?,
            (None, Some(sub)) => write_sub(edit, attribute, sub, &mut slot, value)?,
            (Some(filter), sub) => {
                let selection = Selection {
                    matches: Box::new(|element| filter.resolved.matches_element(element)),
                    comparisons: target::comparisons(&filter.syntax),
                    terms: filter.terms(),
                    replace_creates: self.context.tolerance.create_on_replace_no_match,
                };
                write_selected(edit, attribute, sub.as_deref(), &mut slot, value, &selection)?;
            }
        }
        if operation.op == Op::Remove && was_assigned && slot.is_none() {
            removes_required(attribute.required)?;
        }
        check_immutable_attribute(edit, attribute, before.as_ref(), slot.as_ref())?;
        object.extend(slot.map(|value| (attribute.name.clone(), value)));
        Ok(())
    }

    /// A readOnly attribute: an error to name in a path; in an object fine as long as it does not change (D-66).
    fn read_only(&mut self, operation: &Operation, target: &AttributeTarget) -> Result<(), ScimError> {
        let value = operation.value.as_ref().unwrap_or(&Value::Null);
        let attribute = &target.attribute;
        let is_member_of = || self.resource_type.member_of.iter().any(|shows| shows.attribute.name == attribute.name);
        let is_computed = (target.place == Place::Core && (attribute.name == "meta" || is_member_of()))
            || (target.sub.is_some() && attribute.is_resource_reference());
        let is_unchanged = || match (&target.place, attribute.name.as_str(), &target.sub) {
            (Place::Core, "id", _) => value == self.context.id,
            (Place::Core, name, None) => unchanged(self.root.get(name), value),
            (Place::Extension(urn), name, None) => unchanged(self.root.get(&**urn).and_then(|all| all.get(name)), value),
            (_, _, Some(_)) | (Place::Element, _, None) => false,
        };
        if operation.from_object && (is_computed || is_unchanged()) {
            self.values.ignore(target.name());
            return Ok(());
        }
        Err(ScimError::mutability(format!("{} is readOnly", target.name())))
    }
}

/// The object that attributes of a place lie in.
fn place<'r>(root: &'r mut Map<String, Value>, place: &Place) -> Result<&'r mut Map<String, Value>, ScimError> {
    let internal = |detail| Err(ScimError::new(ErrorKind::Internal, detail));
    match place {
        Place::Core => Ok(root),
        Place::Extension(urn) => match root.entry(urn.to_string()).or_insert_with(|| Value::Object(Map::new())) {
            Value::Object(container) => Ok(container),
            _ => internal("an extension of a stored document is not an object"),
        },
        Place::Element => internal("a path begins at the resource"),
    }
}

/// The new password; `None` if it goes. Whoever hashes it judges its length.
fn password(edit: Edit<'_>, attribute: &Attribute, value: &Value) -> Result<Option<String>, ScimError> {
    let mut slot = None;
    write(edit, attribute, &mut slot, value)?;
    Ok(slot.as_ref().and_then(Value::as_str).map(str::to_owned))
}

fn unchanged(current: Option<&Value>, value: &Value) -> bool {
    current.map_or_else(|| is_empty(value), |current| current == value)
}

fn is_immutable_in_part(attribute: &Attribute) -> bool {
    attribute.mutability == Mutability::Immutable || has_immutable_subs(attribute)
}

/// An immutable attribute, or sub-attribute of a single value, stays as it is once it has a value.
fn check_immutable_attribute(
    edit: Edit<'_>,
    attribute: &Attribute,
    before: Option<&Value>,
    after: Option<&Value>,
) -> Result<(), ScimError> {
    let Some(before) = before.filter(|before| Some(*before) != after) else { return Ok(()) };
    if attribute.mutability == Mutability::Immutable {
        return Err(ScimError::mutability(format!("{} is immutable and has another value", edit.name)));
    }
    if attribute.multi_valued { Ok(()) } else { check_immutable(attribute, before, after.unwrap_or(&Value::Null)) }
}
