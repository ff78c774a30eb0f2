//! Several Directories on one server (RFC 7644 §6).

use crate::app::{GROUP, USER};
use crate::on_both_back_ends;
use serde_json::json;

on_both_back_ends! {
    /// Shows P-6.1-01, P-6.1-02, P-6.1-03, P-3.12-10.
    async fn a_token_opens_one_directory_and_what_is_in_it(app: App) {
        let other = app.directory("other", "generic").await;
        let (mine, theirs) = (app.user("mine").await, other.user("theirs").await);

        // The token alone says which Directory is meant.
        let implicit = app.get(&format!("//scim/v2/Users/{mine}")).await.expect(200);
        assert_eq!(implicit.text("/meta/location"), format!("https://scim.example.com/scim/v2/Users/{mine}"));
        assert_eq!(app.get("//scim/v2/Users").await.json["totalResults"], 1);

        // Naming another is refused, with the same answer whether it is there or not.
        for name in ["other", "nobody"] {
            let refused = app.get(&format!("//directories/{name}/scim/v2/Users")).await.expect_error(403, "");
            assert_eq!(refused.json["detail"], "the credentials do not open the Directory that the URL names");
        }
        let path = format!("/Users/{theirs}");
        app.get(&path).await.expect_error(404, "");
        app.put(&path, json!({ "schemas": [USER], "userName": "x" })).await.expect_error(404, "");
        app.patch(&path, json!([{ "op": "add", "path": "title", "value": "x" }])).await.expect_error(404, "");
        app.delete(&path).await.expect_error(404, "");
        let group = json!({ "schemas": [GROUP], "displayName": "g", "members": [{ "value": theirs }] });
        app.post("/Groups", group).await.expect_error(400, "invalidValue");
        for filter in ["userName eq \"theirs\"".to_owned(), format!("id eq \"{theirs}\"")] {
            assert_eq!(app.filter("/Users", &filter).await.expect(200).json["totalResults"], 0);
        }
        assert_eq!(other.get(&path).await.expect(200).json["userName"], "theirs");
    }

    /// Shows P-6.2-01, P-6.2-02.
    async fn the_same_user_may_be_in_two_directories_under_different_ids(app: App) {
        let other = app.directory("other", "generic").await;
        let body = json!({ "schemas": [USER], "userName": "bjensen", "externalId": "701984" });
        let (first, second) = (app.post("/Users", body.clone()).await.expect(201), other.post("/Users", body).await.expect(201));
        assert_ne!(first.id(), second.id());
        for (client, id) in [(&app, first.id()), (&other, second.id())] {
            let found = client.filter("/Users", "externalId eq \"701984\"").await.expect(200);
            assert_eq!((found.at("/totalResults"), found.text("/Resources/0/id")), (&json!(1), id));
        }
    }

    /// Shows P-2-08, P-2-10, P-3.12-09, P-7.7-03.
    async fn what_a_token_may_do_ends_at_its_directory(app: App) {
        let other = app.directory("other", "generic").await;
        let theirs = format!("//directories/other/scim/v2/Users/{}", other.user("theirs").await);
        for method in ["GET", "PUT", "PATCH", "DELETE"] {
            app.send(method, &theirs, &[], "{}").await.expect_error(403, "");
        }
        app.send("POST", "//directories/other/scim/v2/Users", &[], "{}").await.expect_error(403, "");
        assert_eq!(other.get("/Users").await.expect(200).json["totalResults"], 1);
    }
}
