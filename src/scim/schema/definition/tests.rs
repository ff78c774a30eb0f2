use super::*;
use crate::scim::Tolerance;
use crate::scim::filter::{Filter, FilterOptions};
use crate::scim::schema::Registry;
use serde_json::json;

/// The faults of a definition, as said.
#[track_caller]
fn check(definition: Value, expected: &[&str]) {
    let faults = parse(&definition.to_string()).err().map(|faults| faults.to_string()).unwrap_or_default();
    assert_eq!(faults.lines().collect::<Vec<_>>(), expected, "{definition:#}");
}

fn schema(attributes: Value) -> Value {
    json!({ "id": "urn:example:x:User", "attributes": attributes })
}

/// Shows S-1.2-01, S-2.1-03, S-2.3-01, S-2.3.8-02, S-7-07, S-7-08, S-7-24.
#[test]
fn all_faults_are_reported_at_once_each_with_its_attribute() {
    check(
        schema(json!([
            { "name": "1abc" },
            { "name": "a b" },
            { "name": "when", "type": "date" },
            { "name": "flat", "subAttributes": [] },
            { "name": "empty", "type": "complex" },
            { "name": "deep", "type": "complex", "subAttributes": [{ "name": "inner", "type": "complex" }] },
            { "name": "link", "type": "reference" },
            { "name": "Twice" },
            { "name": "twice", "multivalued": true },
            { "name": "flag", "type": "boolean", "uniqueness": "server", "indexed": true },
            { "name": "held", "enforceCanonical": true }
        ])),
        &[
            "attributes.1abc.name: \"1abc\" cannot be a name: a letter, then letters, digits, $, - and _, 100 at most",
            "attributes.a b.name: \"a b\" cannot be a name: a letter, then letters, digits, $, - and _, 100 at most",
            "attributes.when.type: must be one of string, boolean, decimal, integer, dateTime, reference, binary, complex, not date",
            "attributes.flat.subAttributes: only a complex attribute has sub-attributes",
            "attributes.empty.subAttributes: a complex attribute lists its sub-attributes",
            "attributes.deep.inner.type: a sub-attribute is not complex (RFC 7643 §2.3.8)",
            "attributes.link.referenceTypes: a reference says what it refers to: names of resource types, external or uri",
            "attributes.twice: the name is there twice; letter case does not tell names apart",
            "attributes.twice.multivalued: there is no such key; did you mean multiValued?",
            "attributes.flag.uniqueness: only a string, reference, dateTime or integer can be unique",
            "attributes.flag.indexed: only a string or reference can be indexed",
            "attributes.held.enforceCanonical: only a string with canonicalValues can be held to them",
        ],
    );
    check(schema(json!([{ "name": "$ref" }, { "name": "a-b_c$1" }])), &[]);
}

/// Shows S-10.3-01.
#[test]
fn a_reserved_urn_is_odd_but_no_obstacle() {
    let text = json!({ "id": "urn:ietf:params:scim:schemas:core:2.0:Device", "attributes": [{ "name": "x" }] }).to_string();
    let parsed = parse(&text).expect("is accepted");
    assert_eq!(parsed.warnings.len(), 1);
    assert!(parsed.warnings[0].problem.contains("RFC 7643 §10.3"));
}

#[test]
fn a_resource_type_has_an_endpoint_that_nothing_else_has() {
    let device = |endpoint: &str| json!({ "name": "Device", "schema": "urn:x:y", "endpoint": endpoint });
    check(device("/Devices"), &[]);
    for endpoint in ["/Me", "/bulk", "/Schemas", "/v2", "/.search"] {
        check(device(endpoint), &[&format!("endpoint: {endpoint} is taken by the protocol")]);
    }
    for endpoint in ["Devices", "/a/b", "/a b", "/"] {
        let fault = format!("endpoint: {endpoint:?} cannot be an endpoint: a slash and one segment, such as /Devices");
        check(device(endpoint), &[&fault]);
    }
    check(json!({ "schema": 1 }), &["name: is missing", "schema: must be a string"]);
}

