//! The common attributes: id, externalId, meta (RFC 7643 §3.1).

use crate::app::{App, GROUP, USER};
use crate::{create, follow, ids, on_both_back_ends, stored, user};
use scimd::clock::{Clock, SystemClock};
use scimd::id::ResourceId;
use serde_json::json;
use std::collections::HashSet;

/// Whether it is a UTC time with milliseconds, such as `2011-05-13T04:42:34.123Z`.
fn is_date_time(text: &str) -> bool {
    scimd::scim::key::date_time(text).is_some() && text.len() == 24 && text.ends_with('Z')
}

/// That the headers of an answer with one resource say what its meta says.
#[track_caller]
fn check_headers(answer: &crate::app::Answer) {
    assert_eq!(answer.header("content-location"), answer.text("/meta/location"));
    assert_eq!(answer.header("location"), answer.text("/meta/location"));
    assert_eq!(answer.header("etag"), answer.text("/meta/version"));
}

on_both_back_ends! {
    /// Shows S-3-06, S-3.1-01, S-3.1-10, S-3.1-11.
    async fn every_resource_has_id_and_meta_and_may_have_an_external_id(app: App) {
        for (endpoint, body) in [("/Users", user(json!({}))), ("/Groups", json!({ "schemas": [GROUP], "displayName": "Guides" }))] {
            let without = app.post(endpoint, body.clone()).await.expect(201);
            assert_eq!(app.get(&format!("{endpoint}/{}", without.id())).await.json.get("externalId"), None);
            let mut with = body;
            with["externalId"] = json!("e-1");
            let replaced = app.put(&format!("{endpoint}/{}", without.id()), with).await.expect(200);
            assert_eq!(replaced.text("/externalId"), "e-1");
            assert_eq!(replaced.id(), without.id());
            for name in ["resourceType", "created", "lastModified", "location", "version"] {
                assert!(!replaced.text(&format!("/meta/{name}")).is_empty());
            }
        }
        // The two of discovery are no such resources.
        for endpoint in ["/ServiceProviderConfig", "/ResourceTypes/User"] {
            assert_eq!(app.get(endpoint).await.json.get("externalId"), None);
        }
    }

    /// Shows S-3.1-05, S-3.1-08.
    async fn ids_are_unique_over_all_types_and_hold_no_reserved_word(app: App) {
        let mut seen = HashSet::new();
        for number in 0..20 {
            for (id, foreign) in [(app.user(&format!("user{number}")).await, "/Groups"), (app.group(&format!("group{number}"), &[]).await, "/Users")] {
                app.get(&format!("{foreign}/{id}")).await.expect_error(404, "");
                assert!(seen.insert(id), "no id twice");
            }
        }
        // An id is hexadecimal, so bulkId cannot be in it.
        seen.extend((0..10_000).map(|_| ResourceId::generate().to_string()));
        assert_eq!(seen.len(), 10_040);
        assert!(seen.iter().all(|id| id.chars().all(|character| character == '-' || character.is_ascii_hexdigit())));
    }

    /// Shows S-3.1-06, S-3.1-07.
    async fn an_id_is_the_servers_and_stays(app: App) {
        let created = app.post("/Users", user(json!({ "id": "mine" }))).await.expect(201);
        let id = created.id();
        assert_ne!(id, "mine");
        let path = format!("/Users/{id}");
        assert_eq!(app.put(&path, user(json!({ "id": "other", "title": "x" }))).await.expect(200).id(), id);
        assert_eq!(app.patch(&path, json!([{ "op": "replace", "path": "title", "value": "y" }])).await.expect(200).id(), id);
        for operation in [
            json!({ "op": "replace", "path": "id", "value": "other" }),
            json!({ "op": "remove", "path": "id" }),
            json!({ "op": "replace", "value": { "id": "other" } }),
        ] {
            app.patch(&path, json!([operation])).await.expect_error(400, "mutability");
        }
        // Nor does another get it when it is free.
        app.delete(&path).await.expect(204);
        let again = app.post("/Users", user(json!({ "id": id }))).await.expect(201);
        assert_ne!(again.id(), id);
        for number in 0..30 {
            assert_ne!(app.user(&format!("user{number}")).await, id);
        }
        app.get(&path).await.expect_error(404, "");
    }

    /// Shows S-3.1-09, S-7-17.
    async fn an_id_counts_in_its_letter_case_and_is_always_shown(app: App) {
        let path = create(&app, json!({})).await;
        let id = path.trim_start_matches("/Users/");
        let upper = id.to_uppercase();
        assert_ne!(upper, id, "a version 7 UUID of this century begins with 01 and has a letter");
        app.get(&format!("/Users/{upper}")).await.expect_error(404, "");
        assert_eq!(app.filter("/Users", &format!("id eq \"{upper}\"")).await.expect(200).at("/totalResults"), 0);
        assert_eq!(app.filter("/Users", &format!("id eq \"{id}\"")).await.expect(200).at("/totalResults"), 1);
        for query in ["excludedAttributes=id", "attributes=userName", "attributes=nothing"] {
            assert_eq!(app.get(&format!("{path}?{query}")).await.expect(200).id(), id, "{query}");
        }
    }

    /// Shows S-3.1-13, S-7-10, S-7-11, S-7-12.
    async fn an_external_id_counts_in_its_letter_case_and_need_not_be_unique(app: App) {
        let path = create(&app, json!({ "externalId": "AbC", "nickName": "AbC" })).await;
        let id = path.trim_start_matches("/Users/").to_owned();
        assert_eq!(app.get(&path).await.text("/externalId"), "AbC");
        assert_eq!(app.get(&path).await.text("/nickName"), "AbC");
        for (operator, literal) in [("eq", "abc"), ("co", "BC"), ("sw", "ab"), ("ew", "bc"), ("gt", "abb")] {
            let found = async |name: &str| ids(&app.filter("/Users", &format!("{name} {operator} \"{literal}\"")).await.expect(200));
            assert_eq!(found("externalId").await, [""; 0], "{operator}");
            assert_eq!(found("nickName").await, [id.as_str()], "{operator}");
        }
        assert_eq!(ids(&app.filter("/Users", "externalId eq \"AbC\"").await), [id.as_str()]);
        app.post("/Users", json!({ "schemas": [USER], "userName": "twin", "externalId": "AbC" })).await.expect(201);
        assert_eq!(app.filter("/Users", "externalId eq \"AbC\"").await.at("/totalResults"), 2);
        let changed = json!([{ "op": "replace", "path": "externalId", "value": "aBc" }]);
        assert_eq!(app.patch(&path, changed).await.expect(200).text("/externalId"), "aBc");
    }

    /// Shows S-3.1-12, S-9.3-02, S-9.3-03.
    async fn each_directory_has_its_own_ids_and_external_ids(app: App) {
        let other: App = app.directory("other", "generic").await;
        let body = user(json!({ "externalId": "e-1" }));
        let here = app.post("/Users", body.clone()).await.expect(201).id();
        let there = other.post("/Users", body).await.expect(201).id();
        assert_ne!(here, there);
        for (app, own, foreign) in [(&app, &here, &there), (&other, &there, &here)] {
            assert_eq!(ids(&app.filter("/Users", "externalId eq \"e-1\"").await.expect(200)), [own.as_str()]);
            assert_eq!(ids(&app.get("/Users").await), [own.as_str()]);
            app.get(&format!("/Users/{foreign}")).await.expect_error(404, "");
        }
        let renamed = json!([{ "op": "replace", "path": "externalId", "value": "e-2" }]);
        app.patch(&format!("/Users/{here}"), renamed).await.expect(200);
        assert_eq!(other.get(&format!("/Users/{there}")).await.text("/externalId"), "e-1");
    }

    /// Shows S-3.1-15, S-7-13.
    async fn nobody_but_the_server_changes_meta(app: App) {
        let path = create(&app, json!({})).await;
        let before = app.get(&path).await;
        for name in ["meta", "meta.created", "meta.lastModified", "meta.location", "meta.version", "meta.resourceType"] {
            let value = if name == "meta" { json!({ "version": "x" }) } else { json!("x") };
            for op in ["add", "replace", "remove"] {
                app.patch(&path, json!([{ "op": op, "path": name, "value": value }])).await.expect_error(400, "mutability");
            }
        }
        assert_eq!(app.get(&path).await.json, before.json);
        assert!(app.get("/Users").await.at("/Resources/0/meta").is_object(), "it is returned by default");
        assert_eq!(app.get(&format!("{path}?attributes=userName")).await.json.get("meta"), None);
        assert_eq!(app.get(&format!("{path}?excludedAttributes=meta")).await.json.get("meta"), None);
        let version = app.get(&format!("{path}?attributes=meta.version")).await;
        assert_eq!(version.at("/meta"), &json!({ "version": before.text("/meta/version") }));
    }

    /// Shows S-3.1-17, S-3.1-18, S-3.1-23.
    async fn meta_tells_when_a_resource_was_made_and_changed(app: App) {
        let created = app.post("/Users", user(json!({}))).await.expect(201);
        assert!(is_date_time(&created.text("/meta/created")), "{:#}", created.json);
        assert_eq!(created.at("/meta/lastModified"), created.at("/meta/created"));
        let path = format!("/Users/{}", created.id());
        assert_eq!(app.get(&path).await.at("/meta"), created.at("/meta"));
        until_later(&created.text("/meta/lastModified")).await;
        let changed = app.patch(&path, json!([{ "op": "add", "path": "title", "value": "x" }])).await.expect(200);
        assert!(is_date_time(&changed.text("/meta/lastModified")));
        assert!(changed.text("/meta/lastModified") > created.text("/meta/lastModified"));
        assert_eq!(changed.at("/meta/created"), created.at("/meta/created"));
        assert_eq!(app.get(&path).await.at("/meta"), changed.at("/meta"));

        // A member more is a change of the group, and none of the member.
        let group = format!("/Groups/{}", app.group("Guides", &[]).await);
        let before = app.get(&group).await;
        until_later(&before.text("/meta/lastModified")).await;
        app.patch(&group, json!([{ "op": "add", "path": "members", "value": [{ "value": created.id() }] }])).await.expect(204);
        assert!(app.get(&group).await.text("/meta/lastModified") > before.text("/meta/lastModified"));
        assert_eq!(app.get(&path).await.at("/meta"), changed.at("/meta"));
    }

    /// Shows S-3.1-19, S-3.1-20, S-3.1-21, S-3.1-22, S-5-07.
    async fn meta_and_headers_agree_on_place_and_version(app: App) {
        assert_eq!(app.get("/ServiceProviderConfig").await.at("/etag/supported"), true);
        let created = app.post("/Users", user(json!({}))).await.expect(201);
        let path = format!("/Users/{}", created.id());
        let replaced = app.put(&path, user(json!({ "title": "a" }))).await.expect(200);
        let patched = app.patch(&path, json!([{ "op": "add", "path": "title", "value": "b" }])).await.expect(200);
        let read = app.get(&path).await.expect(200);
        let mut versions = Vec::new();
        for answer in [&created, &replaced, &patched, &read] {
            check_headers(answer);
            let version = answer.text("/meta/version");
            let opaque = version.strip_prefix("W/\"").and_then(|rest| rest.strip_suffix('"')).expect("a weak tag");
            assert!(!opaque.is_empty() && !opaque.contains('"'));
            versions.push(version);
        }
        assert_eq!(versions[2], versions[3]);
        assert_eq!(versions.iter().collect::<HashSet<_>>().len(), 3, "each change has a version of its own");
        assert_eq!(follow(&app, &created.text("/meta/location")).await.expect(200).json, read.json);
        let listed = app.get("/Users").await;
        assert_eq!(listed.at("/Resources/0/meta"), read.at("/meta"));
    }

    /// Shows S-9.3-01.
    async fn what_no_schema_defines_is_not_kept(app: App) {
        let unknown = json!({ "shoeSize": "SECRET", "name": { "givenName": "B", "clan": "SECRET" }, "urn:example:x": { "y": "SECRET" } });
        let created = app.post("/Users", user(unknown.clone())).await.expect(201);
        let path = format!("/Users/{}", created.id());
        app.put(&path, user(unknown)).await.expect(200);
        app.patch(&path, json!([{ "op": "add", "value": { "shoeSize": "SECRET" } }])).await.expect(200);
        assert_eq!(app.get(&path).await.at("/name"), &json!({ "givenName": "B" }));
        let document = stored(&app, &created.id()).await.document;
        assert!(!document.contains("SECRET") && !document.contains("shoeSize"), "{document}");
        let strict: App = app.directory("strict", "strict").await;
        strict.post("/Users", user(json!({ "shoeSize": 40 }))).await.expect_error(400, "invalidSyntax");
    }
}

/// Waits until the clock is past a time of the server, which counts in milliseconds.
async fn until_later(time: &str) {
    while SystemClock.now().to_rfc3339().as_str() <= time {
        tokio::task::yield_now().await;
    }
}
