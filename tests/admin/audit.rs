//! The record of what operators did (row C7).

use super::{Admin, check_problem};
use crate::on_both_back_ends;
use axum::body::Body;
use hyper::Request;
use scimd::store::operator::Role;
use serde_json::{Value, json};

async fn export(admin: &Admin, query: &str) -> (String, String) {
    let request =
        Request::get(format!("/admin/api/v1/audit/export?{query}")).header("authorization", format!("Bearer {}", admin.key));
    let (head, body) = admin.app.raw(request.body(Body::empty()).expect("a request")).await;
    assert_eq!(head.status, 200);
    let content_type = head.headers["content-type"].to_str().expect("text").to_owned();
    (content_type, String::from_utf8(body.to_vec()).expect("text"))
}

on_both_back_ends! {
    async fn every_act_is_on_record_with_who_where_before_and_after(app: App) {
        let operator = Admin::new(&app, Role::Operator).await;
        operator.post("/directories", json!({ "name": "acme", "provider": "okta" })).await.expect(201);
        operator.act("/directories/acme/pause").await.expect(200);
        let secret = operator.post("/directories/acme/tokens", json!({ "name": "ci" })).await.expect(201).text("/secret");
        operator.act("/directories/acme/tokens/ci/renew").await.expect(200);
        operator.act("/directories/acme/tokens/ci/revoke").await.expect(200);
        // What changes nothing, and what is refused, is no act.
        operator.act("/directories/acme/pause").await.expect(200);
        check_problem(operator.act("/directories/acme/tokens/ci/activate").await, 404, "not-found");
        let mut entries = operator.all("/audit?actor=operator", 2).await;
        entries.reverse();
        let acts: Vec<&str> = entries.iter().map(|entry| entry["act"].as_str().expect("text")).collect();
        assert_eq!(acts, ["directory.create", "directory.pause", "token.create", "token.renew", "token.revoke"]);
        assert_eq!((&entries[1]["before"], &entries[1]["after"]), (&json!({ "status": "active" }), &json!({ "status": "paused" })));
        for entry in &entries[1..] {
            assert_eq!((&entry["directory"], &entry["provider"]), (&json!("acme"), &json!("okta")), "{entry:#}");
            assert_eq!((&entry["actorKind"], &entry["actor"]), (&json!("account"), &json!("operator")));
        }
        assert!(!json!(entries).to_string().contains(&secret));
        let found = operator.get("/audit/verification").await.expect(200);
        assert_eq!((found.at("/intact"), found.at("/broken")), (&json!(true), &Value::Null));
        assert_eq!(found.at("/last"), &entries[4]["seq"]);
    }

    async fn the_record_is_filtered_and_written_out(app: App) {
        let operator = Admin::new(&app, Role::Operator).await;
        operator.post("/directories", json!({ "name": "acme", "displayName": "a, \"b\"", "provider": "okta" })).await.expect(201);
        operator.post("/directories/acme/tokens", json!({ "name": "ci" })).await.expect(201);
        for (query, count) in [
            ("act=token.create&directory=acme", 1), ("act=token.", 2), ("act=token", 0), ("directory=acme", 2), ("actor=nobody", 0),
            ("since=2020-01-01T00:00:00Z&actor=operator", 2), ("until=2020-01-01T00:00:00Z", 0),
        ] {
            let listed = operator.all(&format!("/audit?{query}"), 100).await;
            assert_eq!(listed.len(), count, "{query}: {listed:#?}");
            let (content_type, text) = export(&operator, query).await;
            assert_eq!(content_type, "application/jsonl");
            let exported: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
            assert_eq!(exported, listed, "{query}");
        }
        let (content_type, csv) = export(&operator, "format=csv&directory=acme").await;
        assert_eq!((content_type.as_str(), csv.lines().count()), ("text/csv; charset=utf-8", 3));
        assert!(csv.starts_with("seq,at,actor_kind,"));
        check_problem(operator.get("/audit?directory=nobody").await, 404, "not-found");
        check_problem(operator.get("/audit?since=yesterday").await, 400, "malformed");
        check_problem(operator.get("/audit/export?format=xml").await, 400, "malformed");
    }

    /// Who changes a row in the database is seen.
    async fn tampering_shows(app: App) {
        let operator = Admin::new(&app, Role::Operator).await;
        let change = "UPDATE audit SET actor = 'nobody' WHERE seq = 2";
        app.execute(change, change).await;
        let found = operator.get("/audit/verification").await.expect(200);
        assert_eq!((found.at("/intact"), found.at("/broken")), (&json!(false), &json!(2)));
    }

    /// Who takes rows away is seen, also at the beginning.
    async fn rows_that_are_missing_show(app: App) {
        let operator = Admin::new(&app, Role::Operator).await;
        for name in ["a", "b"] {
            operator.post("/directories", json!({ "name": name, "provider": "okta" })).await.expect(201);
        }
        for (taken, broken) in [
            ("DELETE FROM audit WHERE seq = 4", 5), ("DELETE FROM audit WHERE seq = 1", 2), ("DELETE FROM audit WHERE seq <= 3", 5),
        ] {
            app.execute(taken, taken).await;
            let found = operator.get("/audit/verification").await.expect(200);
            assert_eq!((found.at("/intact"), found.at("/broken")), (&json!(false), &json!(broken)), "{taken}");
        }
    }
}
