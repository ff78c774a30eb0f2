//! Attributes, their names and their types (RFC 7643 §2 to §2.3).

use crate::app::{ENTERPRISE, USER};
use crate::{create, follow, ids, on_both_back_ends, user};
use serde_json::{Value, json};

on_both_back_ends! {
    /// Shows S-2-01, S-3.1-02, S-3.1-14.
    async fn each_attribute_of_a_body_is_judged_by_its_own_characteristics(app: App) {
        let created = app.post("/Users", user(json!({ "title": "Guide", "id": "mine" }))).await.expect(201);
        let path = format!("/Users/{}", created.id());
        let forged = json!({ "resourceType": "Robot", "created": "1970-01-01T00:00:00Z", "version": "W/\"99\"" });
        let body = user(json!({ "id": 5, "meta": forged, "groups": "none", "nothing": { "x": 1 }, "title": "Boss", "nickName": null }));
        let replaced = app.put(&path, body).await.expect(200);
        assert_eq!(replaced.id(), created.id());
        assert_eq!(replaced.text("/title"), "Boss");
        assert_eq!(replaced.text("/meta/resourceType"), "User");
        assert_eq!(replaced.at("/meta/created"), created.at("/meta/created"));
        assert_eq!(replaced.text("/meta/version"), "W/\"2\"");
        for absent in ["groups", "nothing", "nickName"] {
            assert_eq!(replaced.json.get(absent), None, "{absent}");
        }
        // One value that does not fit refuses the whole, however right the rest is.
        app.put(&path, user(json!({ "title": "Chief", "active": 1 }))).await.expect_error(400, "invalidValue");
        assert_eq!(app.get(&path).await.text("/title"), "Boss");
    }

    /// Shows S-2.1-01.
    async fn attribute_names_count_in_any_letter_case_wherever_they_stand(app: App) {
        let body = json!({ "SCHEMAS": [USER], "USERNAME": "bjensen", "Emails": [{ "VALUE": "b@example.com", "Type": "work" }], "TITLE": "x" });
        let created = app.post("/Users", body).await.expect(201);
        assert_eq!(created.text("/userName"), "bjensen");
        assert_eq!(created.at("/emails"), &json!([{ "value": "b@example.com", "type": "work" }]));
        for filter in ["USERNAME eq \"bjensen\"", "eMAILS[TYPE eq \"work\"]", "emails.VALUE sw \"b@\"", "META.RESOURCETYPE eq \"User\""] {
            assert_eq!(ids(&app.filter("/Users", filter).await.expect(200)), [created.id()], "{filter}");
        }
        let path = format!("/Users/{}", created.id());
        let patched = app.patch(&path, json!([
            { "op": "replace", "path": "EMAILS[tYPE eq \"work\"].VALUE", "value": "c@example.com" },
            { "op": "remove", "path": "TiTlE" },
        ])).await.expect(200);
        assert_eq!(patched.at("/emails"), &json!([{ "value": "c@example.com", "type": "work" }]));
        assert_eq!(patched.json.get("title"), None);
        let other = app.user("abel").await;
        assert_eq!(ids(&app.get("/Users?sortBy=USERname").await.expect(200)), [other, created.id()]);
        let shown = app.get(&format!("{path}?attributes=EMAILS.VALUE")).await.expect(200);
        assert_eq!(shown.json, json!({ "schemas": [USER], "id": created.id(), "emails": [{ "value": "c@example.com" }] }));
        assert_eq!(app.get(&format!("{path}?excludedAttributes=EmailS")).await.json.get("emails"), None);
    }

    /// Shows S-2.1-02, S-3-02, S-3.1-04.
    async fn every_representation_has_its_schemas_and_its_id(app: App) {
        let body = user(json!({ "schemas": [USER, ENTERPRISE], ENTERPRISE: { "department": "Tours" } }));
        let created = app.post("/Users", body.clone()).await.expect(201);
        let (id, path) = (created.id(), format!("/Users/{}", created.id()));
        let search = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "attributes": ["userName"] });
        let representations = [
            created.json,
            app.get(&path).await.json,
            app.get(&format!("{path}?attributes=userName")).await.json,
            app.get(&format!("{path}?excludedAttributes=id,schemas,userName")).await.json,
            app.get("/Users").await.at("/Resources/0").clone(),
            app.get("/Users?attributes=userName").await.at("/Resources/0").clone(),
            app.get("/Users?excludedAttributes=id,schemas").await.at("/Resources/0").clone(),
            app.post("/Users/.search", search).await.at("/Resources/0").clone(),
            app.put(&path, body).await.json,
            app.patch(&format!("{path}?attributes=title"), json!([{ "op": "add", "path": "title", "value": "x" }])).await.json,
        ];
        for representation in representations {
            assert_eq!(representation["id"], json!(id), "{representation:#}");
            assert_eq!(representation["schemas"], json!([USER, ENTERPRISE]), "{representation:#}");
        }
        let group = app.group("Guides", &[]).await;
        assert_eq!(app.get(&format!("/Groups/{group}?attributes=members")).await.json["schemas"], json!([crate::app::GROUP]));
        for endpoint in ["/ServiceProviderConfig", "/ResourceTypes", "/ResourceTypes/User", "/Schemas", &format!("/Schemas/{USER}")] {
            let answer = app.get(endpoint).await.expect(200);
            let each = answer.json["Resources"].as_array().cloned().unwrap_or_default();
            for document in each.iter().chain([&answer.json]) {
                assert!(document["schemas"].as_array().is_some_and(|schemas| !schemas.is_empty()), "{endpoint}");
            }
        }
    }

    /// Shows S-2.1-04, S-10.2-01.
    async fn urns_and_keywords_count_in_any_letter_case(app: App) {
        let (user_urn, enterprise_urn) = (USER.to_uppercase(), ENTERPRISE.to_uppercase());
        let body = json!({ "schemas": [user_urn, enterprise_urn], "userName": "bjensen", enterprise_urn.clone(): { "department": "Tours" } });
        let created = app.post("/Users", body).await.expect(201);
        assert_eq!(created.at("/schemas"), &json!([USER, ENTERPRISE]));
        assert_eq!(created.at(&format!("/{ENTERPRISE}/department")), "Tours");
        for filter in [
            format!("{enterprise_urn}:department EQ \"tours\""),
            format!("{user_urn}:userName Sw \"b\" AND NOT (title PR)"),
            format!("schemas eq \"{enterprise_urn}\""),
        ] {
            assert_eq!(ids(&app.filter("/Users", &filter).await.expect(200)), [created.id()], "{filter}");
        }
        let path = format!("/Users/{}", created.id());
        let change = json!([{ "op": "REPLACE", "path": format!("{enterprise_urn}:DEPARTMENT"), "value": "Sales" }]);
        assert_eq!(app.patch(&path, change).await.expect(200).at(&format!("/{ENTERPRISE}/department")), "Sales");
        assert_eq!(app.get(&format!("/Schemas/{user_urn}")).await.expect(200).id(), USER);
    }

    /// Shows S-1.2-01, S-2.3-02, S-2.3.2-01.
    async fn each_type_takes_its_own_json_type_only(app: App) {
        let cases = [
            ("title", json!([5, true, {}, { "x": 1 }, ["a"]])),
            ("active", json!([1, 0, "yes", {"value": true}, [true]])),
            ("profileUrl", json!([5, {"value": "x"}])),
            ("name", json!(["Barbara", 5, true, [{}]])),
            ("emails", json!([5, true, "b@example.com", ["b@example.com"], [{ "value": 5 }], [{ "primary": 1 }]])),
            ("x509Certificates", json!([[{ "value": 5 }], [{ "value": "%%%" }]])),
        ];
        for (name, values) in cases {
            for value in values.as_array().expect("a list") {
                if value != &json!({}) {
                    app.post("/Users", user(json!({ name: value }))).await.expect_error(400, "invalidValue");
                }
            }
        }
        assert_eq!(app.get("/Users").await.at("/totalResults"), 0);
        create(&app, json!({ "title": "x", "active": false, "profileUrl": "https://example.com/", "name": {}, "emails": [] })).await;
        // A sub-attribute of a simple attribute is nothing that could be named.
        app.filter("/Users", "userName.value eq \"x\"").await.expect_error(400, "invalidFilter");
    }

    /// Shows S-2.3.1-01.
    async fn any_unicode_text_comes_back_as_it_was_sent(app: App) {
        for (number, text) in ["", "😀 🇨🇭", "e\u{301} \u{e9}", "\u{202e}right to left", "a\tb\nc", "\u{7f}\u{1}", "'; --"].iter().enumerate() {
            let body = json!({ "schemas": [USER], "userName": format!("user{number}"), "title": text });
            let created = app.post("/Users", body).await.expect(201);
            assert_eq!(app.get(&format!("/Users/{}", created.id())).await.json["title"], json!(text));
        }
        // A string that no Unicode text is: half a surrogate pair. U+0000 is refused since PostgreSQL cannot hold it.
        for text in ["\\ud800", "\\u0000"] {
            let body = format!("{{\"schemas\":[\"{USER}\"],\"userName\":\"odd\",\"title\":\"{text}\"}}");
            app.send("POST", "/Users", &[], body).await.expect_error(400, "invalidValue");
        }
    }

    /// Shows S-3-07, S-7-14, S-4.1.1-04, S-4.1.1-05, S-4.1.2-08.
    async fn the_full_user_of_the_rfc_is_read_as_it_was_written(app: App) {
        let sent: Value = serde_json::from_str(include_str!("../corpus/rfc7643/8.2-user.json")).expect("JSON");
        let created = app.post("/Users", sent.clone()).await.expect(201);
        let mut expected = sent;
        let object = expected.as_object_mut().expect("an object");
        // What the server assigns, and what nobody reads.
        for name in ["id", "meta", "groups", "password"] {
            object.shift_remove(name);
        }
        let read = follow(&app, &created.text("/meta/location")).await.expect(200);
        assert_eq!(read.json, created.json);
        let mut shown = read.json;
        let object = shown.as_object_mut().expect("an object");
        object.shift_remove("id");
        object.shift_remove("meta");
        assert_eq!(shown, expected);
        assert_eq!(shown["schemas"], json!([USER]));

        // Each attribute can be changed, by PATCH and by PUT.
        let path = format!("/Users/{}", created.id());
        let text = ["displayName", "nickName", "title", "userType", "preferredLanguage", "locale", "timezone", "externalId", "profileUrl"];
        for name in text {
            let patched = app.patch(&path, json!([{ "op": "replace", "path": name, "value": "other" }])).await.expect(200);
            assert_eq!(patched.json[name], "other");
        }
        let lists = ["emails", "phoneNumbers", "ims", "photos", "addresses", "entitlements", "roles"];
        let mut body = user(json!({ "name": { "formatted": "B. Jensen" } }));
        for name in lists {
            let value = if name == "addresses" { "locality" } else { "value" };
            body[name] = json!([{ value: "other", "type": "odd" }]);
        }
        let replaced = app.put(&path, body.clone()).await.expect(200);
        for name in lists.iter().chain(&["name"]) {
            assert_eq!(replaced.json[name], body[name]);
        }
        assert_eq!(replaced.json.get("nickName"), None);
    }
}
