use super::*;
use crate::scim::resource::fixture::{ENTERPRISE, USER, group, odd_attributes, user, user_body, user_with};
use crate::scim::resource::{Shown, ValueLimits, normalize, referenced_ids, show_references};
use crate::scim::tolerance::Tolerance;
use proptest::prelude::*;
use serde_json::json;

const META: Meta<'_> = Meta {
    resource_type: "User",
    created: Timestamp(1_764_039_938_000),
    last_modified: Timestamp(1_764_039_938_007),
    location: "https://example.org/scim/v2/Users/1",
    version: 3,
};

fn id() -> ResourceId {
    ResourceId::parse("0198c0de-0000-7000-8000-000000000001").expect("an id")
}

fn document(members: Value) -> Document {
    normalize(user_body(members), &user(), &Tolerance::default(), &ValueLimits::default()).expect("accepted").document
}

fn groups_attribute() -> Arc<Attribute> {
    user().member_of[0].attribute.clone()
}

fn text(resource: &Map<String, Value>) -> String {
    serde_json::to_string(resource).expect("serialises")
}

#[test]
fn a_whole_resource_is_in_one_order() {
    let groups = vec![json!({ "value": "g" })];
    let resource = render(
        document(json!({ "externalId": "e", ENTERPRISE: { "department": "d" } })),
        id(),
        vec![(&groups_attribute(), groups)],
        &META,
    );
    let expected = format!(
        concat!(
            r#"{{"schemas":["{user}","{enterprise}"],"id":"{id}","externalId":"e","userName":"bjensen","{enterprise}":{{"department":"d"}},"#,
            r#""groups":[{{"value":"g"}}],"meta":{{"resourceType":"User","created":"2025-11-25T03:05:38.000Z","#,
            r#""lastModified":"2025-11-25T03:05:38.007Z","location":"https://example.org/scim/v2/Users/1","version":"W/\"3\""}}}}"#
        ),
        user = USER,
        enterprise = ENTERPRISE,
        id = id(),
    );
    assert_eq!(text(&resource), expected);
}

#[test]
fn an_empty_computed_attribute_is_left_out() {
    let plain = render(document(json!({})), id(), vec![], &META);
    assert_eq!(render(document(json!({})), id(), vec![(&groups_attribute(), vec![])], &META), plain);
    assert_eq!(splice(&document(json!({})).to_text(), id(), &[("groups", "[]")], &META.to_text()), Some(text(&plain)));
}

#[test]
fn text_that_is_no_document_is_not_spliced() {
    for other in ["", "{}", "[]", "{\"schemas\":[]}", "{\"schemas\":[\"a\"", "null"] {
        assert_eq!(splice(other, id(), &[], "{}"), None);
    }
}

#[test]
fn what_has_computed_references_or_hidden_attributes_is_not_spliced() {
    let spliceable = |members: Value, resource_type: &ResourceType| is_spliceable(&document(members).to_text(), resource_type);
    assert!(spliceable(json!({ "title": "manager" }), &user()));
    assert!(!spliceable(json!({ ENTERPRISE: { "manager": { "value": "m" } } }), &user()));
    assert!(!spliceable(json!({}), &user_with(odd_attributes())));
    assert!(spliceable(json!({}), &group()));
}

#[test]
fn references_show_what_is_known_of_their_target() {
    let lookup = |id: &str| {
        (id == "m").then(|| Shown {
            location: "https://x/Users/m".into(),
            display: Some("M".into()),
            resource_type: "User".into(),
        })
    };
    let shown = |manager: Value| {
        let document = document(json!({ ENTERPRISE: { "manager": manager } }));
        let ids: Vec<String> = referenced_ids(&document, &user()).into_iter().map(str::to_owned).collect();
        let mut resource = document.into_object();
        show_references(&mut resource, &user(), &lookup);
        (ids, resource[ENTERPRISE]["manager"].to_string())
    };
    let known = r#"{"value":"m","$ref":"https://x/Users/m","displayName":"M"}"#;
    assert_eq!(shown(json!({ "value": "m" })), (vec!["m".to_owned()], known.to_owned()));
    assert_eq!(shown(json!({ "value": "m", "$ref": "stale" })), (vec!["m".to_owned()], known.to_owned()));
    let unknown = r#"{"value":"n","$ref":"../Users/n"}"#;
    assert_eq!(shown(json!({ "value": "n", "$ref": "../Users/n" })), (vec!["n".to_owned()], unknown.to_owned()));
    assert!(referenced_ids(&document(json!({})), &user()).is_empty());
}

proptest! {
    #[test]
    fn splicing_is_rendering(title in "\\PC{0,12}", members in prop::collection::vec("\\PC{0,6}", 0..3)) {
        let document = document(json!({ "title": title, ENTERPRISE: { "department": "\"]" } }));
        let values: Vec<Value> = members.iter().map(|display| json!({ "display": display })).collect();
        let list = Value::Array(values.clone()).to_string();
        let spliced = splice(&document.to_text(), id(), &[("groups", &list)], &META.to_text());
        prop_assert_eq!(spliced, Some(text(&render(document, id(), vec![(&groups_attribute(), values)], &META))));
    }
}
