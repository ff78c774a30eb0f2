//! The password, and what else must stay secret (RFC 7643 §4.1.1, §9).

use crate::app::{PATCH_OP, USER};
use crate::{create, directory_id, follow, ids, on_both_back_ends, stored, user};
use argon2::{Argon2, PasswordHash, PasswordVerifier};
use scimd::auth::token;
use scimd::id::ResourceId;
use serde_json::{Value, json};

const PASSWORD: &str = "t1meMa$heen";

/// The hash that is kept for a user.
async fn hash(app: &crate::app::App, path: &str) -> String {
    let id = ResourceId::parse(path.trim_start_matches("/Users/")).expect("an id of the server");
    app.store.password_hash(directory_id(app).await, id).await.expect("answers").expect("has a password")
}

fn verifies(hash: &str, password: &str) -> bool {
    let hash = PasswordHash::new(hash).expect("PHC form");
    Argon2::default().verify_password(password.as_bytes(), &hash).is_ok()
}

on_both_back_ends! {
    /// Shows S-4.1.1-12, S-4.1.1-17, S-7-16, S-7-18.
    async fn no_answer_has_a_password_or_its_hash(app: App) {
        let schema = app.get(&format!("/Schemas/{USER}")).await;
        let attributes = schema.at("/attributes").as_array().expect("a list");
        let password = attributes.iter().find(|attribute| attribute["name"] == "password").expect("is there");
        assert_eq!((&password["mutability"], &password["returned"]), (&json!("writeOnly"), &json!("never")));

        let body = user(json!({ "password": PASSWORD }));
        let search = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "attributes": ["password", "userName"] });
        let created = app.post("/Users?attributes=password", body.clone()).await.expect(201);
        let path = format!("/Users/{}", created.id());
        let change = json!([{ "op": "replace", "path": "password", "value": "another pass" }]);
        let long = app.put(&path, user(json!({ "password": "x" }))).await.expect_error(400, "invalidValue");
        let answers = [
            created,
            app.put(&path, body.clone()).await.expect(200),
            app.patch(&path, change.clone()).await.expect(200),
            app.patch(&format!("{path}?attributes=password"), change).await.expect(200),
            app.get(&path).await.expect(200),
            app.get(&format!("{path}?attributes=password")).await.expect(200),
            app.get(&format!("{path}?excludedAttributes=userName")).await.expect(200),
            app.get("/Users").await.expect(200),
            app.get("/Users?attributes=password,userName").await.expect(200),
            app.post("/Users/.search", search).await.expect(200),
            app.post("/Users", body).await.expect_error(409, "uniqueness"),
            long,
        ];
        let hash = hash(&app, &path).await;
        for answer in answers {
            let text = answer.json.to_string();
            for secret in [PASSWORD, "another pass", "argon2", &hash, "\"password\":"] {
                assert!(!text.contains(secret), "{text}");
            }
        }
    }

    /// Shows S-4.1.1-13, S-4.1.1-14, S-9.2-01.
    async fn of_a_password_only_an_argon2id_hash_is_kept(app: App) {
        for refused in ["short", "", "bell\u{7} bell bell"] {
            app.post("/Users", user(json!({ "password": refused }))).await.expect_error(400, "invalidValue");
        }
        assert_eq!(app.get("/Users").await.at("/totalResults"), 0);
        let path = create(&app, json!({ "password": "cafe\u{301} au\u{a0}lait" })).await;
        let first = hash(&app, &path).await;
        assert!(first.starts_with("$argon2id$"), "{first}");
        // Prepared as RFC 8265 says: composed, and with a plain space.
        assert!(verifies(&first, "caf\u{e9} au lait") && !verifies(&first, "cafe au lait"));
        let document = stored(&app, path.trim_start_matches("/Users/")).await.document;
        assert!(!document.contains("lait") && !document.contains("password"), "{document}");

        let change = json!([{ "op": "replace", "path": "password", "value": PASSWORD }]);
        app.patch(&path, change).await.expect(200);
        assert!(verifies(&hash(&app, &path).await, PASSWORD));
        app.put(&path, user(json!({ "password": "one more time" }))).await.expect(200);
        assert!(verifies(&hash(&app, &path).await, "one more time"));
        app.put(&path, user(json!({ "title": "x" }))).await.expect(200);
        assert!(verifies(&hash(&app, &path).await, "one more time"), "PUT without it keeps it (D-18)");
    }

    /// Shows S-4.1.1-16.
    async fn nobody_filters_by_password(app: App) {
        create(&app, json!({ "password": PASSWORD })).await;
        for filter in [format!("password eq \"{PASSWORD}\""), "not (password pr)".to_owned(), format!("userName pr or PASSWORD sw \"{PASSWORD}\"")] {
            app.filter("/Users", &filter).await.expect_error(403, "sensitive");
            let search = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "filter": filter });
            app.post("/Users/.search", search).await.expect_error(400, "invalidFilter");
        }
        app.get("/Users?sortBy=password").await.expect_error(400, "invalidValue");
    }

    /// Shows S-9.2-02.
    async fn sql_in_values_and_filters_is_text_and_tokens_are_kept_as_digests(app: App) {
        let hostile = ["x'; DROP TABLE resources; --", "\" or userName pr or \"", "%", "_", "\\", "$1", "?1", "'||'"];
        for (number, text) in hostile.iter().enumerate() {
            let body = json!({ "schemas": [USER], "userName": text, "title": text, "emails": [{ "value": text, "type": text }] });
            let created = app.post("/Users", body).await.expect(201);
            assert_eq!(app.get(&format!("/Users/{}", created.id())).await.json["title"], json!(text));
            let literal = Value::String((*text).to_owned());
            for filter in [
                format!("userName eq {literal}"),
                format!("title eq {literal}"),
                format!("emails[value eq {literal} and type eq {literal}]"),
                format!("title sw {literal} and title ew {literal}"),
            ] {
                assert_eq!(ids(&app.filter("/Users", &filter).await.expect(200)), [created.id()], "{filter}");
            }
            assert_eq!(app.get("/Users").await.at("/totalResults"), number + 1);
        }
        let (row, directory) = app.store.token(&token::digest(&app.token)).await.expect("answers").expect("is known by its digest");
        assert_eq!(directory.name, "test");
        assert!(!format!("{row:?} {directory:?}").contains(&app.token));
    }

    /// Shows S-9.3-04.
    async fn a_resource_is_shown_to_the_tokens_of_its_directory_alone(app: App) {
        let path = create(&app, json!({})).await;
        let location = app.get(&path).await.text("/meta/location");
        let other: crate::app::App = app.directory("other", "generic").await;
        follow(&app, &location).await.expect(200);
        follow(&other, &location).await.expect_error(403, "");
        let change = json!({ "schemas": [PATCH_OP], "Operations": [{ "op": "add", "path": "title", "value": "x" }] });
        for (method, body) in [("GET", Value::Null), ("PUT", user(json!({ "title": "x" }))), ("PATCH", change), ("DELETE", Value::Null)] {
            app.send(method, &path, &[("authorization", "")], body.to_string()).await.expect_error(401, "");
            other.send(method, &path, &[], body.to_string()).await.expect_error(404, "");
        }
        assert_eq!(app.get(&path).await.json.get("title"), None);
    }
}
