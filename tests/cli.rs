//! The command line, as an operator uses it: the real binary on a fresh SQLite file.

#[path = "cli/definitions.rs"]
mod definitions;
#[path = "cli/directories.rs"]
mod directories;
#[path = "cli/resources.rs"]
mod resources;
#[path = "cli/starting.rs"]
mod starting;
#[path = "cli/tokens.rs"]
mod tokens;

use scimd::clock::Timestamp;
use scimd::id::ResourceId;
use scimd::scim::schema::Uniqueness;
use scimd::store::sqlite::{SqliteOptions, SqliteStore};
use scimd::store::{Bounds, Change, Commit, IndexRow, NewResource, Source, Store};
use serde_json::Value;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// A folder of its own, whose `scimd.db` the commands use.
struct Place(TempDir);

/// What a command did.
#[derive(Debug)]
struct Done {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Runs `scimd LINE`, words separated by spaces, with `input` on standard input.
    fn run_with(&self, line: &str, environment: &[(&str, &str)], input: &str) -> Done {
        let mut command = Command::new(env!("CARGO_BIN_EXE_scimd"));
        command.args(line.split_whitespace()).current_dir(self.path());
        for name in ["SCIMD_DATABASE_URL", "SCIMD_LISTEN", "SCIMD_PUBLIC_URL", "SCIMD_PLAIN_HTTP", "SCIMD_LOG", "SCIMD_CONFIG"] {
            command.env_remove(name);
        }
        command.envs(environment.iter().copied());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("starts");
        // A command that reads nothing may be gone already.
        let _ = child.stdin.take().expect("piped").write_all(input.as_bytes());
        let output = child.wait_with_output().expect("ends");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Done { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    fn run(&self, line: &str) -> Done {
        self.run_with(line, &[], "")
    }

    /// The standard output of a command that succeeds.
    #[track_caller]
    fn ok(&self, line: &str) -> String {
        let done = self.run(line);
        assert_eq!(done.code, Some(0), "{line}: {done:?}");
        done.stdout
    }

    #[track_caller]
    fn json(&self, line: &str) -> Value {
        serde_json::from_str(&self.ok(line)).expect("JSON")
    }

    /// Asserts how a command fails, and what a person reads.
    #[track_caller]
    fn fails(&self, line: &str, code: i32, says: &str) {
        let done = self.run(line);
        assert_eq!(done.code, Some(code), "{line}: {done:?}");
        assert!(done.stderr.contains(says), "{line}: {done:?}");
        assert_eq!(done.stdout, "", "{line}");
    }

    /// Does something with the store, as a server at the same file would.
    fn store<T>(&self, work: impl AsyncFnOnce(&SqliteStore) -> T) -> T {
        let url = format!("sqlite:{}", self.path().join("scimd.db").display());
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let store = SqliteStore::open(&url, SqliteOptions::default()).await.expect("opens");
            let done = work(&store).await;
            store.close().await;
            done
        })
    }

    fn add_user(&self, user_name: &str) -> ResourceId {
        let id = ResourceId::generate();
        let key = user_name.to_lowercase();
        let user = NewResource {
            grams: Vec::new(),
            id,
            resource_type: "User".to_owned(),
            document: serde_json::json!({
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": user_name, "active": true
            })
            .to_string(),
            keys: serde_json::json!({ "userName": key }).to_string(),
            index: vec![IndexRow { attribute: "userName".to_owned(), value: key, uniqueness: Uniqueness::Server }],
            password_hash: None,
            members: Vec::new(),
            member_types: Vec::new(),
            source: Source::Provisioned,
            match_keys: None,
            once: false,
        };
        self.store(async |store| {
            let directory = store.directory("acme").await.expect("answers").expect("acme is there").id;
            let commit = Commit {
                actor: None,
                now: Timestamp(1_800_000_000_000),
                basis: None,
                bounds: Bounds::default(),
                record: None,
                change: Change::Create(Box::new(user)),
            };
            store.commit(directory, commit).await.expect("creates");
        });
        id
    }

    fn password_hash(&self, user: ResourceId) -> Option<String> {
        self.store(async |store| {
            let directory = store.directory("acme").await.expect("answers").expect("acme is there").id;
            store.password_hash(directory, user).await.expect("answers")
        })
    }
}
