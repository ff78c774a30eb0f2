//! What stored data must fulfil for one registry to follow another, and which indexes change with it.

use super::{Attribute, Place, Registry, ResourceType, Target};
use crate::scim::key;
use crate::scim::resource::Document;
use crate::scim::schema::{Mutability, Uniqueness};
use serde_json::{Map, Value};
use std::collections::HashSet;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// What a new registry asks of the resources of one type that are stored under an old one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeChange {
    /// The type as it was.
    pub old: Arc<ResourceType>,
    /// The type as it will be; `None`: it goes, or becomes another one, so there must be no resource of it.
    pub new: Option<Arc<ResourceType>>,
    /// What each resource must fulfil.
    pub conditions: Vec<Condition>,
    /// The indexes that stored resources need rows in, or other rows than they have.
    pub built: Vec<Arc<str>>,
    /// The indexes whose rows go.
    pub dropped: Vec<Arc<str>>,
}

impl TypeChange {
    /// Whether stored resources have to be looked at.
    pub fn concerns_resources(&self) -> bool {
        self.new.is_none() || !self.conditions.is_empty() || !self.built.is_empty()
    }
}

/// What a stored resource must fulfil.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// The attribute, or the container of an extension.
    place: Place,
    attribute: Option<Arc<Attribute>>,
    sub: Option<Arc<Attribute>>,
    rule: Rule,
}

/// The rule of a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    /// It has no value: what it is stored as would mean something else, or nothing.
    Absent(&'static str),
    /// It has a value.
    Present,
    /// No other resource has its value.
    Unique,
}

/// The values that were met of an attribute that becomes unique.
#[derive(Debug, Default)]
pub struct Seen(HashSet<u64>);

/// What changes for the resources that are stored, type by type; types that stored resources cannot contradict are left out.
pub fn changes(old: &Registry, new: &Registry) -> Vec<TypeChange> {
    let change = |before: &Arc<ResourceType>| {
        let after = new.resource_type(&before.name);
        let same = after.filter(|after| after.schema.id == before.schema.id && same_membership(before, after));
        match same {
            Some(after) if after == before => None,
            Some(after) => Some(compare(before, after)),
            None => Some(TypeChange {
                old: before.clone(),
                new: None,
                conditions: Vec::new(),
                built: Vec::new(),
                dropped: before.indexed.iter().map(|indexed| indexed.name.clone()).collect(),
            }),
        }
    };
    old.resource_types.iter().filter_map(change).collect()
}

fn same_membership(before: &ResourceType, after: &ResourceType) -> bool {
    let name = |resource_type: &ResourceType| resource_type.membership.as_ref().map(|membership| membership.name.clone());
    // A type that had no members can have some from now on; the other way round they would be lost.
    name(before).is_none() || name(before) == name(after)
}

fn compare(before: &Arc<ResourceType>, after: &Arc<ResourceType>) -> TypeChange {
    let mut conditions = Vec::new();
    let in_document = |resource_type: &ResourceType| -> Vec<Arc<Attribute>> {
        let attributes = resource_type.schema.attributes.iter();
        attributes.filter(|attribute| resource_type.is_in_document(attribute)).cloned().collect()
    };
    compare_attributes(&Place::Core, &in_document(before), &in_document(after), &mut conditions);
    for extension in &before.extensions {
        let place = Place::Extension(extension.schema.id.clone());
        match after.extensions.iter().find(|other| other.schema.id == extension.schema.id) {
            Some(other) => {
                compare_attributes(&place, &extension.schema.attributes, &other.schema.attributes, &mut conditions);
                if other.required && !extension.required {
                    conditions.push(Condition { place, attribute: None, sub: None, rule: Rule::Present });
                }
            }
            None => conditions.push(Condition { place, attribute: None, sub: None, rule: Rule::Absent("would be lost") }),
        }
    }
    for extension in after.extensions.iter().filter(|extension| extension.required) {
        if !before.extensions.iter().any(|other| other.schema.id == extension.schema.id) {
            let place = Place::Extension(extension.schema.id.clone());
            conditions.push(Condition { place, attribute: None, sub: None, rule: Rule::Present });
        }
    }
    let is_new = |target: &Target| !has(before, target);
    let built = after.indexed.iter().filter(|indexed| match before.indexed.iter().find(|other| other.name == indexed.name) {
        Some(other) => {
            let differs = other.target.leaf().uniqueness != indexed.target.leaf().uniqueness;
            differs || !other.ready && indexed.ready
        }
        None => !is_new(&indexed.target),
    });
    let dropped = before.indexed.iter().filter(|indexed| !after.indexed.iter().any(|other| other.name == indexed.name));
    TypeChange {
        built: built.map(|indexed| indexed.name.clone()).collect(),
        dropped: dropped.map(|indexed| indexed.name.clone()).collect(),
        old: before.clone(),
        new: Some(after.clone()),
        conditions,
    }
}

