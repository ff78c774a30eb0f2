//! `/Me`, for tokens that stand for a user (RFC 7644 §3.11, D-81).

#[path = "support/app.rs"]
mod app;

use app::{App, USER};
use scimd::admin::AdminError;
use scimd::admin::tokens::{self, Wanted};
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
}
