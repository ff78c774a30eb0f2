//! `/Me`, for tokens that stand for a user (RFC 7644 §3.11, D-81).

#[path = "support/app.rs"]
mod app;

use app::{App, ENTERPRISE, USER};
use scimd::admin::AdminError;
use scimd::admin::directories;
use scimd::admin::tokens::{self, Wanted};
use scimd::auth::Scopes;
use scimd::directory::settings::Settings;
use serde_json::json;

/// A client whose token stands for a user.
async fn as_user(app: &App, user: &str) -> App {
    let wanted = Wanted { user: Some(user.to_owned()), ..Wanted::default() };
    let token = tokens::create(&app.operator(), &app.row().await, wanted).await.expect("creates");
    let mut client = app.clone();
    client.token = token.secret.expose().to_owned();
    client
}

on_both_back_ends! {
    /// Shows P-3.11-01, P-3.11-03, P-3.11-04.
    async fn me_is_the_user_of_the_token(app: App) {
        let id = app.user("bjensen").await;
        app.user("other").await;
        let me = as_user(&app, "BJENSEN").await;
        let location = format!("https://scim.example.com{}/Users/{id}", app.base);
        let read = me.get("/Me").await.expect(200);
        assert_eq!((read.id(), read.header("location"), read.header("content-location")), (id.clone(), &*location, &*location));
        assert_eq!(read.text("/meta/location"), location);
        me.patch("/me", json!([{ "op": "add", "path": "title", "value": "Guide" }])).await.expect(200);
        let replaced = me.put("/Me?attributes=title", json!({ "schemas": [USER], "userName": "bjensen", "title": "Boss" })).await;
        assert_eq!(replaced.expect(200).json, json!({ "schemas": [USER], "id": id, "title": "Boss" }));
        let stale = [("if-match", "W/\"1\"")];
        me.send("DELETE", "/Me", &stale, "").await.expect_error(412, "");
        assert_eq!(app.get(&format!("/Users/{id}")).await.text("/title"), "Boss");
        me.delete("/Me").await.expect(204);
        me.get("/Me").await.expect_error(404, "");
        assert_eq!(app.get("/Users").await.at("/totalResults"), 1);
    }

    /// Shows P-3.11-02, P-3.11-05.
    async fn without_a_user_there_is_no_me_and_nobody_registers(app: App) {
        for method in ["GET", "PUT", "PATCH", "DELETE"] {
            app.send(method, "/Me", &[], "{}").await.expect_error(404, "");
        }
        let id = app.user("bjensen").await;
        for client in [as_user(&app, &id).await, app] {
            client.post("/Me", json!({ "schemas": [USER], "userName": "new" })).await.expect_error(501, "");
        }
    }

    /// Shows P-2.1-01, P-2-10, P-7.7-03, D-81: the token of a user opens nothing but `/Me` and discovery.
    async fn the_token_of_a_user_opens_nothing_else(app: App) {
        let id = app.user("bjensen").await;
        let me = as_user(&app, &id).await;
        let own = format!("/Users/{id}");
        for (method, path) in [
            ("GET", "/Users"), ("POST", "/Users"), ("GET", &*own), ("PATCH", &own), ("DELETE", &own), ("GET", "/Groups"),
            ("POST", "/Users/.search"), ("POST", "/.search"), ("POST", "/Bulk"), ("GET", "/"),
        ] {
            me.send(method, path, &[], "{}").await.expect_error(403, "");
        }
        for path in ["/ServiceProviderConfig", "/Schemas", "/ResourceTypes/User"] {
            me.get(path).await.expect(200);
        }
        let other = app.directory("other", "generic").await;
        let mut elsewhere = me.clone();
        elsewhere.base = other.base.clone();
        elsewhere.get("/Me").await.expect_error(403, "");
    }

    /// Shows that a token is bound to a user of its own Directory.
    async fn a_token_stands_for_a_user_of_its_directory(app: App) {
        let id = app.user("bjensen").await;
        let other = app.directory("other", "generic").await.row().await;
        let wanted = Wanted { user: Some(id.clone()), ..Wanted::default() };
        let refused = tokens::create(&app.operator(), &other, wanted).await;
        assert!(matches!(refused, Err(AdminError::NoUser(_))), "{refused:?}");
    }

    /// Shows P-7.7-03: a user changes how it is called and reached, not what it may do.
    async fn a_user_changes_of_itself_what_is_its_own(app: App) {
        let user = json!({ "schemas": [USER, ENTERPRISE], "userName": "bjensen", "externalId": "7", "roles": [{ "value": "guest" }],
            "emails": [{ "value": "b@example.com" }], ENTERPRISE: { "department": "Tours" } });
        let id = app.post("/Users", user.clone()).await.expect(201).id();
        let me = as_user(&app, &id).await;
        for (attribute, value) in [
            ("userName", json!("root")), ("externalId", json!("8")), ("active", json!(false)), ("userType", json!("Boss")),
            ("roles", json!([{ "value": "admin" }])), ("entitlements", json!([{ "value": "all" }])),
            ("x509Certificates", json!([{ "value": "MAA=" }])), (&format!("{ENTERPRISE}:department"), json!("Board")),
        ] {
            for operation in ["add", "replace"] {
                let refused = me.patch("/Me", json!([{ "op": operation, "path": attribute, "value": value }])).await;
                let detail = refused.expect_error(403, "").text("/detail");
                assert!(detail.starts_with(attribute) && detail.contains("may change of themselves"), "{detail}");
            }
        }
        me.patch("/Me", json!([{ "op": "remove", "path": "roles" }])).await.expect_error(403, "");
        // One thing that it may not change refuses the whole.
        let both = json!([{ "op": "add", "path": "title", "value": "Guide" }, { "op": "add", "path": "userType", "value": "Boss" }]);
        me.patch("/Me", both).await.expect_error(403, "");
        let mut body = user.clone();
        body.as_object_mut().expect("an object").remove("roles");
        me.put("/Me", body).await.expect_error(403, "");
        let stored = app.get(&format!("/Users/{id}")).await;
        assert_eq!((stored.text("/meta/version"), stored.json.get("title")), ("W/\"1\"".to_owned(), None));

        for (attribute, value) in [
            ("password", json!("correct horse battery")), ("name.givenName", json!("Barbara")), ("displayName", json!("Babs")),
            ("emails", json!([{ "value": "babs@example.com" }])), ("locale", json!("en-US")),
        ] {
            me.patch("/Me", json!([{ "op": "replace", "path": attribute, "value": value }])).await.expect(200);
        }
        let mut body = user;
        body["nickName"] = json!("Babs");
        me.put("/Me", body).await.expect(200);
        app.patch(&format!("/Users/{id}"), json!([{ "op": "remove", "path": "roles" }])).await.expect(200);
    }

    /// Shows P-7.7-03: a Directory says what its users may change, down to parts of an attribute.
    async fn a_directory_says_what_its_users_change(app: App) {
        let settings = Settings::of_pairs(&[("selfService".into(), "emails.display, NAME.givenName, department".into())]).expect("good");
        let app = app.directory_with("own", "generic", &settings).await;
        let user = json!({ "schemas": [USER], "userName": "bjensen", "emails": [{ "value": "b@example.com", "type": "work" }],
            "name": { "familyName": "Jensen" } });
        let me = as_user(&app, &app.post("/Users", user).await.expect(201).id()).await;
        for (path, value) in [
            ("title", json!("Guide")), ("password", json!("correct horse battery")), ("name.familyName", json!("Smith")),
            ("emails", json!([{ "value": "b@example.com", "type": "home" }])), ("emails", json!([{ "value": "new@example.com" }])),
            ("name", json!({ "givenName": "Barbara", "familyName": "Smith" })),
        ] {
            me.patch("/Me", json!([{ "op": "add", "path": path, "value": value }])).await.expect_error(403, "");
        }
        for (path, value) in [
            ("emails[type eq \"work\"].display", json!("Babs")), ("name.givenName", json!("Barbara")),
            ("name", json!({ "givenName": "Babs" })), (&format!("{ENTERPRISE}:department"), json!("Tours")),
        ] {
            me.patch("/Me", json!([{ "op": "add", "path": path, "value": value }])).await.expect(200);
        }
        let unknown = Settings::of_pairs(&[("selfService".into(), "title,shoeSize".into())]).expect("paths");
        let edit = directories::Edit { settings: Some(unknown), ..directories::Edit::default() };
        let refused = directories::edit(&app.operator(), &app.row().await, edit).await.expect_err("refused");
        assert!(refused.to_string().contains("the setting selfService names shoeSize"), "{refused}");
        // It may delete itself, unless its token is to read alone.
        let reader = Wanted { user: Some("bjensen".to_owned()), scopes: Scopes::parse("User:read").expect("scopes"), ..Wanted::default() };
        let reader = tokens::create(&app.operator(), &app.row().await, reader).await.expect("creates");
        let reader = app.with_token(reader.secret.expose());
        reader.get("/Me").await.expect(200);
        reader.patch("/Me", json!([{ "op": "add", "path": "name.givenName", "value": "B" }])).await.expect_error(403, "");
        reader.delete("/Me").await.expect_error(403, "");
        me.delete("/Me").await.expect(204);
    }
}