/// Whether resources of the type can have a value of the attribute.
fn has(resource_type: &ResourceType, target: &Target) -> bool {
    let attributes = match &target.place {
        Place::Core | Place::Element => resource_type.schema.attributes.as_slice(),
        Place::Extension(urn) => resource_type.attributes_of(urn).unwrap_or_default(),
    };
    let common = resource_type.common.iter().filter(|_| target.place == Place::Core);
    let attribute = attributes.iter().chain(common).find(|attribute| attribute.name == target.attribute.name);
    attribute.is_some_and(|attribute| target.sub.as_ref().is_none_or(|sub| attribute.sub_attribute(&sub.name).is_some()))
}

fn compare_attributes(place: &Place, before: &[Arc<Attribute>], after: &[Arc<Attribute>], conditions: &mut Vec<Condition>) {
    let mut ask = |attribute: &Arc<Attribute>, sub: Option<&Arc<Attribute>>, rule| {
        conditions.push(Condition { place: place.clone(), attribute: Some(attribute.clone()), sub: sub.cloned(), rule });
    };
    for old in before {
        // Stored under its exact spelling, so another spelling is another attribute.
        let Some(new) = after.iter().find(|new| new.name == old.name) else {
            ask(old, None, Rule::Absent("would be lost"));
            continue;
        };
        if let Some(reason) = stored_differently(old, new) {
            ask(old, None, Rule::Absent(reason));
            continue;
        }
        narrowed(Some(old), new).for_each(|rule| ask(new, None, rule));
        for old_sub in &old.sub_attributes {
            match new.sub_attributes.iter().find(|new| new.name == old_sub.name) {
                None => ask(old, Some(old_sub), Rule::Absent("would be lost")),
                Some(new_sub) => match stored_differently(old_sub, new_sub) {
                    Some(reason) => ask(old, Some(old_sub), Rule::Absent(reason)),
                    None => narrowed(Some(old_sub), new_sub).for_each(|rule| ask(new, Some(new_sub), rule)),
                },
            }
        }
        for new_sub in new.sub_attributes.iter().filter(|sub| !old.sub_attributes.iter().any(|old| old.name == sub.name)) {
            narrowed(None, new_sub).for_each(|rule| ask(new, Some(new_sub), rule));
        }
    }
    for new in after.iter().filter(|new| !before.iter().any(|old| old.name == new.name)) {
        narrowed(None, new).for_each(|rule| ask(new, None, rule));
    }
}

/// Why values stored for `old` are no values of `new`, if they are not.
fn stored_differently(old: &Attribute, new: &Attribute) -> Option<&'static str> {
    if old.attribute_type != new.attribute_type {
        Some("would be of another type")
    } else if old.multi_valued && !new.multi_valued {
        Some("may be more than one")
    } else if old.multi_valued != new.multi_valued {
        Some("would be no list")
    } else if old.case_exact != new.case_exact {
        Some("would compare in another way")
    } else if old.is_secret() != new.is_secret() {
        Some("would be kept in another way")
    } else if old.is_password() != new.is_password() {
        Some("would be kept elsewhere")
    } else {
        None
    }
}

/// What `new` asks that `old` did not.
fn narrowed(old: Option<&Attribute>, new: &Attribute) -> impl Iterator<Item = Rule> {
    let demands = |attribute: &Attribute| attribute.required && attribute.mutability != Mutability::ReadOnly;
    let required = demands(new) && !old.is_some_and(demands);
    let unique = old.is_some_and(|old| new.uniqueness > old.uniqueness);
    required.then_some(Rule::Present).into_iter().chain(unique.then_some(Rule::Unique))
}

