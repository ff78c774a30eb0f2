//! The admin API: what operators do over HTTP, on both back ends.

#[path = "support/app.rs"]
mod app;

#[path = "admin/accounts.rs"]
mod accounts;
#[path = "admin/audit.rs"]
mod audit;
#[path = "admin/directories.rs"]
mod directories;
#[path = "admin/idempotency.rs"]
mod idempotency;
#[path = "admin/isolation.rs"]
mod isolation;
#[path = "admin/openapi.rs"]
mod openapi;
#[path = "admin/requests.rs"]
mod requests;
#[path = "admin/resources.rs"]
mod resources;
#[path = "admin/tokens.rs"]
mod tokens;

use app::{Answer, App};
use scimd::admin::accounts as admin_accounts;
use scimd::store::operator::Role;
use serde_json::{Value, json};

/// Where the admin API begins; two slashes, so that it is not below the Base URL of a Directory.
const BASE: &str = "//admin/api/v1";

/// A client of the admin API, with an API key.
pub struct Admin {
    app: App,
    key: String,
}

impl Admin {
    /// With a key of a new account of this role, which has the role's name.
    pub async fn new(app: &App, role: Role) -> Self {
        let operator = app.operator();
        let account = admin_accounts::create(&operator, role.word(), role, None).await.expect("creates");
        let key = admin_accounts::create_key(&operator, &account, "test", None).await.expect("creates");
        Self { app: app.clone(), key: key.secret.expose().to_owned() }
    }

    /// With another key.
    pub fn with(&self, key: &str) -> Self {
        Self { app: self.app.clone(), key: key.to_owned() }
    }

    /// On another server.
    pub fn on(&self, app: App) -> Self {
        Self { app, key: self.key.clone() }
    }

    /// Sends a request with further headers.
    pub async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<Value>) -> Answer {
        let authorization = if self.key.is_empty() { String::new() } else { format!("Bearer {}", self.key) };
        let content_type = if body.is_some() { "application/json" } else { "" };
        let mut all = vec![("authorization", authorization.as_str()), ("content-type", content_type)];
        all.extend(headers);
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        self.app.send(method, &format!("{BASE}{path}"), &all, body).await
    }

    /// GET
    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], None).await
    }

    /// POST
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send("POST", path, &[], Some(body)).await
    }

    /// POST without a body.
    pub async fn act(&self, path: &str) -> Answer {
        self.send("POST", path, &[], None).await
    }

    /// PATCH
    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send("PATCH", path, &[], Some(body)).await
    }

    /// DELETE
    pub async fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, &[], None).await
    }

    /// The items of all pages of a list.
    pub async fn all(&self, path: &str, limit: u32) -> Vec<Value> {
        let mut items = Vec::new();
        let mut cursor = String::new();
        loop {
            let separator = if path.contains('?') { '&' } else { '?' };
            let page = self.get(&format!("{path}{separator}limit={limit}{cursor}")).await.expect(200);
            let found = page.at("/items").as_array().expect("a list");
            assert!(found.len() <= limit as usize);
            items.extend(found.iter().cloned());
            match page.json.get("next") {
                Some(next) => cursor = format!("&cursor={}", next.as_str().expect("text")),
                None => return items,
            }
        }
    }
}

/// Asserts a problem (RFC 9457) of a status and a kind.
#[track_caller]
pub fn check_problem(answer: Answer, status: u16, kind: &str) -> Answer {
    let answer = answer.expect(status);
    assert_eq!(answer.header("content-type"), "application/problem+json");
    assert_eq!(answer.json["type"], json!(format!("https://scim.example.com/admin/api/v1/docs#{kind}")), "{:#}", answer.json);
    assert_eq!(answer.json["status"], json!(status));
    assert!(answer.json["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{:#}", answer.json);
    assert_eq!(answer.text("/requestId"), answer.header("x-request-id"));
    answer
}
