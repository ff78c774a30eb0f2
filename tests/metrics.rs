//! The metrics of a running server, and that `docs/metrics.md` lists them.
#![expect(clippy::panic, reason = "tests fail by panicking")]

#[path = "support/app.rs"]
mod app;

use app::{App, GROUP, USER};
use scimd::admin::tokens::{self, Wanted};
use scimd::app::{Listening, serve};
use scimd::config::{Config, Sources};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::time::timeout;

/// Nothing that these tests wait for takes longer, however busy the machine is.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server on the database of an [`App`], with sockets.
struct Server {
    address: SocketAddr,
    metrics: SocketAddr,
    client: reqwest::Client,
    token: String,
    stop: oneshot::Sender<()>,
    served: tokio::task::JoinHandle<()>,
    folder: tempfile::TempDir,
}

impl Server {
    /// Its request log is of no use: the file in its place is another.
    async fn start(app: &App) -> Self {
        let mut config = Config::load(&Sources::default()).expect("the defaults are valid");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let log = folder.path().join("log.db");
        std::fs::write(&log, "x".repeat(5_000)).expect("writes");
        config.request_log.file = Some(log);
        let store = app.reopened(|_| ()).await.store;
        let (listener, metrics) = (bind().await, bind().await);
        let (address, metrics_address) = (listener.local_addr().expect("bound"), metrics.local_addr().expect("bound"));
        let listening = Listening { listener, bound: address, tls: None, metrics: Some(metrics) };
        let (stop, stopped) = oneshot::channel::<()>();
        let served = tokio::spawn(async move {
            let stop = async {
                stopped.await.ok();
            };
            serve(&config, store, listening, stop).await.expect("drains");
        });
        let client = reqwest::Client::new();
        Self { address, metrics: metrics_address, client, token: app.token.clone(), stop, served, folder }
    }

    async fn send(&self, method: &str, path: &str, token: &str, body: Value) -> (u16, Value) {
        let method = method.parse().expect("a method");
        let request = self.client.request(method, format!("http://{}/scim/v2{path}", self.address)).bearer_auth(token);
        let request = request.header("content-type", "application/scim+json");
        let request = if body.is_null() { request } else { request.body(body.to_string()) };
        let answer = request.send().await.expect("an answer");
        (answer.status().as_u16(), answer.json().await.unwrap_or_default())
    }

    async fn text(&self) -> String {
        let answer = self.client.get(format!("http://{}/metrics", self.metrics)).send().await.expect("an answer");
        assert_eq!(answer.headers()["content-type"], "application/openmetrics-text; version=1.0.0; charset=utf-8");
        answer.text().await.expect("text")
    }

