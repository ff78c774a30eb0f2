//! Methods, media types, ids and entity tags.

use crate::app::{ENTERPRISE, GROUP, PATCH_OP, USER};
use crate::canary::Canary;
use crate::on_both_back_ends;
use serde_json::json;

/// A replacement that would be carried out.
fn replacement() -> String {
    json!({ "schemas": [USER], "userName": "canary", "title": "changed" }).to_string()
}

/// A PATCH that would be carried out.
fn patch() -> String {
    json!({ "schemas": [PATCH_OP], "Operations": [{ "op": "add", "path": "title", "value": "changed" }] }).to_string()
}

on_both_back_ends! {
    /// Shows P-3.12-01: 405 has an Allow header with the methods that there are (D-78).
    async fn a_method_that_an_endpoint_has_not_is_405_with_those_that_it_has(app: App) {
        const COLLECTION: &str = "GET, HEAD, OPTIONS, POST";
        const RESOURCE: &str = "DELETE, GET, HEAD, OPTIONS, PATCH, PUT";
        const SEARCH: &str = "OPTIONS, POST";
        const DISCOVERY: &str = "GET, HEAD, OPTIONS";
        let canary = Canary::new(app).await;
        for (path, allow) in [
            ("/Users", COLLECTION),
            ("/groups/", COLLECTION),
            (&canary.user, RESOURCE),
            (&canary.group, RESOURCE),
            ("/Users/none", RESOURCE),
            ("/Users/.search", SEARCH),
            ("/Groups/.search", SEARCH),
            ("/ServiceProviderConfig", DISCOVERY),
            ("/Schemas", DISCOVERY),
            (&format!("/Schemas/{USER}"), DISCOVERY),
            ("/ResourceTypes", DISCOVERY),
            ("/ResourceTypes/User", DISCOVERY),
        ] {
            for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "PROPFIND", "PURGE", "get", "patch", "M-SEARCH"] {
                if !allow.split(", ").any(|allowed| allowed == method) {
                    let answer = canary.refuses(method, path, replacement(), (405, ""), allow).await;
                    assert_eq!(answer.header("allow"), allow, "{method} {path}");
                }
            }
        }
        canary.is_unharmed().await;
    }

    /// Shows P-3.12-01, R11: 415 and 406 (D-75); a compressed body is not looked into.
    async fn another_media_type_is_415_and_another_answer_406(app: App) {
        let canary = Canary::new(app).await;
        let takers = [("POST", "/Users"), ("PUT", &canary.user), ("PATCH", &canary.user), ("POST", "/Users/.search")];
        for (method, path) in takers {
            for content_type in [
                "text/plain",
                "text/json",
                "application/xml",
                "application/json-patch+json",
                "application/jsonx",
                "application/json, text/plain",
                "application/json; charset=utf-16",
                "application/scim+json; charset=\"latin1\"",
                "multipart/form-data; boundary=x",
                "application/x-www-form-urlencoded",
                "*/*",
                "x",
                ";",
            ] {
                let header = [("content-type", content_type)];
                canary.refuses_with(&header, method, path, replacement(), (415, ""), "application/scim+json").await;
            }
            for encoding in ["gzip", "br", "deflate", "identity, gzip", "x"] {
                let header = [("content-encoding", encoding)];
                canary.refuses_with(&header, method, path, replacement(), (415, ""), "Content-Encoding").await;
            }
            for accept in ["text/html", "application/xml", "application/scim+json;q=0", "*/*;q=0", "x", "application/json;q=0, text/*"] {
                let header = [("accept", accept)];
                canary.refuses_with(&header, method, path, replacement(), (406, ""), "application/scim+json").await;
                canary.refuses_with(&header, "GET", path, "", if path.ends_with("search") { (405, "") } else { (406, "") }, "").await;
            }
        }
        canary.is_unharmed().await;
    }

    /// Shows P-3.12-10, R1, R33, R34, R35.
    async fn what_is_not_the_exact_id_is_404(app: App) {
        let canary = Canary::new(app).await;
        let id = canary.user.trim_start_matches("/Users/");
        let group = canary.group.trim_start_matches("/Groups/");
        let mut ids: Vec<String> = [
            "%00", "%FF", "%ED%A0%80", "%C0%AF", "..", "%2e%2e", "%2F", "%2e%2e%2fUsers", "%0d%0aX-Evil:%201", "1", "-1", "0", "null",
            "undefined", "canary", "c@example.com", "%7B%7D", "'%20OR%201=1--", "%25", "%", "%zz", "*", "me", ".search%00",
            "99999999999999999999999", "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff", "%F0%9F%98%80",
        ]
        .map(str::to_owned)
        .into();
        ids.extend([id.to_uppercase(), id.replace('-', ""), format!("%7B{id}%7D"), format!("urn:uuid:{id}"), group.to_owned()]);
        ids.extend(["%20", "%00", "%0A", "%09", "%2F", "%2f..", ".scim", ";x", "+", "/", "%EF%BB%BF"].map(|tail| format!("{id}{tail}")));
        ids.extend(["%20", "%00", "./", "/", "%2F", "+", "%EF%BB%BF"].map(|head| format!("{head}{id}")));
        ids.extend([id[1..].to_owned(), id[..35].to_owned(), format!("{id}{id}"), "a".repeat(16_000)]);
        for id in ids {
            for (method, body) in [("GET", String::new()), ("PUT", replacement()), ("PATCH", patch()), ("DELETE", String::new())] {
                let answer = canary.refuses(method, &format!("/Users/{id}"), body, (404, ""), "no such").await;
                assert!(!answer.headers.contains_key("location") && !answer.headers.contains_key("x-evil"), "{id}");
            }
        }
        for path in ["/Groups", "/Users"] {
            for id in [id, group] {
                if canary.user != format!("{path}/{id}") && canary.group != format!("{path}/{id}") {
                    canary.refuses("DELETE", &format!("{path}/{id}"), "", (404, ""), "no such resource").await;
                }
            }
        }
        canary.is_unharmed().await;
    }

    /// Shows P-3.12-12, R18.
    async fn what_is_not_the_entity_tag_is_412(app: App) {
        let canary = Canary::new(app).await;
        let many = vec!["W/\"7\""; 2_000].join(", ");
        let long = format!("W/\"{}\"", "9".repeat(10_000));
        for tag in [
            "W/\"2\"", "W/\"0\"", "W/\"-1\"", "W/\"+1\"", "W/\"01\"", "W/\"1.0\"", "W/\"1 \"", "W/\"\"", "W/\"1", "W/\"", "W/", "\"", "1",
            "x", "**", "*, W/\"7\"", "W/\"99999999999999999999999\"", "W/\"1\" OR 1=1", &many, &long,
        ] {
            let header = [("if-match", tag)];
            for (method, body) in [("PUT", replacement()), ("PATCH", patch()), ("DELETE", String::new()), ("GET", String::new())] {
                canary.refuses_with(&header, method, &canary.user, body, (412, ""), "version").await;
            }
            canary.refuses_with(&header, "DELETE", &canary.group, "", (412, ""), "version").await;
            // None of them is what the client has, so it gets it all.
            let read = canary.app.send("GET", &canary.user, &[("if-none-match", tag)], "").await.expect(200);
            assert_eq!(read.json["userName"], "canary", "{tag}");
        }
        canary.is_unharmed().await;
    }

    /// Shows R13: what only the server writes is ignored in a whole resource.
    async fn a_client_writes_no_id_no_meta_and_no_groups(app: App) {
        let canary = Canary::new(app).await;
        let before = canary.app.get(&canary.user).await.expect(200).json;
        let mut body = before.clone();
        body["id"] = json!("evil");
        body["meta"] = json!({ "version": "W/\"99\"", "created": "1970-01-01T00:00:00Z", "location": "https://evil.example" });
        body["groups"] = json!([{ "value": "evil" }]);
        assert_eq!(canary.app.put(&canary.user, body.clone()).await.expect(200).json, before);
        canary.is_unharmed().await;
        body["userName"] = json!("another");
        let created = canary.app.post("/Users", body).await.expect(201);
        assert_ne!(created.json["id"], "evil");
        assert_eq!(created.json["meta"]["version"], "W/\"1\"");
        assert_eq!(created.json.get("groups"), None);
        assert_eq!(created.text("/meta/location"), created.header("location"));
        assert!(created.header("location").starts_with("https://scim.example.com/"), "{}", created.header("location"));
        assert_eq!(created.json[ENTERPRISE], before[ENTERPRISE]);
        let group = json!({ "schemas": [GROUP], "displayName": "x", "id": canary.group, "meta": 5 });
        assert_ne!(canary.app.post("/Groups", group).await.expect(201).text("/meta/location"), "");
    }
}
