//! A user and a group that nothing hostile may change, and the judge of what is answered meanwhile.

use crate::app::{Answer, App, ENTERPRISE, USER};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Within this everything is refused; most is in a millisecond.
const PATIENCE: Duration = Duration::from_secs(5);

/// The longest `detail`, in characters, whatever of the client's it quotes.
const DETAIL_MAX: usize = 1_001;

/// The paths of a user and of a group with that user in it, and what they were at the beginning.
pub struct Canary {
    pub app: App,
    pub user: String,
    pub group: String,
    everything: [Value; 2],
    events: i64,
}

impl Canary {
    pub async fn new(app: App) -> Self {
        let body = json!({
            "schemas": [USER, ENTERPRISE],
            "userName": "canary",
            "name": { "givenName": "C" },
            "emails": [{ "value": "c@example.com", "type": "work", "primary": true }],
            ENTERPRISE: { "department": "Coal" },
        });
        let id = app.post("/Users", body).await.expect(201).id();
        let group = format!("/Groups/{}", app.group("canaries", &[&id]).await);
        let (everything, events) = (everything(&app).await, app.events().await);
        Self { user: format!("/Users/{id}"), group, everything, events, app }
    }

    /// Sends it, and asserts that it is refused in time with this status and scimType, in words that have `says` in them.
    pub async fn refuses(&self, method: &str, path: &str, body: impl Into<Vec<u8>>, error: (u16, &str), says: &str) -> Answer {
        self.refuses_with(&[], method, path, body, error, says).await
    }

    /// The same with headers.
    pub async fn refuses_with(
        &self,
        headers: &[(&str, &str)],
        method: &str,
        path: &str,
        body: impl Into<Vec<u8>>,
        (status, scim_type): (u16, &str),
        says: &str,
    ) -> Answer {
        let body = body.into();
        let request = format!("{method} {path:.200} {headers:.200?} {:.300}", String::from_utf8_lossy(&body));
        let began = Instant::now();
        let answer = self.app.send(method, path, headers, body).await;
        assert!(began.elapsed() < PATIENCE, "{:?} for {request}", began.elapsed());
        assert_eq!(answer.status, status, "{request}\n{:#}", answer.json);
        let answer = answer.expect_error(status, scim_type);
        let detail = answer.text("/detail");
        assert!(detail.contains(says), "{request}\n{detail}\ndoes not say: {says}");
        assert!(detail.chars().count() <= DETAIL_MAX, "{request}\nis answered in {} characters", detail.chars().count());
        answer
    }

    /// Asserts that nothing was changed, nor anything else created.
    pub async fn is_unharmed(&self) {
        assert_eq!(everything(&self.app).await, self.everything);
        assert_eq!(self.app.events().await, self.events);
    }
}

async fn everything(app: &App) -> [Value; 2] {
    [app.get("/Users").await.expect(200).json, app.get("/Groups").await.expect(200).json]
}
