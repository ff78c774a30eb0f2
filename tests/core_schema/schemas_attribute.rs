//! The `schemas` attribute and extensions (RFC 7643 §3, §3.3).

use crate::app::{ENTERPRISE, GROUP, USER};
use crate::{create, on_both_back_ends, user};
use serde_json::{Value, json};
use std::collections::HashSet;

on_both_back_ends! {
    /// Shows S-3-01, S-3-03, S-3.3-01.
    async fn schemas_is_a_list_of_the_base_schema_and_extensions_of_the_type(app: App) {
        let path = create(&app, json!({})).await;
        let wrong = [
            Value::Null,
            json!([]),
            json!(USER),
            json!({ "value": USER }),
            json!([5]),
            json!([ENTERPRISE]),
            json!([USER, GROUP]),
            json!([GROUP]),
            json!([USER, "urn:example:unknown"]),
        ];
        for schemas in wrong {
            let body = json!({ "schemas": schemas, "userName": "other" });
            app.post("/Users", body.clone()).await.expect_error(400, "invalidSyntax");
            app.put(&path, body).await.expect_error(400, "invalidSyntax");
        }
        app.post("/Users", json!({ "userName": "other" })).await.expect_error(400, "invalidSyntax");
        app.post("/Groups", json!({ "schemas": [USER], "displayName": "x" })).await.expect_error(400, "invalidSyntax");
    }

    /// Shows S-3-04, S-3-05.
    async fn duplicates_and_order_in_schemas_have_no_effect(app: App) {
        let mut shown = Vec::new();
        for (number, schemas) in [json!([USER, ENTERPRISE]), json!([ENTERPRISE, USER]), json!([USER, ENTERPRISE, USER, ENTERPRISE])].iter().enumerate() {
            let body = json!({ "schemas": schemas, "userName": format!("user{number}"), ENTERPRISE: { "department": "d" } });
            let created = app.post("/Users", body).await.expect(201);
            shown.push(created.at("/schemas").clone());
            shown.push(app.get(&format!("/Users/{}", created.id())).await.at("/schemas").clone());
        }
        assert_eq!(shown, vec![json!([USER, ENTERPRISE]); 6]);
    }

    /// Shows S-3-08, S-3-09, S-3.3-02, S-3.3-03, S-6-08.
    async fn the_attributes_of_an_extension_are_in_its_container_alone(app: App) {
        // At the top level the name means nothing, and without data an extension is not listed.
        let created = app.post("/Users", user(json!({ "schemas": [USER, ENTERPRISE], "department": "top" }))).await.expect(201);
        assert_eq!(created.at("/schemas"), &json!([USER]));
        assert_eq!((created.json.get("department"), created.json.get(ENTERPRISE)), (None, None));
        // Its key counts in any letter case; it need not be listed.
        let path = format!("/Users/{}", created.id());
        let replaced = app.put(&path, user(json!({ ENTERPRISE.to_uppercase(): { "DEPARTMENT": "Tours" } }))).await.expect(200);
        assert_eq!(replaced.at("/schemas"), &json!([USER, ENTERPRISE]));
        assert_eq!(replaced.at(&format!("/{ENTERPRISE}")), &json!({ "department": "Tours" }));
        assert_eq!(replaced.json.get("department"), None);
        assert_eq!(app.get("/Users").await.at(&format!("/Resources/0/{ENTERPRISE}")), &json!({ "department": "Tours" }));
        // It goes with its last attribute.
        let emptied = app.patch(&path, json!([{ "op": "remove", "path": format!("{ENTERPRISE}:department") }])).await.expect(200);
        assert_eq!(emptied.at("/schemas"), &json!([USER]));
        assert_eq!(emptied.json.get(ENTERPRISE), None);
    }

    /// Shows S-3.3-06, S-6-02, S-3.1-16.
    async fn the_resource_type_of_a_resource_names_its_base_schema(app: App) {
        let user = app.user("bjensen").await;
        let group = app.group("Guides", &[]).await;
        for (path, name, base) in [(format!("/Users/{user}"), "User", USER), (format!("/Groups/{group}"), "Group", GROUP)] {
            let resource_type = app.get(&path).await.text("/meta/resourceType");
            assert_eq!(resource_type, name);
            let described = app.get(&format!("/ResourceTypes/{resource_type}")).await.expect(200);
            assert_eq!((described.text("/name"), described.text("/schema")), (name.to_owned(), base.to_owned()));
            app.get(&format!("/ResourceTypes/{}", resource_type.to_lowercase())).await.expect_error(404, "");
        }
        let types = app.get("/ResourceTypes").await;
        let names: HashSet<&str> = types.at("/Resources").as_array().expect("a list").iter().filter_map(|each| each["name"].as_str()).collect();
        assert_eq!(types.at("/totalResults"), names.len(), "no two have the same name");
    }
}
