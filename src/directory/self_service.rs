//! What a user may change of itself by `/Me`: the rights of users and of clients differ (RFC 7644 §7.7, P-7.7-03).

use super::Ctx;
use super::context::Party;
use super::trace::changes;
use crate::scim::resource::{Document, canonicalize};
use crate::scim::schema::{AttributeList, Place, ResourceType, Target};
use crate::scim::{ErrorKind, ScimError};
use serde_json::{Map, Value};

/// What a user may change where the Directory does not say: how it is called, reached, shown and addressed. Not what it is
/// known, let in and judged by: `userName`, `externalId`, `active`, `roles`, extensions.
const DEFAULT: [&str; 14] = [
    "password",
    "name",
    "displayName",
    "nickName",
    "profileUrl",
    "title",
    "preferredLanguage",
    "locale",
    "timezone",
    "emails",
    "phoneNumbers",
    "ims",
    "photos",
    "addresses",
];

/// The attributes that a user may change, if the Directory does not say.
pub fn default() -> AttributeList {
    AttributeList::new(DEFAULT.map(str::to_owned).to_vec()).expect("paths")
}

/// Refuses a user who changes of itself what the Directory leaves to the provider.
///
/// # Errors
/// - `Forbidden`: names the first such attribute
pub fn check(
    ctx: &Ctx<'_>,
    resource_type: &ResourceType,
    before: &Document,
    after: &Document,
    sets_password: bool,
) -> Result<(), ScimError> {
    match ctx.party {
        Party::Provider | Party::Operator(_) => return Ok(()),
        Party::User => {}
    }
    let own = ctx.directory.self_service.named(resource_type);
    if sets_password && !own.iter().any(|target| target.place == Place::Core && target.attribute.name == "password") {
        return Err(refused("password"));
    }
    let [before, after] = [before, after].map(|document| without(document, &own, resource_type));
    match changes::of_documents(resource_type, Some(&before), &after, false).first() {
        Some(change) => Err(refused(&change.attribute)),
        None => Ok(()),
    }
}

fn refused(attribute: &str) -> ScimError {
    let detail =
        format!("{attribute} is not among what users may change of themselves in this Directory; its provider changes it");
    ScimError::new(ErrorKind::Forbidden, detail)
}

/// The document without these attributes.
fn without(document: &Document, targets: &[Target], resource_type: &ResourceType) -> Document {
    let mut object = document.as_object().clone();
    for target in targets {
        match &target.place {
            Place::Core => remove(&mut object, target),
            Place::Extension(urn) => {
                if let Some(Value::Object(container)) = object.get_mut(&**urn) {
                    remove(container, target);
                }
            }
            // A path from the top names nothing inside of [ ].
            Place::Element => {}
        }
    }
    canonicalize(object, resource_type)
}

fn remove(object: &mut Map<String, Value>, target: &Target) {
    let Some(sub) = &target.sub else {
        object.shift_remove(&target.attribute.name);
        return;
    };
    match object.get_mut(&target.attribute.name) {
        Some(Value::Object(value)) => {
            value.shift_remove(&sub.name);
        }
        Some(Value::Array(elements)) => elements.iter_mut().filter_map(Value::as_object_mut).for_each(|element| {
            element.shift_remove(&sub.name);
        }),
        _ => {}
    }
}
