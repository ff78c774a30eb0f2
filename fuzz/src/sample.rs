//! The schemas and resources that inputs are tried on.

use scimd::clock::Timestamp;
use scimd::id::ResourceId;
use scimd::scim::Tolerance;
use scimd::scim::resource::{Document, Meta, ValueLimits, normalize, render};
use scimd::scim::schema::{Attribute, Registry, ResourceType, definition};
use serde_json::{Map, Value, json};
use std::sync::{Arc, LazyLock};

/// The Base URL of the samples.
pub const BASE_URL: &str = "https://scim.example.com/scim/v2";
/// The URN of the extension of [`registry`].
pub const ODD: &str = "urn:example:scim:schemas:extension:odd:2.0:User";

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// The built-in schemas, and an extension of User with attributes of every type and characteristic that the RFC's lack.
pub static REGISTRY: LazyLock<Arc<Registry>> = LazyLock::new(|| {
    let odd = json!({ "id": ODD, "name": "Odd", "extends": ["User"], "attributes": [
        { "name": "level", "type": "integer" },
        { "name": "score", "type": "decimal" },
        { "name": "hired", "type": "dateTime" },
        { "name": "keyFile", "type": "binary" },
        { "name": "tags", "type": "string", "multiValued": true, "indexed": true },
        { "name": "badge", "type": "string", "mutability": "immutable" },
        { "name": "seen", "type": "string", "mutability": "readOnly" },
        { "name": "pin", "type": "string", "mutability": "writeOnly", "returned": "never" },
        { "name": "site", "type": "reference", "referenceTypes": ["external"] },
        { "name": "buddies", "type": "complex", "multiValued": true, "subAttributes": [
            { "name": "value", "type": "string", "mutability": "immutable" },
            { "name": "$ref", "type": "reference", "referenceTypes": ["User", "Group"] },
            { "name": "primary", "type": "boolean" },
            { "name": "rank", "type": "integer", "required": true }] },
        { "name": "desk", "type": "complex", "subAttributes": [
            { "name": "floor", "type": "integer", "required": true },
            { "name": "since", "type": "dateTime" },
            { "name": "code", "type": "string", "mutability": "immutable" },
            { "name": "key", "type": "string", "returned": "never" }] },
    ]});
    let odd = definition::parse(&odd.to_string()).expect("the sample is a schema").definition;
    Arc::new(Registry::built_in().with(&[odd], &[]).expect("the sample fits the built-in schemas"))
});

/// The resource types that inputs are tried on.
pub fn resource_types() -> [&'static ResourceType; 2] {
    ["User", "Group"].map(|name| &**REGISTRY.resource_type(name).expect("built in"))
}

/// A document of each kind, with its type: one that has everything, one that has little.
pub static DOCUMENTS: LazyLock<Vec<(&'static ResourceType, Document)>> = LazyLock::new(|| {
    let [user, group] = resource_types();
    let full = json!({
        "schemas": [USER, ENTERPRISE, ODD],
        "userName": "bjensen", "externalId": "EXT-701984", "displayName": "Babs Jensen", "title": "Tour Guide",
        "nickName": "Straße", "userType": "Employee", "preferredLanguage": "en-US", "locale": "en-US",
        "timezone": "America/Los_Angeles", "active": true, "profileUrl": "https://example.com/babs",
        "name": { "familyName": "Jensen", "givenName": "Barbara", "formatted": "Ms. Barbara Jensen" },
        "emails": [
            { "value": "bjensen@example.com", "type": "work", "primary": true },
            { "value": "babs@jensen.org", "type": "home", "primary": false },
            { "value": "babs@example.net" }],
        "phoneNumbers": [{ "value": "tel:+1-201-555-0123", "type": "work" }],
        "addresses": [
            { "type": "work", "streetAddress": "100 Universal City Plaza", "country": "US", "primary": true },
            { "type": "home", "country": "FI" }],
        "entitlements": [{ "value": "x" }], "roles": [{ "value": "admin", "type": "a" }],
        "x509Certificates": [{ "value": "MAMCAQA=" }],
        ENTERPRISE: { "department": "Tour Operations", "employeeNumber": "701984",
            "manager": { "value": id(2).to_string(), "$ref": "../Users/26118915-6090-4610-87e4-49d8ca9f808d" } },
        ODD: { "level": 7, "score": 1.50, "hired": "2020-02-29T12:00:00.000Z", "keyFile": "AAEC", "tags": ["a", "B", "c d"],
            "badge": "7", "pin": "1234", "site": "https://example.com/",
            "buddies": [{ "value": id(1).to_string(), "rank": 1, "primary": true }, { "value": id(2).to_string(), "rank": 2 }],
            "desk": { "floor": 3, "since": "2021-01-01T00:00:00+02:00", "code": "c", "key": "k" } },
    });
    let bodies = [
        (user, full),
        (user, json!({ "schemas": [USER], "userName": "BJENSEN2" })),
        (group, json!({ "schemas": [GROUP], "displayName": "Tour Guides", "externalId": "g" })),
    ];
    let document = |(resource_type, body)| {
        let read = normalize(body, resource_type, &strict(), &ValueLimits::default());
        (resource_type, read.expect("the sample is a resource").document)
    };
    bodies.into_iter().map(document).collect()
});

/// The rules of the profile that bends nowhere.
fn strict() -> Tolerance {
    (scimd::scim::quirks::profile("strict").expect("there is such a profile").tolerance)()
}

/// The id of a sample.
pub fn id(number: u128) -> ResourceId {
    ResourceId(uuid::Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0000 + number))
}

/// What the server adds to a document.
pub fn meta(resource_type: &ResourceType) -> Meta<'_> {
    Meta {
        resource_type: &resource_type.name,
        created: Timestamp(1_767_225_600_000),
        last_modified: Timestamp(1_767_323_045_678),
        location: "https://scim.example.com/scim/v2/Users/1",
        version: 3,
    }
}

/// What is computed of a sample: the members of a group, or the groups of a user.
pub fn computed(resource_type: &ResourceType) -> Vec<(&Attribute, Vec<Value>)> {
    let one = |number: u128, kind: &str| json!({ "value": id(number).to_string(), "display": "Babs", "type": kind });
    let members = resource_type.membership.iter().map(|attribute| (&**attribute, vec![one(1, "User"), one(2, "Group")]));
    // What clients write as well is in the document.
    let computed = resource_type.member_of.iter().filter(|shown| !shown.written);
    let groups = computed.map(|shown| (&*shown.attribute, vec![one(3, "direct"), one(4, "indirect")]));
    members.chain(groups).collect()
}

/// The resources of one type, as answers show them.
pub fn resources(resource_type: &ResourceType) -> &'static [Map<String, Value>] {
    static USERS: LazyLock<Vec<Map<String, Value>>> = LazyLock::new(|| rendered("User"));
    static GROUPS: LazyLock<Vec<Map<String, Value>>> = LazyLock::new(|| rendered("Group"));
    if &*resource_type.name == "User" { &USERS } else { &GROUPS }
}

fn rendered(name: &str) -> Vec<Map<String, Value>> {
    let mut resources = Vec::new();
    for (number, (resource_type, document)) in (1..).zip(DOCUMENTS.iter()).filter(|(_, (of_type, _))| &*of_type.name == name) {
        resources.push(render(document.clone(), id(number), computed(resource_type), &meta(resource_type)));
    }
    resources
}
