//! Multi-valued attributes and unassigned ones (RFC 7643 §2.4, §2.5).

use crate::{create, ids, on_both_back_ends, user};
use serde_json::{Value, json};

on_both_back_ends! {
    /// Shows S-2.4-01, S-2.4-08, S-2.4-09, S-2.4-07, S-4.1.2-02.
    async fn a_list_of_values_comes_back_without_duplicates_and_with_canonical_types(app: App) {
        let emails = json!([
            { "value": "b@example.com", "type": "WORK", "primary": true },
            { "value": "b@example.com", "type": "home", "display": "B" },
            { "value": "B@example.com", "type": "work" },
            { "value": "c@example.com", "type": "Private" },
        ]);
        let path = create(&app, json!({ "emails": emails, "roles": [{ "value": "x" }, { "value": "y", "display": "Y" }] })).await;
        let shown = app.get(&path).await.expect(200);
        assert_eq!(shown.at("/emails"), &json!([
            { "value": "B@example.com", "type": "work", "primary": true },
            { "value": "b@example.com", "display": "B", "type": "home" },
            { "value": "c@example.com", "type": "Private" },
        ]));
        assert_eq!(shown.at("/roles"), &json!([{ "value": "x" }, { "value": "y", "display": "Y" }]));
        // Nor does PATCH make a duplicate.
        let again = json!([{ "op": "add", "path": "emails", "value": [{ "type": "work", "value": "b@EXAMPLE.com" }] }]);
        assert_eq!(app.patch(&path, again).await.expect(200).at("/emails").as_array().map(Vec::len), Some(3));
    }

    /// Shows S-2.4-02, S-2.4-03.
    async fn one_value_at_most_is_primary_and_absent_means_false(app: App) {
        let two = json!({ "emails": [{ "value": "a", "primary": true }, { "value": "b", "primary": true }] });
        app.post("/Users", user(two.clone())).await.expect_error(400, "invalidValue");
        let path = create(&app, json!({ "emails": [{ "value": "a", "type": "work", "primary": true }, { "value": "b", "type": "home" }] })).await;
        app.put(&path, user(two)).await.expect_error(400, "invalidValue");
        for (filter, found) in [
            ("emails[type eq \"home\" and primary eq false]", 1),
            ("emails[type eq \"home\" and primary eq true]", 0),
            ("emails[type eq \"work\" and primary eq false]", 0),
        ] {
            assert_eq!(app.filter("/Users", filter).await.expect(200).at("/totalResults"), found, "{filter}");
        }
        // Another primary takes it from the first.
        let change = json!([{ "op": "replace", "path": "emails[type eq \"home\"].primary", "value": true }]);
        let patched = app.patch(&path, change).await.expect(200);
        let primaries: Vec<&Value> = patched.at("/emails").as_array().expect("a list").iter().filter(|email| email["primary"] == true).collect();
        assert_eq!(primaries, [&json!({ "value": "b", "type": "home", "primary": true })]);
    }

    /// Shows S-2.4-04.
    async fn display_of_an_email_may_be_changed(app: App) {
        let path = create(&app, json!({ "emails": [{ "value": "a", "type": "work", "display": "A" }] })).await;
        let change = json!([{ "op": "replace", "path": "emails[type eq \"work\"].display", "value": "B" }]);
        assert_eq!(app.patch(&path, change).await.expect(200).at("/emails/0/display"), "B");
    }

    /// Shows S-2.5-01, S-2.5-02, S-2.5-03.
    async fn null_and_the_empty_list_and_absence_are_one_state(app: App) {
        let assigned = json!({ "nickName": "Babs", "emails": [{ "value": "a" }], "name": { "givenName": "Barbara" } });
        let empty = [
            json!({}),
            json!({ "nickName": null, "emails": null, "name": null }),
            json!({ "nickName": null, "emails": [], "name": {} }),
            json!({ "emails": [null, {}, { "value": null }], "name": { "givenName": null } }),
        ];
        let path = create(&app, assigned.clone()).await;
        let mut shown = Vec::new();
        for body in empty {
            app.put(&path, user(assigned.clone())).await.expect(200);
            assert_eq!(app.filter("/Users", "nickName pr and emails pr and name pr").await.at("/totalResults"), 1);
            let mut replaced = app.put(&path, user(body)).await.expect(200).json;
            assert_eq!(app.filter("/Users", "nickName pr or emails pr or name pr").await.at("/totalResults"), 0);
            assert_eq!(app.filter("/Users", "nickName eq null").await.at("/totalResults"), 1);
            replaced.as_object_mut().expect("an object").shift_remove("meta");
            assert_no_empty(&replaced);
            shown.push(replaced);
        }
        assert!(shown.windows(2).all(|pair| pair[0] == pair[1]), "{shown:#?}");
        for value in [json!([]), Value::Null] {
            app.put(&path, user(assigned.clone())).await.expect(200);
            let change = json!([{ "op": "replace", "path": "emails", "value": value }, { "op": "replace", "value": { "nickName": null } }]);
            let patched = app.patch(&path, change).await.expect(200);
            assert_eq!((patched.json.get("emails"), patched.json.get("nickName")), (None, None));
            assert_eq!(ids(&app.filter("/Users", "emails pr").await), [""; 0]);
        }
    }
}

/// That nothing in it is null, `[]` or `{}`.
fn assert_no_empty(value: &Value) {
    match value {
        Value::Object(object) => {
            assert!(!object.is_empty());
            object.values().for_each(assert_no_empty);
        }
        Value::Array(elements) => {
            assert!(!elements.is_empty());
            elements.iter().for_each(assert_no_empty);
        }
        other => assert!(!other.is_null()),
    }
}
