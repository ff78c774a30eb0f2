//! What holds for any body.

use super::*;
use crate::scim::resource::fixture::{ENTERPRISE, user};
use proptest::prelude::*;
use serde_json::json;

/// The members of a value and of all in it, in an order that `seed` decides.
fn shuffled(value: &Value, seed: u64) -> Value {
    match value {
        Value::Object(object) => {
            let mut members: Vec<(u64, &String, &Value)> = object
                .iter()
                .enumerate()
                .map(|(place, (key, value))| {
                    ((seed ^ (place as u64 + 1)).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(23), key, value)
                })
                .collect();
            members.sort_by_key(|(rank, ..)| *rank);
            Value::Object(members.into_iter().map(|(_, key, value)| (key.clone(), shuffled(value, seed))).collect())
        }
        Value::Array(elements) => elements.iter().map(|element| shuffled(element, seed)).collect(),
        other => other.clone(),
    }
}

fn full_body() -> Value {
    let text = include_str!("../../../../../tests/corpus/rfc7643/8.2-user.json");
    let mut body: Value = serde_json::from_str(text).expect("JSON");
    let extension = json!({ "manager": { "value": "m", "$ref": "../Users/m" }, "department": "d", "costCenter": "c" });
    body.as_object_mut().expect("an object").insert(ENTERPRISE.to_owned(), extension);
    body
}

proptest! {
    #[test]
    fn the_order_of_members_does_not_matter(seed in any::<u64>()) {
        let user = user();
        let text = |body| run(body, &user, &Tolerance::default()).expect("accepted").document.to_text();
        prop_assert_eq!(text(shuffled(&full_body(), seed)), text(full_body()));
    }

    #[test]
    fn what_is_normal_stays_as_it_is(elements in prop::collection::vec(("[a-cA-C]{0,2}", "(work|HOME|x)?", prop::option::of("[a-c]")), 0..5)) {
        let emails: Vec<Value> = elements
            .iter()
            .map(|(value, kind, display)| json!({ "type": kind, "value": value, "display": display }))
            .collect();
        let user = user();
        let once = run(user_body(json!({ "emails": emails })), &user, &Tolerance::default()).expect("accepted").document;
        let twice = run(Value::Object(once.as_object().clone()), &user, &Tolerance::default()).expect("accepted").document;
        prop_assert_eq!(once.to_text(), twice.to_text());
        prop_assert_eq!(canonicalize(once.as_object().clone(), &user).to_text(), once.to_text());
    }
}
