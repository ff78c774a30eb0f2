//! Which attributes show what a resource is a member of.
//!
//! A type with members says by `shownAs` which attribute of theirs shows it. If that is the `memberOf` of its type, it is computed
//! alone, as `groups` of User is. If not, it is one that clients write values of too, as `roles` of User: memberships are
//! further values of it, which are not stored and which no write of the member changes.

use super::definition::Fault;
use super::extended::index;
use super::registry::ResourceType;
use super::{Attribute, AttributeType, Mutability, Place, Target};
use std::sync::Arc;

/// An attribute that shows what a resource is a member of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberOf {
    /// The attribute: multi-valued and complex, of the base schema.
    pub attribute: Arc<Attribute>,
    /// Whether clients write values of it too, which the document keeps, as with `roles` of User. If not, it is computed alone.
    pub written: bool,
    /// The types whose memberships it shows.
    pub types: Vec<ShownType>,
    /// Whether there is no other type with members.
    pub shows_all: bool,
}

/// A type whose memberships a [`MemberOf`] shows, and what of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownType {
    /// The name of the type.
    pub name: Arc<str>,
    /// The name of the attribute that is shown as `value`; without one, or where it has no value, that is the id.
    pub value: Option<Arc<str>>,
    /// Whether an index serves filters by that attribute.
    pub value_indexed: bool,
    /// The name of the attribute that is shown as `type`. Without one, a `type` that is not written says `direct` or `indirect`.
    pub kind: Option<Arc<str>>,
}

/// How the members of a type show that they are members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownAs {
    /// The name of the attribute of theirs that shows it.
    pub attribute: String,
    /// The attribute of this type that is shown as `value`, instead of the id.
    pub value: Option<Arc<Attribute>>,
    /// The attribute of this type that is shown as `type`.
    pub kind: Option<Arc<Attribute>>,
}

impl MemberOf {
    /// One that is computed alone, before it is known what it shows.
    pub(super) fn computed(attribute: Arc<Attribute>) -> Self {
        Self { attribute, written: false, types: Vec::new(), shows_all: false }
    }

    /// What it shows of memberships in the type called `name`, if anything.
    pub fn shown_type(&self, name: &str) -> Option<&ShownType> {
        self.types.iter().find(|shown| *shown.name == *name)
    }
}

/// A type with members, as [`link`] needs it.
struct Holder {
    name: Arc<str>,
    shown_as: Option<ShownAs>,
    /// The types that its members may have.
    of: Vec<String>,
}

/// Finds the attributes that show memberships, in the place of those that were known before, and has the values indexed that
/// they are found by. Gives all that does not fit.
pub(super) fn link(resource_types: &mut [ResourceType]) -> Vec<Fault> {
    let mut faults = Vec::new();
    let holders: Vec<Holder> = resource_types.iter().filter_map(holder).collect();
    for resource_type in resource_types.iter_mut() {
        resource_type.member_of.retain(|shows| !shows.written);
        resource_type.member_of.iter_mut().for_each(|shows| shows.types.clear());
        for holder in &holders {
            if let Some(shown_as) = &holder.shown_as {
                show(resource_type, holder, shown_as, &mut faults);
            }
        }
        for shows in &mut resource_type.member_of {
            shows.shows_all = shows.types.len() == holders.len();
        }
        for attribute in resource_type.written_member_of().map(|shows| shows.attribute.clone()).collect::<Vec<_>>() {
            let sub = attribute.sub_attribute("value").cloned();
            index(resource_type, Target { place: Place::Core, attribute, sub });
        }
        if let Some(value) = resource_type.shown_as.as_ref().and_then(|shown_as| shown_as.value.clone()) {
            index(resource_type, Target { place: Place::Core, attribute: value, sub: None });
        }
    }
    faults
}

/// Says of the attributes that are shown as `value` whether an index serves them.
pub(super) fn note_indexes(resource_types: &mut [ResourceType]) {
    let ready = |resource_type: &ResourceType| {
        let value = resource_type.shown_as.as_ref()?.value.as_ref()?;
        let served = resource_type.indexed.iter().any(|indexed| indexed.ready && *indexed.name == *value.name);
        served.then(|| resource_type.name.clone())
    };
    let served: Vec<Arc<str>> = resource_types.iter().filter_map(ready).collect();
    for shown in resource_types.iter_mut().flat_map(|of| &mut of.member_of).flat_map(|shows| &mut shows.types) {
        shown.value_indexed = served.contains(&shown.name);
    }
}

fn holder(resource_type: &ResourceType) -> Option<Holder> {
    let reference = resource_type.membership.as_ref()?.sub_attribute("$ref");
    let of = reference.map(|reference| reference.reference_types.clone()).unwrap_or_default();
    Some(Holder { name: resource_type.name.clone(), shown_as: resource_type.shown_as.clone(), of })
}

