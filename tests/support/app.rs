//! scimd in process: the router over a database of its own, on SQLite or on PostgreSQL.
//!
//! A test is written once and runs on both:
//!
//! ```ignore
//! #[path = "support/app.rs"]
//! mod app;
//! use app::USER;
//!
//! on_both_back_ends! {
//!     /// Shows P-3.6-01.
//!     async fn a_deleted_user_is_gone(app: App) {
//!         let user = app.post("/Users", json!({ "schemas": [USER], "userName": "bjensen" })).await;
//!         …
//!     }
//! }
//! ```
//!
//! Requests go to the Directory `test` with a token of it; [`App::directory`] makes others.
#![expect(clippy::panic, reason = "tests fail by panicking")]
// Each test file uses the part of it that it needs.
#![allow(dead_code)]

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::response::Parts;
use axum::response::Response;
use http_body_util::BodyExt;
use hyper::{HeaderMap, Request, StatusCode};
use scimd::admin::tokens::{self, Wanted};
use scimd::admin::{Operator, directories};
use scimd::app::{admin_state, open_store, request_log, state};
use scimd::clock::{Clock, SystemClock, Timestamp};
use scimd::config::{Config, DatabaseUrl, Sources};
use scimd::directory::settings::Settings;
use scimd::http::admin::state::Requests;
use scimd::http::client::Peer;
use scimd::http::router;
use scimd::store::OperatorStore;
use scimd::store::audit::Actor;
use scimd::store::postgres::{PostgresOptions, PostgresStore};
use scimd::store::requests::{Recorder, RecorderOptions, RequestLog};
use scimd::store::sqlite::{SqliteOptions, SqliteStore};
use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use std::net::IpAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tower::ServiceExt;

#[path = "postgres.rs"]
mod test_database;
use test_database::{TestDatabase, patient};

/// The schema of Users.
pub const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// The schema of Groups.
pub const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
/// The enterprise extension of Users.
pub const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
/// The schema of a PATCH request.
pub const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
/// The schema of an error.
pub const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

/// Writes each test once for both back ends: `sqlite::name` and `postgres::name`.
#[macro_export]
macro_rules! on_both_back_ends {
    ($($(#[doc = $doc:literal])* async fn $name:ident($app:ident: App) $body:block)*) => {
        $($(#[doc = $doc])* async fn $name($app: $crate::app::App) $body)*

        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name($crate::app::App::on_sqlite().await).await;
            })*
        }

        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name($crate::app::App::on_postgres().await).await;
            })*
        }
    };
}

/// The clock of the machine until a test moves it: from then on it stands still in between.
#[derive(Default)]
pub struct TestClock(Mutex<Option<Timestamp>>);

impl TestClock {
    /// Moves it by this many milliseconds; by 0 it only stops.
    pub fn advance(&self, milliseconds: i64) {
        let mut stopped = self.0.lock().expect("no test panics while it moves the clock");
        let now = stopped.unwrap_or_else(|| SystemClock.now());
        *stopped = Some(Timestamp(now.0 + milliseconds));
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        self.0.lock().expect("no test panics while it moves the clock").unwrap_or_else(|| SystemClock.now())
    }
}

/// A server without sockets. Clones are clients of the same server.
#[derive(Clone)]
pub struct App {
    router: Router,
    /// Its store.
    pub store: Arc<dyn OperatorStore>,
    /// Its clock.
    pub clock: Arc<TestClock>,
    /// The Base URL's path that requests go to, such as `/directories/test/scim/v2`.
    pub base: String,
    /// The token that they carry.
    pub token: String,
    /// The address that they come from, if from any.
    pub peer: Option<IpAddr>,
    // Dropped last: the database goes with them.
    database: Arc<Database>,
}

enum Database {
    Sqlite(tempfile::TempDir),
    Postgres(TestDatabase),
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as JSON; null if there is none.
    pub json: Value,
}

impl Answer {
    /// The value at a JSON pointer; panics if there is none.
    #[track_caller]
    pub fn at(&self, pointer: &str) -> &Value {
        self.json.pointer(pointer).unwrap_or_else(|| panic!("nothing at {pointer} in {:#}", self.json))
    }

    /// The text at a JSON pointer; panics if there is none.
    #[track_caller]
    pub fn text(&self, pointer: &str) -> String {
        self.at(pointer).as_str().unwrap_or_else(|| panic!("no text at {pointer} in {:#}", self.json)).to_owned()
    }

    /// `id` of the resource.
    #[track_caller]
    pub fn id(&self) -> String {
        self.text("/id")
    }

