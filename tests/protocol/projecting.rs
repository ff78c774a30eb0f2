//! Which attributes an answer holds (RFC 7644 §3.4.2.5, §3.9, §3.10).

use crate::app::{ENTERPRISE, PATCH_OP, USER};
use crate::on_both_back_ends;
use serde_json::{Value, json};

fn body() -> Value {
    json!({
        "schemas": [USER, ENTERPRISE], "userName": "bjensen", "title": "T", "password": "correct horse",
        "name": { "givenName": "Barbara", "familyName": "Jensen" }, "emails": [{ "value": "b@example.com", "type": "work" }],
        ENTERPRISE: { "department": "Sales", "employeeNumber": "7" },
    })
}

/// The names of the members of an object, sorted.
fn names(object: &Value) -> Vec<&str> {
    let mut names: Vec<&str> = object.as_object().expect("an object").keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

on_both_back_ends! {
    /// Shows P-3.4-02, P-3.9-01.
    async fn without_a_parameter_the_default_set_is_answered(app: App) {
        let created = app.post("/Users", body()).await.expect(201);
        let all = ["active", "emails", "id", "meta", "name", "schemas", "title", ENTERPRISE, "userName"];
        assert_eq!(names(&created.json), all, "never a password");
        assert_eq!(names(&app.get(&format!("/Users/{}", created.id())).await.json), all);
        assert_eq!(names(app.get("/Users").await.at("/Resources/0")), all);
    }

    /// Shows P-3.4.2.5-02, P-3.9-02.
    async fn attributes_takes_the_place_of_the_default_set(app: App) {
        let path = format!("/Users/{}", app.post("/Users", body()).await.expect(201).id());
        let only = async |attributes: &str| app.get(&format!("{path}?attributes={attributes}")).await.expect(200).json;
        assert_eq!(names(&only("userName").await), ["id", "schemas", "userName"]);
        let name = only("name.familyName").await;
        assert_eq!((names(&name), &name["name"]), (vec!["id", "name", "schemas"], &json!({ "familyName": "Jensen" })));
        assert_eq!(only("emails.type").await["emails"], json!([{ "type": "work" }]));
        assert_eq!(names(&only("password").await), ["id", "schemas"]);
        assert_eq!(names(&only("meta.version").await["meta"]), ["version"]);
    }

    /// Shows P-3.4.2.5-03, P-3.9-03.
    async fn excluded_attributes_takes_from_the_default_set_but_not_what_is_always_there(app: App) {
        let user = app.post("/Users", body()).await.expect(201).id();
        let without = app.get(&format!("/Users/{user}?excludedAttributes=id,schemas,userName,name.givenName,{ENTERPRISE}")).await.expect(200);
        assert_eq!(names(&without.json), ["active", "emails", "id", "meta", "name", "schemas", "title"]);
        assert_eq!(without.json["name"], json!({ "familyName": "Jensen" }));
        let group = app.group("g", &[&user]).await;
        let without = app.get(&format!("/Groups/{group}?excludedAttributes=members")).await.expect(200);
        assert_eq!(names(&without.json), ["displayName", "id", "meta", "schemas"]);
    }

    /// Shows P-3.4.2.5-04, P-3.9-05.
    async fn names_are_a_list_in_the_notation_of_attributes(app: App) {
        let path = format!("/Users/{}", app.post("/Users", body()).await.expect(201).id());
        let shown = async |attributes: &str| app.get(&format!("{path}?attributes={attributes}")).await.expect(200).json;
        let expected = shown("userName,title").await;
        assert_eq!(names(&expected), ["id", "schemas", "title", "userName"]);
        for spelling in ["%20USERNAME%20,%20Title", "title,userName,title", &format!("{USER}:userName,{}:TITLE", USER.to_uppercase()), "userName,shoeSize,title"] {
            assert_eq!(shown(spelling).await, expected, "{spelling}");
        }
        for spelling in [format!("{ENTERPRISE}:department"), "department".to_owned(), format!("{}:DEPARTMENT", ENTERPRISE.to_uppercase())] {
            assert_eq!(shown(&spelling).await[ENTERPRISE], json!({ "department": "Sales" }), "{spelling}");
        }
    }

    /// Shows P-3.9-04.
    async fn both_parameters_at_once_are_refused(app: App) {
        let path = format!("/Users/{}", app.user("bjensen").await);
        for path in ["/Users", &path] {
            app.get(&format!("{path}?attributes=userName&excludedAttributes=title")).await.expect_error(400, "invalidValue");
        }
    }

    /// Shows P-3.4.2.5-01, P-3.9-06, P-3.5.2-20.
    async fn every_operation_that_answers_with_a_resource_heeds_them(app: App) {
        let expected = ["id", "schemas", "userName"];
        let created = app.post("/Users?attributes=userName", body()).await.expect(201);
        assert_eq!(names(&created.json), expected);
        let path = format!("/Users/{}", created.id());
        let mut longer = body();
        longer["nickName"] = "B".into();
        assert_eq!(names(&app.put(&format!("{path}?attributes=userName"), longer).await.expect(200).json), expected);
        let operations = json!({ "schemas": [PATCH_OP], "Operations": [{ "op": "add", "path": "title", "value": "U" }] }).to_string();
        let patched = app.send("PATCH", &format!("{path}?attributes=userName"), &[], operations.clone()).await.expect(200);
        assert_eq!(names(&patched.json), expected);
        assert_eq!(names(app.get("/Users?attributes=userName").await.at("/Resources/0")), expected);
        let search = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "attributes": ["userName"] });
        assert_eq!(names(app.post("/Users/.search", search).await.expect(200).at("/Resources/0")), expected);

        let excluded = "excludedAttributes=name,emails,title,active,meta,nickName,department,employeeNumber";
        assert_eq!(names(&app.get(&format!("{path}?{excluded}")).await.json), expected);
        assert_eq!(names(&app.put(&format!("{path}?{excluded}"), body()).await.expect(200).json), expected);
        assert_eq!(names(&app.send("PATCH", &format!("{path}?{excluded}"), &[], operations).await.expect(200).json), expected);

        // A group answers a PATCH with a body only when one is asked for.
        let group = format!("/Groups/{}", app.group("g", &[]).await);
        let rename = json!({ "schemas": [PATCH_OP], "Operations": [{ "op": "replace", "path": "displayName", "value": "h" }] });
        let renamed = app.send("PATCH", &format!("{group}?attributes=displayName"), &[], rename.to_string()).await.expect(200);
        assert_eq!(names(&renamed.json), ["displayName", "id", "schemas"]);
    }
}