/// Shows S-6-02, S-6-05, S-6-06.
#[test]
fn definitions_must_fit_each_other() {
    let definitions = [
        json!({ "id": "urn:ietf:params:scim:schemas:core:2.0:USER", "attributes": [{ "name": "x" }] }),
        json!({ "id": "urn:example:x", "extends": ["Robot"], "attributes": [{ "name": "x" }] }),
        json!({ "name": "user", "schema": "urn:example:x" }),
        json!({ "name": "Device", "schema": "urn:example:gone", "endpoint": "/groups",
            "schemaExtensions": [{ "schema": "urn:example:lost" }] }),
        json!({ "name": "Team", "schema": "urn:example:x", "membership": "x", "indexed": ["y"] }),
    ]
    .map(|definition| parse(&definition.to_string()).expect("is well-formed").definition);
    let faults = Registry::built_in().with(&definitions, &[]).expect_err("they do not fit").to_string();
    assert_eq!(
        faults.lines().collect::<Vec<_>>(),
        [
            "urn:ietf:params:scim:schemas:core:2.0:USER: there is a schema with this id already",
            "user: there is a resource type with this name already",
            "Device: endpoint: /groups is that of Group already",
            "Device: schemaExtensions: there is no schema urn:example:lost",
            "Device: schema: there is no schema urn:example:gone",
            "Team: membership: x is not a multi-valued complex attribute of urn:example:x",
            "Team: indexed: there is no attribute y",
            "urn:example:x: extends: there is no resource type Robot",
        ]
    );
}

#[test]
fn the_full_name_of_an_attribute_is_no_schema_of_its_type() {
    let with = |id: &str| {
        let attributes = json!([{ "name": "a" }, { "name": "b", "type": "complex", "subAttributes": [{ "name": "c" }] }]);
        let first = json!({ "id": "urn:example:x", "extends": ["User"], "attributes": attributes });
        let second = json!({ "id": id, "extends": ["User"], "attributes": [{ "name": "d" }] });
        let definitions = [first, second].map(|definition| parse(&definition.to_string()).expect("is well-formed").definition);
        Registry::built_in().with(&definitions, &[]).map(|_| ()).map_err(|faults| faults.to_string())
    };
    for (id, path) in [("urn:example:x:a", "a"), ("URN:example:x:A", "A"), ("urn:example:x:b.c", "b.c")] {
        let fault =
            format!("urn:example:x: attributes.{path}: {id} is the id of a schema of User already, so nobody could name it");
        assert_eq!(with(id), Err(fault));
    }
    for id in ["urn:example:x:d", "urn:example:x:a.c", "urn:example:x:a:b", "urn:example:xa"] {
        assert_eq!(with(id), Ok(()), "{id}");
    }
}

#[test]
fn attributes_of_a_schema_are_named_and_filtered_by_whatever_its_id_is_made_of() {
    let id = "urn:Ab-9:x.y_z~v+w:2.0";
    let definition = json!({ "id": id, "extends": ["User"], "attributes": [{ "name": "a" }] });
    let definition = parse(&definition.to_string()).expect("is well-formed").definition;
    let registry = Registry::built_in().with(&[definition], &[]).expect("fits");
    let user = registry.resource_type("User").expect("is built in");
    for text in [format!("{id}:a pr"), format!("{id}:A eq \"x\""), format!("{id} pr")] {
        let filter = Filter::parse(&text, &FilterOptions::default()).expect("parses");
        assert!(filter.resolve(user, &Tolerance::default()).is_ok(), "{text}");
    }
}

#[test]
fn what_is_no_definition_is_refused() {
    for text in ["", "[]", "{}", "{\"attributes\":[],\"attributes\":[]}", "\u{0}"] {
        assert!(parse(text).is_err(), "{text}");
    }
    assert!(parse(&" ".repeat(DEFINITION_BYTES_MAX + 1)).is_err());
}

#[test]
fn a_type_says_nothing_in_the_place_of_the_server() {
    let text =
        json!({ "name": "Device", "schema": "urn:x:y", "serviceProviderConfig": { "Patch": { "supported": false }, "x": 1 } });
    let faults = parse(&text.to_string()).expect_err("is refused").to_string();
    assert_eq!(faults, "serviceProviderConfig: Patch is defined by RFC 7643 §5 or RFC 9865 §4 and said by the server itself");
}