    /// A header as text; empty if it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Asserts the status, and gives the answer on.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{:#}", self.json);
        self
    }

    /// Asserts a SCIM error of this status and scimType (`""`: none).
    #[track_caller]
    pub fn expect_error(self, status: u16, scim_type: &str) -> Self {
        let answer = self.expect(status);
        assert_eq!(answer.json["schemas"], json!([ERROR]), "{:#}", answer.json);
        assert_eq!(answer.json["status"], json!(status.to_string()), "{:#}", answer.json);
        assert_eq!(answer.json.get("scimType").and_then(Value::as_str).unwrap_or_default(), scim_type, "{:#}", answer.json);
        assert!(answer.json["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{:#}", answer.json);
        answer
    }
}

/// Leaves of the detail of a SCIM error what was said; each ends with the id of its request.
fn said(body: &mut Value, request: &str) {
    if body["schemas"] == json!([ERROR]) {
        let detail = body["detail"].as_str().expect("an error says something");
        let said = detail.strip_suffix(&format!(" (request {request})")).expect("an error names its request").to_owned();
        body["detail"] = said.into();
    }
}

/// Returns in another millisecond than the one in which it was called: the times of resources count in milliseconds.
pub async fn next_millisecond() {
    let now = SystemClock.now();
    while SystemClock.now() == now {
        tokio::task::yield_now().await;
    }
}

fn config() -> Config {
    let mut config = Config::load(&Sources::default()).expect("the defaults are valid");
    // The least work that the settings allow, for speed.
    config.password.memory_kib = 1_024;
    config.password.iterations = 1;
    config
}

fn serve(config: &Config, store: &Arc<dyn OperatorStore>, clock: &Arc<TestClock>) -> Router {
    let public_url = "https://scim.example.com".to_owned();
    let state = state(config, store.clone(), clock.clone(), public_url);
    let admin = admin_state(config, store.clone(), &state, None);
    router(Arc::new(state), admin)
}

