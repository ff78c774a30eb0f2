//! The User (RFC 7643 §4.1), its groups apart.

use crate::app::USER;
use crate::{create, ids, on_both_back_ends, user};
use scimd::admin::directories;
use serde_json::{Value, json};

on_both_back_ends! {
    /// Shows S-4.1.1-01, S-7-25.
    async fn a_user_has_a_user_name(app: App) {
        let path = create(&app, json!({})).await;
        for name in [Value::Null, json!(""), json!("  "), json!([])] {
            let body = json!({ "schemas": [USER], "userName": name });
            app.post("/Users", body.clone()).await.expect_error(400, "invalidValue");
            app.put(&path, body).await.expect_error(400, "invalidValue");
        }
        app.post("/Users", json!({ "schemas": [USER] })).await.expect_error(400, "invalidValue");
        app.put(&path, json!({ "schemas": [USER] })).await.expect_error(400, "invalidValue");
        app.patch(&path, json!([{ "op": "replace", "path": "userName", "value": "" }])).await.expect_error(400, "invalidValue");
        app.patch(&path, json!([{ "op": "remove", "path": "userName" }])).await.expect_error(400, "mutability");
        assert_eq!(app.get("/Users").await.at("/totalResults"), 1);
        assert_eq!(app.get(&path).await.text("/userName"), "bjensen");
    }

    /// Shows S-4.1.1-02, S-4.1.1-03, S-7-21, S-7-22.
    async fn a_user_name_is_unique_in_its_directory_in_any_letter_case(app: App) {
        let first = app.user("BJensen").await;
        let second = format!("/Users/{}", app.user("other").await);
        for name in ["BJensen", "bjensen", "BJENSEN", "ＢＪｅｎｓｅｎ"] {
            let body = json!({ "schemas": [USER], "userName": name });
            app.post("/Users", body.clone()).await.expect_error(409, "uniqueness");
            app.put(&second, body).await.expect_error(409, "uniqueness");
            app.patch(&second, json!([{ "op": "replace", "path": "userName", "value": name }])).await.expect_error(409, "uniqueness");
            assert_eq!(ids(&app.filter("/Users", &format!("userName eq \"{name}\"")).await.expect(200)), [first.as_str()], "{name}");
        }
        assert_eq!(app.get(&format!("/Users/{first}")).await.text("/userName"), "BJensen");
        let elsewhere: crate::app::App = app.directory("other", "generic").await;
        elsewhere.user("bjensen").await;
        app.delete(&format!("/Users/{first}")).await.expect(204);
        app.user("bjensen").await;
    }

    /// Shows S-4.1.1-06.
    async fn the_server_invents_no_names(app: App) {
        let created = app.post("/Users", user(json!({ "name": { "formatted": "Barbara Jensen" } }))).await.expect(201);
        assert_eq!(created.at("/name"), &json!({ "formatted": "Barbara Jensen" }));
        for name in ["nickName", "displayName", "title", "externalId"] {
            assert_eq!(created.json.get(name), None, "{name}");
        }
    }

    /// Shows S-4.1.1-11.
    async fn active_is_true_unless_a_client_says_otherwise(app: App) {
        let path = create(&app, json!({})).await;
        assert_eq!(app.get(&path).await.at("/active"), true);
        let change = json!([{ "op": "replace", "path": "active", "value": false }]);
        assert_eq!(app.patch(&path, change).await.expect(200).at("/active"), false);
        app.post("/Users", json!({ "schemas": [USER], "userName": "other", "active": false })).await.expect(201);
        assert_eq!(app.filter("/Users", "active eq false").await.at("/totalResults"), 2);
        assert_eq!(app.filter("/Users", "active eq true").await.at("/totalResults"), 0);
        // PUT without it re-enables nobody (D-18).
        assert_eq!(app.put(&path, user(json!({ "title": "x" }))).await.expect(200).at("/active"), false);
    }

    /// Shows S-4.1.1-09, S-4.1.2-03, S-4.1.2-04, S-4.1.2-13.
    async fn values_that_providers_spell_freely_are_kept_as_they_are(app: App) {
        let free = json!({
            "locale": "en_US",
            "phoneNumbers": [{ "value": "555-555-5555" }, { "value": "tel:+1-201-555-0123", "type": "mobile" }],
            "ims": [{ "value": "Some One", "type": "other" }],
            "roles": [{ "value": "urn:x:any thing", "type": "odd" }],
            "entitlements": [{ "value": "{\"json\": true}" }, { "value": "42" }],
        });
        let path = create(&app, free.clone()).await;
        let shown = app.get(&path).await;
        for (name, value) in free.as_object().expect("an object") {
            assert_eq!(&shown.json[name], value, "{name}");
        }
        assert_eq!(app.filter("/Users", "phoneNumbers.value eq \"555-555-5555\" and ims.value eq \"some one\"").await.at("/totalResults"), 1);
    }

    /// Shows S-2.3.1-02, S-4.1.1-08, S-4.1.1-10, S-4.1.2-01, S-4.1.2-03, S-4.1.2-07, S-4.1.2-14.
    async fn a_strict_directory_holds_values_to_their_formats(app: App) {
        let strict: crate::app::App = app.directory("strict", "strict").await;
        // SEQUENCE { INTEGER 5 }, and two of them.
        let cases = [
            (json!({ "preferredLanguage": "en-US,de;q=0.5" }), json!({ "preferredLanguage": "en_US" })),
            (json!({ "locale": "en-US" }), json!({ "locale": "en US" })),
            (json!({ "timezone": "America/Los_Angeles" }), json!({ "timezone": "Mars/Base" })),
            (json!({ "addresses": [{ "country": "US" }] }), json!({ "addresses": [{ "country": "USA" }] })),
            (json!({ "addresses": [{ "country": "CH" }] }), json!({ "addresses": [{ "country": "XX" }] })),
            (json!({ "emails": [{ "value": "b@example.com" }] }), json!({ "emails": [{ "value": "b" }] })),
            (json!({ "phoneNumbers": [{ "value": "tel:+1-201-555-0123" }] }), json!({ "phoneNumbers": [{ "value": "ask me" }] })),
            (json!({ "x509Certificates": [{ "value": "MAMCAQU=" }] }), json!({ "x509Certificates": [{ "value": "MAMCAQUwAwIBBQ==" }] })),
            (json!({ "x509Certificates": [{ "value": "MAMCAQU" }] }), json!({ "x509Certificates": [{ "value": "YWJj" }] })),
        ];
        for (number, (good, bad)) in cases.into_iter().enumerate() {
            let body = |mut attributes: Value, kind: &str| {
                attributes["schemas"] = json!([USER]);
                attributes["userName"] = json!(format!("{kind}{number}"));
                attributes
            };
            strict.post("/Users", body(good, "good")).await.expect(201);
            strict.post("/Users", body(bad.clone(), "bad")).await.expect_error(400, "invalidValue");
            // Elsewhere what has the syntax of its type is taken (D-12).
            app.post("/Users", body(bad, "bad")).await.expect(201);
        }
    }

    /// Shows S-4.1.1-07, S-4.1.2-01, S-4.1.2-04: in a strict Directory they are stored, and looked for, in one spelling.
    async fn a_strict_directory_spells_values_in_one_way(app: App) {
        // What was stored before is found as it was sent.
        let old: crate::app::App = app.directory("old", "generic").await;
        old.post("/Users", json!({ "schemas": [USER], "userName": "o", "ims": [{ "value": "Some Handle" }], "profileUrl": "https://A.example" }))
            .await.expect(201);
        let edit = directories::Edit { provider: Some("strict".into()), ..directories::Edit::default() };
        directories::edit(&old.operator(), &old.row().await, edit).await.expect("edits");
        let old = old.fresh().await;
        for (filter, found) in [
            ("ims.value eq \"some handle\"", 1), ("ims.value ne \"Some Handle\"", 0), ("profileUrl eq \"https://A.example\"", 1),
        ] {
            assert_eq!(old.filter("/Users", filter).await.at("/totalResults"), found, "{filter}");
        }
        let strict: crate::app::App = app.directory("strict", "strict").await;
        let body = json!({ "schemas": [USER], "userName": "b", "emails": [{ "value": "B.Jensen@EXAMPLE.com", "type": "work" }],
            "ims": [{ "value": "Some AIM Handle", "type": "aim" }], "profileUrl": "HTTPS://Example.com/a/../b" });
        let created = strict.post("/Users", body).await.expect(201);
        let values = ["/emails/0/value", "/ims/0/value", "/profileUrl"];
        assert_eq!(values.map(|value| created.text(value)), ["B.Jensen@example.com", "someaimhandle", "https://example.com/b"]);
        for filter in [
            "emails.value eq \"B.Jensen@Example.COM\"", "ims.value eq \"some aim handle\"", "ims[value eq \"SomeAim Handle\"]",
            "ims eq \"Some AIM Handle\"", "profileUrl eq \"https://EXAMPLE.com:443/b\"", "not (ims.value ne \"Some AIM Handle\")",
        ] {
            assert_eq!(strict.filter("/Users", filter).await.at("/totalResults"), 1, "{filter}");
        }
        let path = format!("/Users/{}", created.id());
        let patched = strict.patch(&path, json!([
            { "op": "replace", "path": "ims[value eq \"Some AIM Handle\"].value", "value": "An Other" },
            { "op": "add", "path": "emails", "value": [{ "value": "x@Y.Example" }] },
        ]));
        let patched = patched.await.expect(200);
        assert_eq!([patched.text("/ims/0/value"), patched.text("/emails/1/value")], ["another", "x@y.example"]);
        // What was read is what it is, and so is what was written in another spelling.
        let mut body = strict.get(&path).await.json;
        for spelled in ["another", "An Other"] {
            body["ims"][0]["value"] = json!(spelled);
            assert_eq!(strict.put(&path, body.clone()).await.expect(200).text("/meta/version"), patched.text("/meta/version"));
        }
    }

    /// Shows S-2.3.7-01, S-4.1.1-07, S-4.1.2-05: the syntax of a type holds under every profile (D-12).
    async fn a_reference_is_a_uri_under_every_profile(app: App) {
        for profile in ["generic", "strict", "entra", "okta"] {
            let client: crate::app::App = app.directory(&format!("{profile}-uris"), profile).await;
            for (number, text) in ["two words", "https://example.com/%zz", "https://example.com/<b>", "a\tb"].iter().enumerate() {
                for attributes in [json!({ "profileUrl": text }), json!({ "photos": [{ "value": text }] })] {
                    let mut body = attributes;
                    body["schemas"] = json!([USER]);
                    body["userName"] = json!(format!("user{number}"));
                    client.post("/Users", body).await.expect_error(400, "invalidValue");
                }
            }
            let good = json!({ "schemas": [USER], "userName": "good", "profileUrl": "../b%20j", "photos": [{ "value": "data:image/png;base64,AA==" }] });
            let id = client.post("/Users", good).await.expect(201).id();
            let replaced = json!([{ "op": "replace", "path": "profileUrl", "value": "two words" }]);
            client.patch(&format!("/Users/{id}"), replaced).await.expect_error(400, "invalidValue");
        }
    }

    /// Shows S-2.3.6-01, S-2.3.6-02, S-2.3.6-03, S-2.3.6-04.
    async fn a_certificate_is_base64_and_compares_exactly(app: App) {
        for value in ["%%%", "YQ=", "Y", "-----BEGIN CERTIFICATE-----"] {
            app.post("/Users", user(json!({ "x509Certificates": [{ "value": value }] }))).await.expect_error(400, "invalidValue");
        }
        for (number, value) in ["MAMCAQU=", "MAMCAQU", "-_-_"].iter().enumerate() {
            let body = json!({ "schemas": [USER], "userName": format!("user{number}"), "x509Certificates": [{ "value": value }] });
            let id = app.post("/Users", body).await.expect(201).id();
            assert_eq!(app.get(&format!("/Users/{id}")).await.at("/x509Certificates/0/value"), value);
            assert_eq!(ids(&app.filter("/Users", &format!("x509Certificates.value eq \"{value}\"")).await.expect(200)), [id]);
        }
        assert_eq!(app.filter("/Users", "x509Certificates.value eq \"mamcaqu=\"").await.at("/totalResults"), 0);
        // Two users may have the same.
        app.post("/Users", user(json!({ "x509Certificates": [{ "value": "MAMCAQU=" }] }))).await.expect(201);
    }
}
