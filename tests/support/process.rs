//! scimd as users run it: the real binary on a database of its own, which outlives the process. And a client that knows
//! exactly which of its requests were answered.
//!
//! A test is written once with `on_both_back_ends_as_a_process!` and runs on SQLite and on PostgreSQL.

// Each test file uses the part of it that it needs.
#![allow(dead_code)]

use serde_json::Value;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

#[path = "postgres.rs"]
mod test_database;
use test_database::TestDatabase;

/// Nothing that these tests wait for takes longer, however busy the machine is.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The least work for a password hash that the settings allow, and time for clients that the machine leaves no time to: the
/// rest are defaults.
const CONFIGURATION: &str = "[password]\nmemory_kib = 1024\niterations = 1\n[server]\ndrain_idle_grace_ms = 10000\n";

/// Writes each test once for both back ends: `sqlite::name` and `postgres::name`.
#[macro_export]
macro_rules! on_both_back_ends_as_a_process {
    ($($(#[doc = $doc:literal])* fn $name:ident($installation:ident: Installation) $body:block)*) => {
        $($(#[doc = $doc])* fn $name($installation: $crate::process::Installation) $body)*

        mod sqlite {
            $(#[test]
            fn $name() {
                super::$name($crate::process::Installation::on_sqlite());
            })*
        }

        mod postgres {
            $(#[test]
            fn $name() {
                super::$name($crate::process::Installation::on_postgres());
            })*
        }
    };
}

/// A folder, a database and a Directory `test` with a token in it; servers come and go.
pub struct Installation {
    folder: TempDir,
    url: String,
    /// The database on PostgreSQL; none: an SQLite file.
    pub database: Option<TestDatabase>,
    /// The token of the Directory.
    pub token: String,
}

impl Installation {
    /// On an SQLite file.
    pub fn on_sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite:{}", folder.path().join("scimd.db").display());
        Self { folder, url, database: None, token: String::new() }.with_directory()
    }

    /// On a PostgreSQL database.
    pub fn on_postgres() -> Self {
        let database = block_on(TestDatabase::create());
        let folder = tempfile::tempdir().expect("a folder");
        Self { folder, url: database.url.clone(), database: Some(database), token: String::new() }.with_directory()
    }

    fn with_directory(mut self) -> Self {
        std::fs::write(self.configuration(), CONFIGURATION).expect("written");
        self.command(&["directory", "create", "test"]);
        self.token = self.command(&["token", "create", "test"]).trim_end().to_owned();
        self
    }

    /// The file with the configuration; what commands name is beside it.
    pub fn configuration(&self) -> PathBuf {
        self.folder.path().join("scimd.toml")
    }

    /// Adds to the configuration of servers that are started from here on.
    pub fn configure(&self, more: &str) {
        std::fs::write(self.configuration(), format!("{CONFIGURATION}{more}")).expect("written");
    }

    /// What all servers of this installation have logged.
    pub fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// The SQLite file.
    pub fn file(&self) -> PathBuf {
        self.folder.path().join("scimd.db")
    }

    /// A command of this installation, to be run as a process.
    pub fn scimd(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_scimd"));
        command.args(arguments).current_dir(self.folder.path());
        for name in ["SCIMD_LISTEN", "SCIMD_PUBLIC_URL", "SCIMD_PLAIN_HTTP"] {
            command.env_remove(name);
        }
        command.env("SCIMD_DATABASE_URL", &self.url).env("SCIMD_CONFIG", self.configuration()).env("SCIMD_LOG", "info");
        command
    }

    /// The standard output of a command that succeeds.
    pub fn command(&self, arguments: &[&str]) -> String {
        let output = self.scimd(arguments).output().expect("starts");
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    /// The standard output of a command, whether it succeeds or not.
    pub fn output(&self, arguments: &[&str]) -> String {
        String::from_utf8(self.scimd(arguments).output().expect("starts").stdout).expect("UTF-8")
    }

    /// Starts a server that logs at `level`, and waits until it is ready.
    pub fn start(&self, level: &str) -> Process {
        let log = File::options().create(true).append(true).open(self.log()).expect("a log");
        let before = log.metadata().expect("a file").len();
        let child = self
            .scimd(&["serve", "--listen", "127.0.0.1:0", "--log", level])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("starts");
        // From here on it is killed if the test fails.
        let mut process = Process { child, address: ([127, 0, 0, 1], 0).into() };
        let started = Instant::now();
        process.address = loop {
            let ended = process.child.try_wait().expect("its state");
            let new = std::fs::read(self.log()).expect("the log").split_off(usize::try_from(before).expect("small"));
            let log = String::from_utf8_lossy(&new);
            assert!(ended.is_none() && started.elapsed() < PATIENCE, "the server does not start: {log}");
            if let Some(address) = address(&log) {
                break address;
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        process
    }

    /// A client of a server, with the token of the Directory.
    pub fn connect(&self, process: &Process) -> io::Result<Connection> {
        Connection::open(process.address, "/scim/v2", &self.token)
    }

    /// The first column of the only row of a statement. For what a client cannot see.
    pub fn count(&self, sql: &'static str) -> i64 {
        block_on(async {
            match &self.database {
                Some(database) => sqlx::query_scalar(sql).fetch_one(&mut database.connect().await).await,
                None => {
                    let file = sqlx::sqlite::SqliteConnectOptions::new().filename(self.file());
                    let mut connection = sqlx::ConnectOptions::connect(&file).await.expect("opens");
                    sqlx::query_scalar(sql).fetch_one(&mut connection).await
                }
            }
        })
        .expect("counts")
    }

    /// Waits until the database has finished what a killed server had asked it for.
    pub fn wait_for_the_database(&self) {
        if self.database.is_none() {
            return;
        }
        let started = Instant::now();
        let others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
        while self.count(others) > 0 {
            assert!(started.elapsed() < PATIENCE, "sessions of the killed server stay");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// The address in the line of the log that says that the server listens.
fn address(log: &str) -> Option<SocketAddr> {
    let line = log.lines().find(|line| line.contains("\"listening\"") && line.ends_with('}'))?;
    let (_, rest) = line.split_once("\"address\":\"")?;
    rest.split_once('"')?.0.parse().ok()
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(future)
}

/// A running server; killed when dropped.
pub struct Process {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Process {
    /// `kill -9`.
    pub fn kill(mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
    }

    /// Sends SIGTERM.
    pub fn terminate(&self) {
        let sent = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().expect("kill runs");
        assert!(sent.success());
    }

    /// Waits for its end.
    pub fn wait(&mut self) -> ExitStatus {
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("its state") {
                return status;
            }
            assert!(started.elapsed() < 2 * PATIENCE, "the server does not end");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// The most memory that it has held, in MiB.
    pub fn peak_memory_mib(&self) -> u64 {
        let status =
            std::fs::read_to_string(Path::new("/proc").join(self.child.id().to_string()).join("status")).expect("procfs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a line");
        line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") / 1024
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A client with one connection. A request is answered or it is an error; nothing is tried twice.
pub struct Connection {
    /// The socket, for requests that are no HTTP.
    pub stream: BufReader<TcpStream>,
    base: String,
    token: String,
}

/// An answer.
#[derive(Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The status line and the headers, as they came.
    pub head: String,
    /// The body as JSON; null if there is none.
    pub json: Value,
}

impl Reply {
    /// A header; empty if it is not there.
    pub fn header(&self, name: &str) -> &str {
        let mut fields = self.head.lines().skip(1).filter_map(|line| line.split_once(':'));
        fields.find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()).unwrap_or_default()
    }

    /// Whether the server ends the connection with this answer.
    pub fn closes(&self) -> bool {
        self.header("connection").eq_ignore_ascii_case("close")
    }

    /// `id` of the resource.
    #[track_caller]
    pub fn id(&self) -> String {
        self.json["id"].as_str().unwrap_or_else(|| panic!("no id in {:#}", self.json)).to_owned()
    }

    /// Asserts the status, and gives the answer on.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{:#}", self.json);
        self
    }
}

impl Connection {
    /// Connects.
    pub fn open(address: SocketAddr, base: &str, token: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self { stream: BufReader::new(stream), base: base.to_owned(), token: token.to_owned() })
    }

    /// Sends a request and reads the answer.
    pub fn send(&mut self, method: &str, path: &str, body: Option<&Value>) -> io::Result<Reply> {
        let body = body.map(Value::to_string).unwrap_or_default();
        let head = self.head(method, path, &format!("Content-Length: {}", body.len()));
        self.stream.get_mut().write_all(format!("{head}{body}").as_bytes())?;
        self.reply()
    }

    /// The head of a request with one more header field.
    pub fn head(&self, method: &str, path: &str, field: &str) -> String {
        let Self { base, token, .. } = self;
        format!(
            "{method} {base}{path} HTTP/1.1\r\nHost: scim.example.com\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/scim+json\r\n{field}\r\n\r\n"
        )
    }

    /// Reads an answer.
    pub fn reply(&mut self) -> io::Result<Reply> {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if self.stream.read_line(&mut head)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        let invalid = || io::Error::from(io::ErrorKind::InvalidData);
        let status = head.get(9..12).and_then(|status| status.parse().ok()).ok_or_else(invalid)?;
        let mut reply = Reply { status, head, json: Value::Null };
        let mut body = vec![0; reply.header("content-length").parse().unwrap_or(0)];
        self.stream.read_exact(&mut body)?;
        if !body.is_empty() {
            reply.json = serde_json::from_slice(&body).map_err(io::Error::from)?;
        }
        Ok(reply)
    }
}