impl App {
    /// On an SQLite file of its own.
    pub async fn on_sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let url = format!("sqlite:{}", folder.path().join("scimd.db").display());
        let store = SqliteStore::open(&url, SqliteOptions::default()).await.expect("opens");
        Self::new(Arc::new(store), Database::Sqlite(folder)).await
    }

    /// On a PostgreSQL database of its own, on the server that `TEST_DATABASE_URL` names.
    pub async fn on_postgres() -> Self {
        let database = TestDatabase::create().await;
        let options = PostgresOptions { connections_max: 8, ..patient() };
        let store = PostgresStore::open(&database.url, options).await.expect("opens");
        Self::new(Arc::new(store), Database::Postgres(database)).await
    }

    async fn new(store: Arc<dyn OperatorStore>, database: Database) -> Self {
        store.migrate().await.expect("migrates");
        let clock = Arc::new(TestClock::default());
        let router = serve(&config(), &store, &clock);
        let app =
            Self { router, store, clock, base: String::new(), token: String::new(), peer: None, database: Arc::new(database) };
        app.directory("test", "generic").await
    }

    /// A client of a new Directory with a provider's profile, on the same server.
    pub async fn directory(&self, name: &str, provider: &str) -> Self {
        self.directory_with(name, provider, &Settings::default()).await
    }

    /// The same, with settings that differ from the provider's profile.
    pub async fn directory_with(&self, name: &str, provider: &str, settings: &Settings) -> Self {
        // Tests make more tokens than a provider has.
        let settings = Settings { tokens_max: settings.tokens_max.or(Some(1_000)), ..settings.clone() };
        let created = directories::create(&self.operator(), name, "", provider, &settings).await;
        let directory = created.expect("creates");
        let wanted = Wanted { name: Some("test".to_owned()), ..Wanted::default() };
        let token = tokens::create(&self.operator(), &directory, wanted).await.expect("creates");
        let base = format!("/directories/{name}/scim/v2");
        Self { base, token: token.secret.expose().to_owned(), ..self.clone() }
    }

    /// The same client at an address.
    pub fn from(&self, peer: [u8; 4]) -> Self {
        Self { peer: Some(peer.into()), ..self.clone() }
    }

    /// Another client of the same Directory, with a token that no server has read yet: it sees schemas of now at once.
    pub async fn fresh(&self) -> Self {
        let row = self.row().await;
        let token = tokens::create(&self.operator(), &row, Wanted::default()).await.expect("creates");
        Self { token: token.secret.expose().to_owned(), ..self.clone() }
    }

    /// The same client with another token.
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: token.to_owned(), ..self.clone() }
    }

    /// An operator at work on its store.
    pub fn operator(&self) -> Operator<'_> {
        Operator::new(&*self.store, &SystemClock, Actor::command("test"))
    }

    /// The row of the client's Directory.
    pub async fn row(&self) -> scimd::store::DirectoryRow {
        let name = self.base.split('/').nth(2).expect("a Directory");
        directories::find(&*self.store, name).await.expect("is there")
    }

    /// A client of another server on the same database.
    pub fn replica(&self) -> Self {
        self.configured(|_| ())
    }

    /// A client of another server on the same database, with another configuration.
    pub fn configured(&self, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = config();
        change(&mut config);
        Self { router: serve(&config, &self.store, &self.clock), ..self.clone() }
    }

    /// A client of another server on the same database, with another configuration and connections of its own.
    pub async fn reopened(&self, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = config();
        config.database.url = DatabaseUrl::parse(&self.url()).expect("a URL");
        change(&mut config);
        let store = open_store(&config.database).await.expect("opens");
        Self { router: serve(&config, &store, &self.clock), store, ..self.clone() }
    }

    /// A client of another server on the same database, which records its requests in `log`; and what records them.
    pub fn recording(&self, log: Arc<dyn RequestLog>, change: impl FnOnce(&mut RecorderOptions)) -> (Self, Arc<Recorder>) {
        let mut options =
            RecorderOptions { queue_max: 1_000, batch_max: 100, wait: Duration::from_millis(1), days_max: 30, rows_max: 1_000 };
        change(&mut options);
        let recorder = Arc::new(Recorder::start(log.clone(), self.clock.clone(), options));
        let (config, public_url) = (config(), "https://scim.example.com".to_owned());
        let requests = Some(Requests { log, recorder: recorder.clone() });
        let state = state(&config, self.store.clone(), self.clock.clone(), public_url).recording(recorder.clone());
        let admin = admin_state(&config, self.store.clone(), &state, requests);
        (Self { router: router(Arc::new(state), admin), ..self.clone() }, recorder)
    }

    /// The request log beside its database.
    pub fn request_log(&self) -> Arc<dyn RequestLog> {
        let mut config = config();
        config.database.url = DatabaseUrl::parse(&self.url()).expect("a URL");
        request_log(&config).expect("a URL")
    }

    /// The folder of its files, on SQLite.
    pub fn folder(&self) -> Option<&Path> {
        match &*self.database {
            Database::Sqlite(folder) => Some(folder.path()),
            Database::Postgres(_) => None,
        }
    }

    /// The URL of its database.
    pub fn url(&self) -> String {
        match &*self.database {
            Database::Sqlite(folder) => format!("sqlite:{}", folder.path().join("scimd.db").display()),
            Database::Postgres(database) => database.url.clone(),
        }
    }

    /// How many changes the database has a record of, of all Directories; asked past the server.
    pub async fn events(&self) -> i64 {
        const EVENTS: &str = "SELECT count(*) FROM events";
        let counted = match &*self.database {
            Database::Sqlite(folder) => {
                let file = SqliteConnectOptions::new().filename(folder.path().join("scimd.db")).read_only(true);
                sqlx::query_scalar(EVENTS).fetch_one(&mut file.connect().await.expect("connects")).await
            }
            Database::Postgres(database) => sqlx::query_scalar(EVENTS).fetch_one(&mut database.connect().await).await,
        };
        counted.expect("counts")
    }

    /// How many rows of a Directory each table has that has rows of Directories; asked past the server.
    pub async fn rows_of(&self, directory: scimd::id::DirectoryId) -> Vec<(String, i64)> {
        const ON_SQLITE: &str = "SELECT m.name FROM sqlite_schema AS m, pragma_table_info(m.name) AS c \
             WHERE m.type = 'table' AND c.name = 'directory_id' ORDER BY m.name";
        const ON_POSTGRES: &str = "SELECT table_name::text FROM information_schema.columns \
             WHERE column_name = 'directory_id' AND table_schema = current_schema() ORDER BY table_name";
        let count = |table: &str| sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table} WHERE directory_id = $1"));
        let mut rows = Vec::new();
        match &*self.database {
            Database::Sqlite(folder) => {
                let file = SqliteConnectOptions::new().filename(folder.path().join("scimd.db")).read_only(true);
                let mut connection = file.connect().await.expect("connects");
                let tables: Vec<String> = sqlx::query_scalar(ON_SQLITE).fetch_all(&mut connection).await.expect("lists");
                for table in tables {
                    let counted = sqlx::query_scalar(count(&table)).bind(directory.0).fetch_one(&mut connection).await;
                    rows.push((table, counted.expect("counts")));
                }
            }
            Database::Postgres(database) => {
                let mut connection = database.connect().await;
                let tables: Vec<String> = sqlx::query_scalar(ON_POSTGRES).fetch_all(&mut connection).await.expect("lists");
                for table in tables {
                    let counted = sqlx::query_scalar(count(&table)).bind(directory.0).fetch_one(&mut connection).await;
                    rows.push((table, counted.expect("counts")));
                }
            }
        }
        rows
    }

    /// Runs a statement in the database, past the server, in the words of its dialect.
    pub async fn execute(&self, sqlite: &'static str, postgres: &'static str) {
        match &*self.database {
            Database::Sqlite(folder) => {
                let file =
                    SqliteConnectOptions::new().filename(folder.path().join("scimd.db")).busy_timeout(Duration::from_secs(60));
                let mut connection = file.connect().await.expect("connects");
                sqlx::raw_sql(sqlite).execute(&mut connection).await.expect("executes");
                connection.close().await.expect("closes");
            }
            Database::Postgres(database) => {
                let mut connection = database.connect().await;
                sqlx::raw_sql(postgres).execute(&mut connection).await.expect("executes");
                connection.close().await.expect("closes");
            }
        }
    }

    /// Sends a request as it is: the path may hold a query, headers win over the usual ones, an empty value removes one.
    pub async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
        let uri = if path.starts_with("//") { path[1..].to_owned() } else { format!("{}{path}", self.base) };
        let mut request = Request::builder().method(method).uri(uri).body(body.into()).expect("a request");
        let authorization = format!("Bearer {}", self.token);
        let usual = [("authorization", authorization.as_str()), ("content-type", "application/scim+json")];
        for (name, value) in usual.iter().chain(headers) {
            let name = hyper::header::HeaderName::from_bytes(name.as_bytes()).expect("a header name");
            request.headers_mut().remove(&name);
            if !value.is_empty() {
                request.headers_mut().insert(name, value.parse().expect("a header value"));
            }
        }
        let (parts, bytes) = self.raw(request).await;
        let mut json = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).expect("bodies are JSON") };
        let id = parts.headers.get("x-request-id").and_then(|id| id.to_str().ok()).expect("each answer names its request");
        said(&mut json, id);
        let operations = json.get_mut("Operations").and_then(Value::as_array_mut).into_iter().flatten();
        operations.filter_map(|operation| operation.get_mut("response")).for_each(|response| said(response, id));
        Answer { status: parts.status, headers: parts.headers, json }
    }

    /// Sends a request exactly so, and gives its answer as it comes.
    pub async fn respond(&self, mut request: Request<Body>) -> Response {
        if let Some(peer) = self.peer {
            request.extensions_mut().insert(Peer(peer));
        }
        self.router.clone().oneshot(request).await.expect("infallible")
    }

    /// Sends a request exactly so, and gives the head and the bytes of its answer.
    pub async fn raw(&self, request: Request<Body>) -> (Parts, Bytes) {
        let (parts, body) = self.respond(request).await.into_parts();
        (parts, body.collect().await.expect("a body").to_bytes())
    }

    /// GET
    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], Body::empty()).await
    }

    /// GET of a list with a filter, percent-encoded here.
    pub async fn filter(&self, endpoint: &str, filter: &str) -> Answer {
        let filter = percent_encoding::utf8_percent_encode(filter, percent_encoding::NON_ALPHANUMERIC);
        self.get(&format!("{endpoint}?filter={filter}")).await
    }

    /// POST
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send("POST", path, &[], body.to_string()).await
    }

    /// PUT
    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.send("PUT", path, &[], body.to_string()).await
    }

    /// PATCH with a list of operations.
    pub async fn patch(&self, path: &str, operations: Value) -> Answer {
        self.send("PATCH", path, &[], json!({ "schemas": [PATCH_OP], "Operations": operations }).to_string()).await
    }

    /// DELETE
    pub async fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, &[], Body::empty()).await
    }

    /// Creates a user with this userName and nothing else, and gives its id.
    pub async fn user(&self, user_name: &str) -> String {
        self.post("/Users", json!({ "schemas": [USER], "userName": user_name })).await.expect(201).id()
    }

    /// Creates a group with these members, and gives its id.
    pub async fn group(&self, display_name: &str, members: &[&str]) -> String {
        let members: Vec<Value> = members.iter().map(|id| json!({ "value": id })).collect();
        self.post("/Groups", json!({ "schemas": [GROUP], "displayName": display_name, "members": members }))
            .await
            .expect(201)
            .id()
    }
}
