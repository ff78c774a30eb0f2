//! The description of the admin API, against what is served.

use super::Admin;
use crate::on_both_back_ends;
use axum::body::Body;
use hyper::Request;
use scimd::store::operator::Role;
use serde_json::Value;
use std::collections::HashSet;

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

on_both_back_ends! {
    async fn every_operation_is_described_and_every_description_is_served(app: App) {
        let owner = Admin::new(&app, Role::Owner).await;
        let document = owner.with("").get("/openapi.json").await.expect(200).json;
        assert!(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")));
        let paths = document["paths"].as_object().expect("paths");
        let mut ids = HashSet::new();
        for (path, item) in paths {
            let filled = path.replace("{directory}", "test").replace("{kind}", "users").replace(['{', '}'], "");
            let refused = owner.send("OPTIONS", &filled, &[], None).await.expect(405);
            let served: HashSet<String> =
                refused.header("allow").split(',').map(str::to_lowercase).filter(|method| method != "head").collect();
            let described: HashSet<String> =
                METHODS.iter().filter(|method| item.get(**method).is_some()).map(|method| (*method).to_owned()).collect();
            assert_eq!(described, served, "{path}");
            for method in &described {
                let operation = &item[method];
                assert!(ids.insert(operation["operationId"].to_string()), "{method} {path}");
                for text in ["summary", "operationId"] {
                    assert!(operation[text].as_str().is_some_and(|text| !text.is_empty()), "{method} {path}: {text}");
                }
                for status in ["500", "503"] {
                    assert!(operation["responses"].get(status).is_some(), "{method} {path}: {status}");
                }
            }
        }
        assert!(ids.len() >= 40, "{}", ids.len());
        let mut references = HashSet::new();
        collect(&document, &mut references);
        for reference in references {
            let pointer = reference.strip_prefix('#').expect("within the document");
            assert!(document.pointer(pointer).is_some(), "{reference}");
        }
    }

    async fn the_page_needs_nothing_from_elsewhere(app: App) {
        for (path, kind) in [("/docs", "text/html"), ("/docs/page.js", "text/javascript"), ("/docs/page.css", "text/css")] {
            let request = Request::get(format!("/admin/api/v1{path}")).body(Body::empty()).expect("a request");
            let (head, body) = app.raw(request).await;
            assert_eq!(head.status, 200);
            assert!(head.headers["content-type"].to_str().expect("text").starts_with(kind));
            let text = String::from_utf8(body.to_vec()).expect("text");
            assert!(!text.contains("://") && !text.contains("{{"), "{path}");
            if path == "/docs" {
                let policy = head.headers["content-security-policy"].to_str().expect("text");
                assert!(policy.contains("default-src 'none'"));
                assert!(text.contains("id=\"conflict\""), "problems are described");
            }
        }
    }

    async fn the_admin_api_can_be_left_out(app: App) {
        let without = app.configured(|config| config.admin.enabled = false);
        without.send("GET", "//admin/api/v1/directories", &[], Body::empty()).await.expect_error(404, "");
    }
}

fn collect(value: &Value, references: &mut HashSet<String>) {
    match value {
        Value::Object(members) => {
            if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
                references.insert(reference.to_owned());
            }
            members.values().for_each(|member| collect(member, references));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, references)),
        _ => {}
    }
}