    /// The metrics, once they have a line that begins so.
    async fn text_with(&self, line: &str) -> String {
        let found = async {
            loop {
                let text = self.text().await;
                if text.lines().any(|found| found.starts_with(line)) {
                    return text;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(PATIENCE, found).await.unwrap_or_else(|_| panic!("no line begins with {line:?}"))
    }

    async fn stop(self) {
        self.stop.send(()).expect("running");
        timeout(PATIENCE, self.served).await.expect("it ends").expect("no panic");
        assert!(self.client.get(format!("http://{}/metrics", self.metrics)).send().await.is_err(), "nobody answers any more");
        self.folder.close().expect("removes");
    }
}

async fn bind() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.expect("a free port")
}

/// A server that has had a bit of everything, and what it shows.
async fn eventful(app: &App) -> (Server, String) {
    let wanted =
        Wanted { name: Some("soon".to_owned()), expires_in: Some(Duration::from_secs(365 * 86_400)), ..Wanted::default() };
    tokens::create(&app.operator(), &app.row().await, wanted).await.expect("creates");
    // As if it were a year old, with six days left.
    let age = "UPDATE tokens SET expires = created + 518400000, created = created - 31536000000 WHERE name = 'soon'";
    app.execute(age, age).await;
    let server = Server::start(app).await;
    let user = json!({ "schemas": [USER], "userName": "CANARY" });
    let (status, user) = server.send("POST", "/Users", &server.token, user).await;
    assert_eq!(status, 201, "{user}");
    // A list of ids where objects belong: a quirk rewrites it.
    let group = json!({ "schemas": [GROUP], "displayName": "CANARY", "members": [user["id"]] });
    let (status, group) = server.send("POST", "/Groups", &server.token, group).await;
    assert_eq!(status, 201, "{group}");
    assert_eq!(server.send("GET", &format!("/Users/{}", "CANARY".repeat(4_000)), &server.token, Value::Null).await.0, 414);
    assert_eq!(server.send("GET", "/Users/CANARY?filter=CANARY", "CANARY", Value::Null).await.0, 401);
    assert_eq!(server.send("CANARY", "/Users", &server.token, Value::Null).await.0, 405);
    server.text_with("scimd_token_expiry_warnings_total").await;
    let text = server.text_with("scimd_token_expiry_days").await;
    (server, text)
}

on_both_back_ends! {
    async fn what_happens_is_counted(app: App) {
        let (server, text) = eventful(&app).await;
        for line in [
            "scimd_requests_total{directory=\"test\",method=\"POST\",route=\"/{type}\",status=\"201\"} 2",
            "scimd_requests_total{directory=\"\",method=\"GET\",route=\"\",status=\"414\"} 1",
            "scimd_requests_total{directory=\"test\",method=\"other\",route=\"/{type}\",status=\"405\"} 1",
            "scimd_request_duration_seconds_count{method=\"POST\",route=\"/{type}\"} 2",
            "scimd_authentication_failures_total{reason=\"unknown\"} 1",
            "scimd_limits_hit_total{limit=\"url_length\"} 1",
            "scimd_quirks_applied_total{quirk=\"members-as-strings\"} 1",
            "scimd_token_expiry_warnings_total{days=\"7\"} 1",
            "scimd_database_writes_waiting 0",
            "scimd_connections_refused_total 0",
            "scimd_tls_handshake_failures_total 0",
        ] {
            assert!(text.lines().any(|found| found == line), "{line:?} is not in\n{text}");
        }
        let days: f64 = value(&text, "scimd_token_expiry_days{directory=\"test\",token=\"soon\"}");
        assert!((5.9..=6.0).contains(&days), "{days}");
        assert!(value(&text, "scimd_connections_open") >= 1.0, "{text}");
        let connections = value(&text, "scimd_database_connections_idle") + value(&text, "scimd_database_connections_in_use");
        assert!(connections >= 1.0, "{text}");
        assert!(!text.contains("CANARY") && !text.contains(&server.token), "nothing of a client or of a secret:\n{text}");
        server.stop().await;
    }

    async fn refused_credentials_are_counted_by_reason_and_directory(app: App) {
        let wanted = Wanted { name: Some("old".to_owned()), ..Wanted::default() };
        let token = tokens::create(&app.operator(), &app.row().await, wanted).await.expect("creates");
        tokens::revoke(&app.operator(), &app.row().await, "old").await.expect("revokes");
        let server = Server::start(&app).await;
        assert_eq!(server.send("GET", "/Users", token.secret.expose(), Value::Null).await.0, 401);
        assert_eq!(server.send("GET", "/../../admin/api/v1/me", &app.token, Value::Null).await.0, 401);
        let password = json!({ "account": "nobody", "password": "CANARY" });
        let session = format!("http://{}/admin/api/v1/session", server.address);
        let signed_in = server.client.post(session).header("content-type", "application/json").body(password.to_string());
        assert_eq!(signed_in.send().await.expect("an answer").status().as_u16(), 401);
        let text = server.text().await;
        for line in [
            "scimd_authentication_failures_total{reason=\"revoked\"} 1",
            "scimd_authentication_failures_total{reason=\"api key\"} 1",
            "scimd_authentication_failures_total{reason=\"password\"} 1",
            "scimd_requests_total{directory=\"test\",method=\"GET\",route=\"\",status=\"401\"} 1",
        ] {
            assert!(text.lines().any(|found| found == line), "{line:?} is not in\n{text}");
        }
        server.stop().await;
    }

    async fn requests_that_the_log_loses_are_counted(app: App) {
        let server = Server::start(&app).await;
        for _ in 0..3 {
            assert_eq!(server.send("GET", "/Users", &server.token, Value::Null).await.0, 200);
        }
        server.text_with("scimd_request_log_dropped_total 3").await;
        server.stop().await;
    }

    async fn the_document_lists_what_is_shown(app: App) {
        let (server, text) = eventful(&app).await;
        assert_eq!(documented(), shown(&text));
        server.stop().await;
    }
}

fn value(text: &str, series: &str) -> f64 {
    let line = text.lines().find_map(|line| line.strip_prefix(series)).unwrap_or_else(|| panic!("no {series} in\n{text}"));
    line.trim().parse().expect("a number")
}

/// By name: the type, the labels, and what it means.
type Metrics = BTreeMap<String, (String, BTreeSet<String>, String)>;

/// The rows of the table; of what they mean the first sentence.
fn documented() -> Metrics {
    let document = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/metrics.md")).expect("readable");
    let rows = document.lines().filter(|line| line.starts_with("| `scimd_"));
    rows.map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        let [name, kind, rest @ ..] = cells.as_slice() else { panic!("{row}") };
        let (labels, meaning) = match rest {
            [labels, meaning] => (*labels, *meaning),
            [meaning] => ("", meaning.trim_start_matches("| ")),
            _ => panic!("{row}"),
        };
        let labels = labels.split(", ").filter(|label| !label.is_empty()).map(|label| label.trim_matches('`').to_owned());
        let first = meaning.split_once(". ").map_or(meaning, |(first, _)| first);
        (name.trim_matches('`').to_owned(), ((*kind).to_owned(), labels.collect(), first.to_owned()))
    })
    .collect()
}

/// The same of what a server shows.
fn shown(text: &str) -> Metrics {
    let described = |word: &str, name: &str| {
        let start = format!("# {word} {name} ");
        text.lines().find_map(|line| line.strip_prefix(&start)).unwrap_or_default().to_owned()
    };
    let names = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    names
        .map(|(name, kind)| {
            let full = if kind == "counter" { format!("{name}_total") } else { name.to_owned() };
            let series = if kind == "histogram" { format!("{name}_count") } else { full.clone() };
            let line =
                text.lines().find(|line| line.starts_with(&format!("{series}{{")) || line.starts_with(&format!("{series} ")));
            let labels = line.and_then(|line| Some(line.split_once('{')?.1.rsplit_once('}')?.0)).unwrap_or_default();
            let labels = labels.split("\",").filter_map(|label| Some(label.split_once('=')?.0.to_owned())).collect();
            (full, (kind.to_owned(), labels, described("HELP", name).trim_end_matches('.').to_owned()))
        })
        .collect()
}
