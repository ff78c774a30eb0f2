//! PATCH: what all operations have in common (RFC 7644 §3.5.2).

use crate::app::{App, ENTERPRISE, PATCH_OP, USER};
use crate::on_both_back_ends;
use serde_json::{Value, json};

async fn user(app: &App) -> String {
    let body = json!({
        "schemas": [USER], "userName": "bjensen",
        "emails": [{ "value": "w@example.com", "type": "work", "primary": true }, { "value": "h@example.com", "type": "home" }],
    });
    format!("/Users/{}", app.post("/Users", body).await.expect(201).id())
}

fn one(op: &str, path: &str, value: Value) -> Value {
    json!([{ "op": op, "path": path, "value": value }])
}

on_both_back_ends! {
    /// Shows P-3.5-02, P-3.5.2-01, P-3.5.2-19.
    async fn a_user_is_answered_whole_and_a_group_with_no_content(app: App) {
        assert_eq!(app.get("/ServiceProviderConfig").await.at("/patch/supported"), true);
        let path = user(&app).await;
        let patched = app.patch(&path, one("add", "title", json!("T"))).await.expect(200);
        assert_eq!(patched.json, app.get(&path).await.json);
        assert_eq!(patched.header("etag"), patched.text("/meta/version"));
        let group = format!("/Groups/{}", app.group("g", &[]).await);
        let renamed = app.patch(&group, one("replace", "displayName", json!("h"))).await.expect(204);
        assert_eq!((renamed.json, renamed.headers["etag"].to_str().ok()), (Value::Null, Some("W/\"2\"")));
        let body = json!({ "schemas": [PATCH_OP], "Operations": one("replace", "displayName", json!("i")) }).to_string();
        let whole = app.send("PATCH", &group, &[("prefer", "return=representation")], body).await.expect(200);
        assert_eq!(whole.json, app.get(&group).await.json);
    }

    /// Shows P-3.5.2-03, P-3.5.2-04, P-3.5.2-05, P-3.5.2-02, P-3.12-20.
    async fn a_patch_is_a_list_of_operations_under_its_schema(app: App) {
        let path = user(&app).await;
        let before = app.get(&path).await.json;
        let fine = one("add", "title", json!("T"));
        for body in [
            json!({ "Operations": fine }),
            json!({ "schemas": [], "Operations": fine }),
            json!({ "schemas": [USER], "Operations": fine }),
            json!({ "schemas": [PATCH_OP] }),
            json!({ "schemas": [PATCH_OP], "Operations": [] }),
            json!({ "schemas": [PATCH_OP], "Operations": {} }),
            json!({ "schemas": [PATCH_OP], "Operations": [{ "path": "title", "value": "T" }] }),
            json!({ "schemas": [PATCH_OP], "Operations": [{ "op": "delete", "path": "title" }] }),
            json!({ "schemas": [PATCH_OP], "Operations": [{ "op": "move", "from": "title", "path": "nickName" }] }),
            json!({ "schemas": [PATCH_OP], "Operations": [{ "op": "copy", "from": "title", "path": "nickName" }] }),
            json!({ "schemas": [PATCH_OP], "Operations": [{ "op": "test", "path": "title", "value": "T" }] }),
            json!({ "schemas": [PATCH_OP], "Operations": [{ "op": ["add"], "path": "title", "value": "T" }] }),
            fine,
        ] {
            app.send("PATCH", &path, &[], body.to_string()).await.expect_error(400, "invalidSyntax");
        }
        let twice = format!(r#"{{"schemas":["{PATCH_OP}"],"Operations":[{{"op":"add","op":"remove","path":"title","value":"T"}}]}}"#);
        app.send("PATCH", &path, &[], twice).await.expect_error(400, "invalidSyntax");
        app.patch(&path, one("replace", "emails[0]", json!({ "value": "x" }))).await.expect_error(400, "invalidFilter");
        app.patch(&path, one("replace", "emails.0", json!("x"))).await.expect_error(400, "invalidPath");
        assert_eq!(app.get(&path).await.json, before);
        app.patch(&path, one("Add", "title", json!("T"))).await.expect(200);
    }

    /// Shows P-3.5.2-06, P-3.5.2-07, P-3.5.2-12, P-3.12-21.
    async fn a_path_is_an_attribute_or_a_selection_of_its_values(app: App) {
        let path = user(&app).await;
        for (target, value) in [
            ("title", json!("T")),
            ("TITLE", json!("T")),
            ("name.familyName", json!("J")),
            (&format!("{USER}:title"), json!("U")),
            (&format!("{}:NAME.givenname", USER.to_uppercase()), json!("B")),
            (&format!("{ENTERPRISE}:department"), json!("D")),
            ("department", json!("E")),
            ("addresses[type eq \"work\"]", json!({ "locality": "X" })),
            ("emails[value eq \"w@example.com\"].display", json!("W")),
            ("emails[type eq \"work\" and value ew \"example.com\"].display", json!("V")),
        ] {
            app.patch(&path, one("add", target, value)).await.expect(200);
        }
        for malformed in ["", "/title", ".title", "title.", "name.familyName.x", "emails[type eq \"work\"]x", "1", "a b", "urn:x:title", "shoeSize", "emails.shoeSize"] {
            app.patch(&path, one("add", malformed, json!("x"))).await.expect_error(400, "invalidPath");
        }
        for malformed in ["emails[type is \"work\"].value", "emails[type eq \"work\"", "emails[shoeSize eq 4].value", "emails[].value"] {
            app.patch(&path, one("add", malformed, json!("x"))).await.expect_error(400, "invalidFilter");
        }
        app.patch(&path, json!([{ "op": "add", "value": { "nickName": "N" } }, { "op": "replace", "value": { "nickName": "M" } }])).await.expect(200);
        app.patch(&path, json!([{ "op": "remove" }])).await.expect_error(400, "noTarget");
    }

    /// Shows P-3.5.2-08, P-3.5.2-09, P-3.5.2-11, P-3.12-19, P-3.12-23.
    async fn what_the_schema_forbids_is_refused_by_name(app: App) {
        let path = user(&app).await;
        let id = path.trim_start_matches("/Users/").to_owned();
        let group = format!("/Groups/{}", app.group("g", &[&id]).await);
        let before = (app.get(&path).await.json, app.get(&group).await.json);
        for (target, value) in [("id", json!("x")), ("meta.created", json!("2020-01-01T00:00:00Z")), ("groups", json!([{ "value": "x" }])), ("manager.displayName", json!("x"))] {
            for op in ["add", "replace"] {
                app.patch(&path, one(op, target, value.clone())).await.expect_error(400, "mutability");
            }
        }
        app.patch(&group, one("replace", &format!("members[value eq \"{id}\"].value"), json!("x"))).await.expect_error(400, "mutability");
        for (target, value) in [("active", json!(7)), ("title", json!({})), ("emails", json!("x")), ("name", json!("x")), ("emails[type eq \"work\"].primary", json!("x"))] {
            app.patch(&path, one("replace", target, value)).await.expect_error(400, "invalidValue");
        }
        app.patch(&group, one("add", "members", json!([{ "value": "nobody" }]))).await.expect_error(400, "invalidValue");
        assert_eq!((app.get(&path).await.json, app.get(&group).await.json), before);
    }

    /// Shows P-3.5.2-13, P-3.5.2-14.
    async fn schemas_follows_the_extensions_that_are_set(app: App) {
        let path = user(&app).await;
        let set = json!([
            { "op": "add", "path": "schemas", "value": [ENTERPRISE] },
            { "op": "add", "path": format!("{ENTERPRISE}:employeeNumber"), "value": "7" },
        ]);
        assert_eq!(app.patch(&path, set).await.expect(200).json["schemas"], json!([USER, ENTERPRISE]));
        let gone = app.patch(&path, json!([{ "op": "remove", "path": "schemas", "value": [ENTERPRISE] }])).await.expect(200);
        assert_eq!((&gone.json["schemas"], gone.json.get(ENTERPRISE)), (&json!([USER]), None));
        let back = app.patch(&path, one("add", &format!("{ENTERPRISE}:employeeNumber"), json!("8"))).await.expect(200);
        assert_eq!(back.json["schemas"], json!([USER, ENTERPRISE]), "the data alone is enough");
    }

    /// Shows P-3.5.2-15.
    async fn operations_see_what_those_before_them_did(app: App) {
        let path = user(&app).await;
        let operations = json!([
            { "op": "add", "path": "emails", "value": [{ "value": "o@example.com", "type": "other" }] },
            { "op": "replace", "path": "emails[type eq \"other\"].display", "value": "O" },
            { "op": "remove", "path": "emails[type eq \"work\"]" },
            { "op": "add", "path": "title", "value": "first" },
            { "op": "replace", "path": "title", "value": "second" },
        ]);
        let patched = app.patch(&path, operations).await.expect(200);
        assert_eq!(patched.json["emails"], json!([{ "value": "h@example.com", "type": "home" }, { "value": "o@example.com", "type": "other", "display": "O" }]));
        assert_eq!(patched.json["title"], "second");
        let (first, second) = (app.user("first").await, app.user("second").await);
        let group = format!("/Groups/{}", app.group("g", &[&first]).await);
        app.patch(&group, json!([{ "op": "remove", "path": "members" }, { "op": "add", "path": "members", "value": [{ "value": second }] }])).await.expect(204);
        let members = app.get(&group).await.json["members"].clone();
        assert_eq!((members.as_array().map(Vec::len), &members[0]["value"]), (Some(1), &json!(second)));
    }

    /// Shows P-3.5.2-16.
    async fn a_new_primary_value_is_the_only_one(app: App) {
        let primary = |user: &Value| {
            let emails = user["emails"].as_array().expect("a list").iter();
            emails.filter(|email| email["primary"] == true).map(|email| email["type"].as_str().expect("a type").to_owned()).collect::<Vec<_>>()
        };
        let path = user(&app).await;
        let patched = app.patch(&path, one("replace", "emails[type eq \"home\"].primary", json!(true))).await.expect(200);
        assert_eq!(primary(&patched.json), ["home"]);
        assert_eq!(patched.json["emails"][0]["primary"], false);
        let patched = app.patch(&path, one("add", "emails", json!([{ "value": "o@example.com", "type": "other", "primary": true }]))).await.expect(200);
        assert_eq!(primary(&patched.json), ["other"]);
        let two = json!([{ "value": "1", "primary": true }, { "value": "2", "primary": true }]);
        app.patch(&path, one("add", "emails", two)).await.expect_error(400, "invalidValue");
    }

    /// Shows P-3.5.2-17, P-3.5.2-18, P-3.14-06.
    async fn all_operations_hold_or_none(app: App) {
        let path = user(&app).await;
        let member = app.user("member").await;
        let group = format!("/Groups/{}", app.group("g", &[]).await);
        let before = (app.get(&path).await.json, app.get(&group).await.json);
        let failing = [
            (json!({ "op": "replace", "path": "active", "value": "maybe" }), "invalidValue"),
            (json!({ "op": "replace", "path": "emails[type eq \"fax\"].value", "value": "x" }), "noTarget"),
            (json!({ "op": "remove", "path": "userName" }), "mutability"),
            (json!({ "op": "remove", "path": "a b" }), "invalidPath"),
            (json!({ "op": "add", "path": "emails[x" , "value": "x" }), "invalidFilter"),
        ];
        for (last, scim_type) in failing {
            let operations = json!([{ "op": "add", "path": "title", "value": "T" }, { "op": "remove", "path": "emails" }, last]);
            app.patch(&path, operations).await.expect_error(400, scim_type);
        }
        let operations = json!([{ "op": "add", "path": "members", "value": [{ "value": member }] }, { "op": "remove", "path": "displayName" }]);
        app.patch(&group, operations).await.expect_error(400, "mutability");
        let operations = json!([{ "op": "add", "path": "members", "value": [{ "value": member }, { "value": "0193b1c8-0000-7000-8000-000000000001" }] }, { "op": "replace", "path": "displayName", "value": "h" }]);
        app.patch(&group, operations).await.expect_error(400, "invalidValue");
        assert_eq!((app.get(&path).await.json, app.get(&group).await.json), before, "versions and times included");
    }

    /// Shows P-3.5.2-21, P-3.12-18.
    async fn what_comes_of_all_operations_is_judged(app: App) {
        app.user("taken").await;
        let path = user(&app).await;
        app.patch(&path, one("replace", "userName", json!(""))).await.expect_error(400, "invalidValue");
        app.patch(&path, one("replace", "userName", json!("TAKEN"))).await.expect_error(409, "uniqueness");
        app.put(&path, json!({ "schemas": [USER], "userName": "taken" })).await.expect_error(409, "uniqueness");
        app.post("/Users", json!({ "schemas": [USER], "userName": "taken" })).await.expect_error(409, "uniqueness");
        app.patch(&path, one("replace", "emails[value pr].primary", json!(true))).await.expect_error(400, "invalidValue");
        // Only the end counts.
        let passing = json!([{ "op": "replace", "path": "userName", "value": "taken" }, { "op": "replace", "path": "userName", "value": "free" }]);
        assert_eq!(app.patch(&path, passing).await.expect(200).json["userName"], "free");
    }
}