/// Lets `resource_type` show memberships in `holder`, if it has the attribute for it.
fn show(resource_type: &mut ResourceType, holder: &Holder, shown_as: &ShownAs, faults: &mut Vec<Fault>) {
    let ResourceType { schema, member_of, membership, name, .. } = resource_type;
    let Some(attribute) = schema.attributes.iter().find(|attribute| attribute.name == shown_as.attribute) else { return };
    let written = !member_of.iter().any(|shows| !shows.written && shows.attribute.name == attribute.name);
    let is_own = membership.as_ref().is_some_and(|membership| membership.name == attribute.name);
    if let Some(problem) = misfit(attribute, shown_as, written, is_own) {
        // Another type's attribute of this name may be anything, as long as no members are of that type.
        if holder.of.iter().any(|of| **of == **name) {
            faults.push(Fault::new(&*holder.name, format!("shownAs: {} of {name} {problem}", attribute.name)));
        }
        return;
    }
    let shown = ShownType {
        name: holder.name.clone(),
        value: shown_as.value.as_ref().map(|value| value.name.as_str().into()),
        value_indexed: false,
        kind: shown_as.kind.as_ref().map(|kind| kind.name.as_str().into()),
    };
    match member_of.iter_mut().find(|shows| shows.attribute.name == attribute.name) {
        Some(shows) => shows.types.push(shown),
        None => {
            let attribute = attribute.clone();
            member_of.push(MemberOf { attribute, written: true, types: vec![shown], shows_all: false });
        }
    }
}

/// Why an attribute cannot show memberships, if it cannot.
fn misfit(attribute: &Attribute, shown_as: &ShownAs, written: bool, is_own: bool) -> Option<String> {
    if !attribute.is_complex() || !attribute.multi_valued {
        return Some("is no list of complex values".to_owned());
    }
    if written && (is_own || attribute.mutability != Mutability::ReadWrite || attribute.is_resource_reference()) {
        return Some("is no attribute that clients write freely, nor the memberOf of its type".to_owned());
    }
    let pairs = [("value", &shown_as.value), ("type", &shown_as.kind)];
    pairs.into_iter().find_map(|(sub, shown)| {
        let needed = written && sub == "value" || shown.is_some();
        let is_text = |sub: &Attribute| sub.attribute_type == AttributeType::String && !sub.multi_valued && !sub.is_secret();
        match attribute.sub_attribute(sub).filter(|sub| is_text(sub)) {
            None => needed.then(|| format!("has no {sub} that is a string")),
            Some(found) => shown.as_ref().filter(|shown| shown.case_exact != found.case_exact).map(|shown| {
                format!("has a {sub} that is {}caseExact, unlike {}", if found.case_exact { "" } else { "not " }, shown.name)
            }),
        }
    })
}

#[cfg(test)]
mod tests {
    use crate::scim::schema::definition::parse;
    use crate::scim::schema::{Definition, Registry};
    use serde_json::{Value, json};

    const SQUAD: &str = "urn:example:Squad";

    /// A type whose members are users, with these keys, in the place of Group.
    fn with(keys: Value) -> Result<Registry, String> {
        let attributes = json!([{ "name": "code" }, { "name": "exact", "caseExact": true }, { "name": "size", "type": "integer" },
            { "name": "members", "type": "complex", "multiValued": true, "subAttributes": [
                { "name": "value" }, { "name": "$ref", "type": "reference", "referenceTypes": ["User"] }] }]);
        let schema = json!({ "id": SQUAD, "name": "Squad", "attributes": attributes });
        let mut squad = json!({ "name": "Squad", "schema": SQUAD, "membership": "members" });
        squad.as_object_mut().expect("an object").extend(keys.as_object().expect("an object").clone());
        let definitions: Vec<Definition> = [schema, squad].map(|text| parse(&text.to_string()).expect("reads").definition).into();
        Registry::built_in().with(&definitions, &[]).map_err(|faults| faults.to_string())
    }

    #[test]
    fn an_attribute_that_clients_write_shows_memberships_and_is_indexed() {
        let registry = with(json!({ "shownAs": "entitlements", "shownValue": "code" })).expect("fits");
        let user = registry.resource_type("User").expect("built in");
        let shows = user.written_member_of().next().expect("entitlements");
        let shown = shows.shown_type("Squad").expect("shown");
        assert_eq!((&*shows.attribute.name, shown.value.as_deref(), shown.value_indexed), ("entitlements", Some("code"), true));
        assert!(user.is_in_document(&shows.attribute));
        assert!(user.indexed.iter().any(|indexed| &*indexed.name == "entitlements.value"));
        let groups = &user.member_of[0];
        assert_eq!((&*groups.attribute.name, groups.shows_all, groups.types.len()), ("groups", false, 1));
        let plain = Registry::built_in();
        let groups = &plain.resource_type("User").expect("built in").member_of;
        assert_eq!((groups.len(), groups[0].shows_all), (1, true));
    }

    #[test]
    fn what_cannot_show_memberships_is_refused() {
        for (keys, expected) in [
            (json!({ "shownAs": "name" }), "shownAs: name of User is no list of complex values"),
            (json!({ "shownAs": "schemas" }), ""),
            (
                json!({ "shownAs": "roles", "shownValue": "exact" }),
                "shownAs: roles of User has a value that is not caseExact, unlike exact",
            ),
            (json!({ "shownAs": "roles", "shownValue": "size" }), "shownValue: size is no string with one value"),
            (json!({ "shownAs": "roles", "shownType": "colour" }), "shownType: colour is no string with one value"),
            (json!({ "shownAs": "addresses" }), "shownAs: addresses of User has no value that is a string"),
            (json!({ "shownType": "code" }), "shownType: without shownAs, nobody shows it"),
        ] {
            let refused = with(keys.clone()).err().unwrap_or_default();
            assert!(refused.contains(expected) && (expected.is_empty() == refused.is_empty()), "{keys}: {refused}");
        }
    }
}
