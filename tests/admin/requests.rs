//! The request log over the admin API (row E4).

use super::{Admin, admin_accounts, check_problem};
use crate::on_both_back_ends;
use axum::body::Body;
use http_body_util::BodyExt as _;
use hyper::Request;
use scimd::store::operator::Role;
use serde_json::Value;
use std::time::Duration;
use tokio::time::timeout;

on_both_back_ends! {
    async fn requests_are_listed_and_filtered(app: App) {
        let (app, recorder) = app.recording(app.request_log(), |_| ());
        let viewer = Admin::new(&app, Role::Viewer).await;
        let other = app.directory("other", "generic").await;
        let id = app.user("bjensen").await;
        app.get("/Users/nobody").await.expect(404);
        let refused = other.get("/Users?filter=x").await.expect(400);
        recorder.flush().await;
        let all = viewer.all("/requests", 2).await;
        let statuses: Vec<i64> = all.iter().map(|entry| entry["status"].as_i64().expect("a status")).collect();
        assert_eq!(statuses, [400, 404, 201], "the latest first");
        for (query, count) in [
            ("directory=test".to_owned(), 2), ("directory=other".to_owned(), 1), ("status=4xx".to_owned(), 2),
            ("status=404".to_owned(), 1), (format!("resource={id}"), 1), ("token=test&status=201".to_owned(), 1),
            ("until=2020-01-01T00:00:00Z".to_owned(), 0),
            (format!("request={}", refused.header("x-request-id")), 1),
        ] {
            assert_eq!(viewer.all(&format!("/requests?{query}"), 100).await.len(), count, "{query}");
        }
        check_problem(viewer.get("/requests?directory=nobody").await, 404, "not-found");
        for query in ["status=abc", "resource=x", "request=x", "since=x", "limit=0", "token=%00"] {
            check_problem(viewer.get(&format!("/requests?{query}")).await, 400, "malformed");
        }
        // A server that records nothing says so.
        let silent = app.replica();
        check_problem(Admin { app: silent, key: viewer.key.clone() }.get("/requests").await, 404, "not-found");
    }

    async fn requests_are_followed_as_they_come(app: App) {
        let (app, recorder) = app.recording(app.request_log(), |_| ());
        let viewer = Admin::new(&app, Role::Viewer).await;
        app.user("before").await;
        recorder.flush().await;
        let first = viewer.all("/requests", 1).await[0]["seq"].clone();
        app.user("after").await;
        recorder.flush().await;
        let path = "/admin/api/v1/requests/stream?directory=test&status=201";
        let request = Request::get(path)
            .header("authorization", format!("Bearer {}", viewer.key))
            .header("last-event-id", first.to_string());
        let response = app.respond(request.body(Body::empty()).expect("a request")).await;
        assert_eq!((response.status().as_u16(), &response.headers()["content-type"]), (200, &"text/event-stream".parse().expect("a value")));
        let mut body = response.into_body();
        let mut text = String::new();
        while !text.contains("\n\n") {
            let frame = timeout(Duration::from_secs(20), body.frame()).await.expect("an event comes").expect("it goes on");
            text.push_str(&String::from_utf8_lossy(frame.expect("no error").data_ref().expect("data")));
        }
        let data = text.lines().find_map(|line| line.strip_prefix("data: ")).expect("data");
        let event: Value = serde_json::from_str(data).expect("JSON");
        assert_eq!((&event["method"], &event["status"]), (&"POST".into(), &201.into()));
        assert_ne!(event["seq"], first, "what the client has seen does not come again");
        check_problem(viewer.send("GET", "/requests/stream", &[("last-event-id", "x")], None).await, 400, "malformed");
    }

    async fn a_stream_ends_with_its_key_and_with_its_account(app: App) {
        let (app, _recorder) = app.recording(app.request_log(), |_| ());
        let viewer = Admin::new(&app, Role::Viewer).await;
        let (operator, other) = (Admin::new(&app, Role::Operator).await, Admin::new(&app, Role::Owner).await);
        let mut streams = Vec::new();
        for caller in [&viewer, &operator, &other] {
            let request = Request::get("/admin/api/v1/requests/stream").header("authorization", format!("Bearer {}", caller.key));
            let response = app.respond(request.body(Body::empty()).expect("a request")).await;
            assert_eq!(response.status().as_u16(), 200);
            streams.push(response.into_body());
        }
        let acting = app.operator();
        let edit = admin_accounts::Edit { disabled: Some(true), ..admin_accounts::Edit::default() };
        let account = admin_accounts::find(&*app.store, "viewer").await.expect("is there");
        admin_accounts::edit(&acting, &account, edit).await.expect("disables");
        let account = admin_accounts::find(&*app.store, "operator").await.expect("is there");
        admin_accounts::delete_key(&acting, &account, "test").await.expect("deletes");
        let mut open = streams.pop().expect("three");
        for stream in streams {
            timeout(Duration::from_secs(60), stream.collect()).await.expect("it ends").expect("no error");
        }
        let frame = timeout(Duration::from_millis(50), open.frame()).await;
        assert!(!matches!(frame, Ok(None)), "the other key is good");
    }
}