impl Condition {
    /// That no two resources have one value of the attribute.
    pub fn unique(target: &Target) -> Self {
        Self {
            place: target.place.clone(),
            attribute: Some(target.attribute.clone()),
            sub: target.sub.clone(),
            rule: Rule::Unique,
        }
    }

    /// The attribute, as paths name it, if no resource of another Directory may have the value either; `is_broken` cannot tell that.
    pub fn global(&self) -> Option<String> {
        let leaf = self.sub.as_ref().or(self.attribute.as_ref())?;
        (self.rule == Rule::Unique && leaf.uniqueness == Uniqueness::Global).then(|| self.name())
    }

    /// Whether `document` does not fulfil it. `seen` are the values met before, of this condition only.
    pub fn is_broken(&self, document: &Document, seen: &mut Seen) -> bool {
        let object = document.as_object();
        let container = match &self.place {
            Place::Core | Place::Element => Some(object),
            Place::Extension(urn) => object.get(&**urn).and_then(Value::as_object),
        };
        let Some(attribute) = &self.attribute else {
            return container.is_none() == (self.rule == Rule::Present);
        };
        // The attributes of an extension that a resource does not use need no value.
        let Some(container) = container else { return false };
        match self.rule {
            Rule::Absent(_) => !self.values(container, attribute).is_empty(),
            Rule::Present => self.lacks_value(container, attribute),
            Rule::Unique => {
                let leaf = self.sub.as_ref().unwrap_or(attribute);
                let mut keys: Vec<u64> = self
                    .values(container, attribute)
                    .into_iter()
                    .filter(|value| *value != "")
                    .map(|value| hash(leaf, value))
                    .collect();
                keys.sort_unstable();
                keys.dedup();
                // All of them are remembered, also after the first that was met before.
                keys.into_iter().filter(|key| !seen.0.insert(*key)).count() > 0
            }
        }
    }

    /// What is said when `resources` of them break it.
    pub fn problem(&self, resource_type: &str, resources: u64) -> String {
        let (s, have) = if resources == 1 { ("", "has") } else { ("s", "have") };
        match self.rule {
            Rule::Absent(reason) => format!("{resources} resource{s} of type {resource_type} {have} a value, which {reason}"),
            Rule::Present => format!("{resources} resource{s} of type {resource_type} {have} no value, which would be required"),
            Rule::Unique => {
                format!(
                    "{resources} resource{s} of type {resource_type} {have} a value that another one has, which must be unique"
                )
            }
        }
    }

    /// The attribute, as paths name it; the URN alone for a whole extension.
    pub fn name(&self) -> String {
        match (&self.attribute, &self.place) {
            (Some(attribute), place) => {
                Target { place: place.clone(), attribute: attribute.clone(), sub: self.sub.clone() }.name()
            }
            (None, Place::Extension(urn)) => urn.to_string(),
            (None, Place::Core | Place::Element) => String::new(),
        }
    }

    fn values<'d>(&self, container: &'d Map<String, Value>, attribute: &Attribute) -> Vec<&'d Value> {
        let elements = each(container.get(&attribute.name));
        match &self.sub {
            None => elements.iter().collect(),
            Some(sub) => elements.iter().flat_map(|element| each(element.get(&sub.name))).collect(),
        }
    }

    /// A required attribute has a value other than white space, a required sub-attribute has one in each value (D-10, D-19).
    fn lacks_value(&self, container: &Map<String, Value>, attribute: &Attribute) -> bool {
        let is_blank = |value: &Value| value.as_str().is_some_and(|text| text.trim().is_empty());
        match &self.sub {
            None => container.get(&attribute.name).is_none_or(is_blank),
            Some(sub) => each(container.get(&attribute.name)).iter().any(|element| element.get(&sub.name).is_none_or(is_blank)),
        }
    }
}

/// The elements of a list, or the one value.
fn each(value: Option<&Value>) -> &[Value] {
    match value {
        Some(Value::Array(elements)) => elements,
        Some(single) => std::slice::from_ref(single),
        None => &[],
    }
}

fn hash(attribute: &Attribute, value: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    match value {
        Value::String(text) => key::key(attribute, text).hash(&mut hasher),
        other => other.to_string().hash(&mut hasher),
    }
    hasher.finish()
}
