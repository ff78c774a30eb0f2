//! Media types, encodings and versions of the protocol (RFC 7644 §3.8, §3.13, §8.1).

use crate::app::USER;
use crate::on_both_back_ends;
use serde_json::json;

on_both_back_ends! {
    /// Shows P-3.8-01, P-3.8-02.
    async fn text_is_utf_8(app: App) {
        let name = "Žofie 李 \u{1F600} \u{10FFFF}";
        let body = json!({ "schemas": [USER], "userName": "zofie", "displayName": name }).to_string();
        for (content_type, status) in [("application/scim+json", 201), ("application/json; charset=utf-8", 409), ("", 409)] {
            app.send("POST", "/Users", &[("content-type", content_type)], body.clone()).await.expect(status);
        }
        assert_eq!(app.get("/Users").await.at("/Resources/0/displayName"), name);
        let latin1 = b"{\"schemas\":[\"urn:ietf:params:scim:schemas:core:2.0:User\"],\"userName\":\"Jos\xe9\"}".to_vec();
        app.send("POST", "/Users", &[], latin1).await.expect_error(400, "invalidSyntax");
    }

    /// Shows P-3.8-03, P-3.8-08, P-8.1-01.
    async fn a_body_is_scim_json_or_json_or_refused(app: App) {
        let types = [
            ("application/scim+json", true),
            ("application/json", true),
            ("Application/SCIM+JSON; charset=\"UTF-8\"", true),
            ("", true),
            ("text/xml", false),
            ("application/xml", false),
            ("text/plain", false),
            ("application/json; charset=iso-8859-1", false),
        ];
        for (number, (content_type, accepted)) in types.into_iter().enumerate() {
            let body = json!({ "schemas": [USER], "userName": format!("user{number}") }).to_string();
            let answer = app.send("POST", "/Users", &[("content-type", content_type)], body).await;
            if accepted { answer.expect(201) } else { answer.expect_error(415, "") };
        }
    }

    /// Shows P-3.8-04, P-3.8-05, P-3.8-06, P-3.8-08.
    async fn the_answer_has_the_accepted_type(app: App) {
        let path = format!("/Users/{}", app.user("bjensen").await);
        for (accept, answered) in [
            ("application/scim+json", "application/scim+json"),
            ("application/json", "application/json"),
            ("", "application/scim+json"),
            ("*/*", "application/scim+json"),
            ("application/json;q=0.2, application/scim+json", "application/scim+json"),
            ("application/scim+json;q=0.1, application/json", "application/json"),
        ] {
            let answer = app.send("GET", &path, &[("accept", accept)], "").await.expect(200);
            assert_eq!(answer.header("content-type"), answered, "{accept}");
            assert_eq!(answer.json["userName"], "bjensen");
        }
        for accept in ["text/html", "application/xml", "application/scim+json;q=0"] {
            app.send("GET", &path, &[("accept", accept)], "").await.expect_error(406, "");
        }
    }

    /// Shows P-3.8-07.
    async fn a_suffix_selects_no_format(app: App) {
        let id = app.user("bjensen").await;
        app.get(&format!("/Users/{id}.scim")).await.expect_error(404, "");
        app.get("/Users.scim").await.expect_error(404, "");
    }

    /// Shows P-3.8-09.
    async fn one_value_of_many_stays_a_list(app: App) {
        let body = json!({ "schemas": [USER], "userName": "bjensen", "name": { "givenName": "B" }, "emails": [{ "value": "b@example.com" }] });
        let created = app.post("/Users", body).await.expect(201);
        assert_eq!(created.json["userName"], json!("bjensen"));
        assert_eq!(created.json["name"], json!({ "givenName": "B" }));
        assert_eq!(created.json["emails"], json!([{ "value": "b@example.com" }]));
    }

    /// Shows P-3.13-01, P-3.13-02, P-3.13-03, P-3.13-04.
    async fn the_version_stands_before_the_endpoint_and_is_2_or_left_out(app: App) {
        let id = app.user("bjensen").await;
        let with_version = app.get(&format!("//scim/v2/Users/{id}")).await.expect(200);
        let without = app.get(&format!("//scim/Users/{id}")).await.expect(200);
        assert_eq!(with_version.json, without.json);
        app.get("//scim/Users/v2").await.expect_error(404, "");
        app.get(&format!("//scim/Users/v2/{id}")).await.expect_error(404, "");
        for version in ["v1", "v3", "v20"] {
            app.get(&format!("//scim/{version}/Users/{id}")).await.expect_error(400, "invalidVers");
        }
    }
}
