//! The command line, as an operator uses it: the real binary on a fresh SQLite file.

use scimd::clock::Timestamp;
use scimd::id::ResourceId;
use scimd::store::sqlite::{SqliteOptions, SqliteStore};
use scimd::store::{Bounds, Change, Commit, IndexRow, NewResource, Source, Store};
use serde_json::{Value, json};
use std::fs::File;
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
        for name in ["SCIMD_DATABASE_URL", "SCIMD_LISTEN", "SCIMD_PUBLIC_URL", "SCIMD_LOG", "SCIMD_CONFIG"] {
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
            index: vec![IndexRow { attribute: "userName".to_owned(), value: key, unique: true }],
            password_hash: None,
            members: Vec::new(),
            member_types: Vec::new(),
            source: Source::Provisioned,
            match_keys: None,
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

#[test]
fn a_directory_is_created_listed_and_shown_with_its_base_url() {
    let place = Place::new();
    let base = "http://127.0.0.1:8080/directories/acme/scim/v2";
    assert!(place.ok("directory create acme --provider entra").contains(base));
    place.ok("directory create other");
    let all = place.json("directory list --json");
    assert_eq!(all[0]["name"], "acme");
    assert_eq!(all[0]["provider"], "entra");
    assert_eq!(all[0]["baseUrl"], base);
    assert_eq!(all[1]["provider"], "generic");
    let mut shown = place.json("directory show acme --json");
    let quirks = shown.as_object_mut().and_then(|shown| shown.remove("quirks")).expect("the quirks are shown of one");
    assert!(quirks.as_array().is_some_and(|quirks| quirks.iter().any(|quirk| quirk["on"] == true && quirk["from"] == "profile")));
    assert_eq!(shown, all[0]);
    assert_eq!(all[0]["settings"], json!({}), "the profile's");
    place.ok("directory create third --set uniqueExternalId=true --set patchAnswersWithMembers=false");
    let settings = json!({ "uniqueExternalId": true, "patchAnswersWithMembers": false });
    assert_eq!(place.json("directory show third --json")["settings"], settings);
    assert!(place.ok("directory list").lines().nth(1).is_some_and(|line| line.starts_with("acme ")));
}

#[test]
fn the_base_url_follows_the_public_url() {
    let place = Place::new();
    place.ok("directory create acme");
    let shown = place.json("directory show acme --json --public-url https://scim.example.com/");
    assert_eq!(shown["baseUrl"], "https://scim.example.com/directories/acme/scim/v2");
}

#[test]
fn names_and_providers_that_cannot_be_are_refused() {
    let place = Place::new();
    place.fails("directory create Acme", 2, "1 to 63 of a-z");
    place.fails("directory create acme --provider nobody", 2, "entra");
    place.ok("directory create acme");
    place.fails("directory create acme", 1, "there is a Directory \"acme\" already");
    place.fails("directory show nobody", 1, "there is no Directory \"nobody\"");
    place.fails("directory create more --set uniqueExternalId", 2, "KEY=VALUE");
    place.fails("directory create more --set colour=red", 1, "unknown field `colour`");
    place.fails("directory create more --set uniqueExternalId=maybe", 1, "takes true or false");
    place.fails("directory create more --set uniqueExternalId=true --set uniqueExternalId=false", 1, "given twice");
    place.fails("directory show more", 1, "there is no Directory \"more\"");
    place.fails("token create nobody", 1, "there is no Directory \"nobody\"");
}

#[test]
fn quirks_are_shown_with_their_origin_and_set_one_by_one() {
    let place = Place::new();
    place.ok("directory create acme --provider okta --set quirks.empty-patch=true --set quirks.list-of-one=false");
    let shown: Value = serde_json::from_str(&place.ok("directory show acme --json")).expect("JSON");
    let quirk = |name: &str| {
        let all = shown["quirks"].as_array().expect("a list");
        let found = all.iter().find(|quirk| quirk["name"] == name).expect(name);
        (found["on"].as_bool().expect("a boolean"), found["from"].as_str().expect("a word").to_owned())
    };
    assert_eq!(quirk("empty-patch"), (true, "settings".to_owned()));
    assert_eq!(quirk("list-of-one"), (false, "settings".to_owned()));
    assert_eq!(quirk("boolean-strings"), (true, "profile".to_owned()));
    assert_eq!(quirk("strict-formats"), (false, "profile".to_owned()));
    let text = place.ok("directory edit acme --set quirks.list-of-one=");
    assert!(text.contains("list-of-one on,") && text.contains("empty-patch on (set),"), "{text}");
    let refused = place.run("directory edit acme --set quirks.no-such=true");
    assert!(refused.code == Some(1) && refused.stderr.contains("no-such"), "{refused:?}");
    let refused = place.run("directory edit acme --set usersMax=0");
    assert!(refused.code == Some(1) && refused.stderr.contains("usersMax takes a whole number from 1 to"), "{refused:?}");
}

#[test]
fn a_directory_is_deleted_with_a_choice_unless_it_is_protected() {
    let place = Place::new();
    place.ok("directory create acme --provider okta");
    place.ok("token create acme");
    assert_eq!(place.run("directory delete acme").code, Some(2), "what becomes of its users is to be said");
    place.ok("directory edit acme --protected true");
    for users in ["keep", "remove"] {
        let refused = place.run(&format!("directory delete acme --users {users}"));
        assert!(refused.code == Some(1) && refused.stderr.contains("protected"), "{refused:?}");
    }
    place.ok("directory edit acme --protected false");
    place.ok("directory delete acme --users keep");
    let shown: Value = serde_json::from_str(&place.ok("directory show acme --json")).expect("JSON");
    assert_eq!(shown["provider"], "manual");
    assert_eq!(shown["settings"], json!({ "uniqueGroupDisplayName": true }));
    place.ok("directory delete acme --users remove");
    assert_eq!(place.run("directory show acme").code, Some(1));
    place.ok("directory create acme");
}

#[test]
fn a_new_token_stands_alone_on_standard_output() {
    let place = Place::new();
    place.ok("directory create acme");
    let done = place.run("token create acme --name ci --expires-in 365d");
    let token = done.stdout.strip_suffix('\n').expect("a line");
    assert!(scimd::auth::token::well_formed(token), "{done:?}");
    assert!(!done.stderr.contains(token), "the secret is shown once");
    assert!(done.stderr.contains("\"ci\""));
    let (row, directory) =
        place.store(async |store| store.token(&scimd::auth::token::digest(token)).await.expect("answers")).expect("stored");
    assert_eq!((row.name.as_str(), directory.name.as_str()), ("ci", "acme"));
    // From when it was asked for, which is a moment before it was made.
    let lifetime_ms = row.expires.expect("expires").0 - row.created.0;
    assert!((0..1_000).contains(&(365 * 24 * 60 * 60 * 1_000 - lifetime_ms)), "{lifetime_ms}");
}

#[test]
fn tokens_are_listed_without_secrets_and_revoked_by_name_or_id() {
    let place = Place::new();
    place.ok("directory create acme");
    let create = |name: &str| place.ok(&format!("token create acme --name {name}"));
    let mut secrets = vec![create("ci"), create("spare")];
    place.fails("token create acme --name lasting", 1, "2 tokens in use, which is as many as its setting tokensMax allows");
    place.ok("directory edit acme --set tokensMax=4");
    secrets.push(create("lasting"));
    place.fails("token create acme --name ci", 1, "has a token \"ci\" already");
    place.fails("token create acme --expires-in soon", 2, "365d");
    place.fails("token revoke acme nothing", 1, "no live token \"nothing\"");
    place.ok("token revoke acme ci");
    place.fails("token revoke acme ci", 1, "no live token \"ci\"");
    let all = place.json("token list acme --json");
    place.ok(&format!("token revoke acme {}", all[1]["id"]));
    let all = place.json("token list acme --json");
    let states: Vec<(&str, &str)> = all
        .as_array()
        .expect("a list")
        .iter()
        .map(|token| (token["name"].as_str().expect("text"), token["state"].as_str().expect("text")))
        .collect();
    assert_eq!(states, [("ci", "revoked"), ("spare", "revoked"), ("lasting", "active")]);
    let listed = place.ok("token list acme") + &all.to_string();
    assert!(secrets.iter().all(|secret| !listed.contains(secret.trim_end())));
    // The name of a revoked token is free again.
    place.ok("token create acme --name ci");
}

#[test]
fn a_token_cannot_be_revoked_through_another_directory() {
    let place = Place::new();
    place.ok("directory create acme");
    place.ok("directory create other");
    place.ok("token create acme --name ci");
    let id = place.json("token list acme --json")[0]["id"].to_string();
    place.fails("token revoke other ci", 1, "no live token");
    place.fails(&format!("token revoke other {id}"), 1, "no live token");
    assert_eq!(place.json("token list acme --json")[0]["state"], "active");
}

#[test]
fn the_record_is_listed_and_written_out_as_a_whole_or_in_part() {
    let place = Place::new();
    place.ok("directory create acme --provider okta");
    place.ok("directory create other --provider okta");
    place.ok("token create acme --name ci");
    let acts = |lines: &str| -> Vec<String> {
        let act = |line: &str| {
            let entry: Value = serde_json::from_str(line).expect("JSON");
            format!("{} {}", entry["act"].as_str().expect("text"), entry["targetName"].as_str().expect("text"))
        };
        lines.lines().map(act).collect()
    };
    let all = place.ok("audit export");
    assert_eq!(acts(&all), ["directory.create acme", "directory.create other", "token.create ci"]);
    assert_eq!(place.ok("audit export --since 1d --until 2100-01-01T00:00:00Z"), all);
    for (asked, found) in [
        ("--directory acme", 2),
        ("--act token.", 1),
        ("--act token.create --directory other", 0),
        ("--actor nobody", 0),
        ("--since 2100-01-01T00:00:00Z", 0),
        ("--until 1d", 0),
        ("--until 2100-01-01T00:00:00Z --directory other", 1),
    ] {
        assert_eq!(place.ok(&format!("audit export {asked}")).lines().count(), found, "{asked}");
        assert_eq!(place.json(&format!("audit list --json {asked}")).as_array().expect("a list").len(), found, "{asked}");
    }
    let mut before = "0".repeat(64);
    for line in all.lines() {
        let entry: Value = serde_json::from_str(line).expect("JSON");
        assert_eq!(entry["previous"], json!(before), "each has the hash of the one before");
        entry["hash"].as_str().expect("text").clone_into(&mut before);
    }
    place.fails("audit list --directory nobody", 1, "nobody");
    place.fails("audit list --since yesterday", 2, "2030-01-31T00:00:00Z");
}

#[test]
fn users_are_listed_and_found_by_id_and_by_user_name_in_any_case() {
    let place = Place::new();
    place.ok("directory create acme");
    assert_eq!(place.json("user list acme --json"), serde_json::json!([]));
    let alice = place.add_user("Alice");
    let bob = place.add_user("bob");
    let all = place.json("user list acme --json");
    assert_eq!(all[0]["userName"], "Alice");
    assert_eq!(all[1]["id"], bob.to_string());
    for name in ["Alice", "ALICE", &alice.to_string()] {
        let shown = place.json(&format!("user show acme {name} --json"));
        assert_eq!(shown["id"], alice.to_string());
        assert_eq!(shown["meta"]["resourceType"], "User");
    }
    place.fails("user show acme carol", 1, "no user \"carol\"");
    assert!(place.ok("user list acme").lines().nth(1).is_some_and(|line| line.contains("Alice  ")));
}

#[test]
fn stored_control_characters_do_not_reach_the_terminal() {
    let place = Place::new();
    place.ok("directory create acme");
    place.add_user("a\u{1b}[31m\nb\u{9b}");
    for line in ["user list acme", "user list acme --json"] {
        let shown = place.ok(line);
        assert!(!shown.contains('\u{1b}') && !shown.contains('\u{9b}'), "{shown:?}");
        assert!(shown.contains("\\u001b[31m"), "{shown:?}");
    }
    assert_eq!(place.json("user list acme --json")[0]["userName"], "a\u{1b}[31m\nb\u{9b}");
}

#[test]
fn a_password_is_read_from_standard_input_and_stored_as_argon2id() {
    let place = Place::new();
    place.ok("directory create acme");
    let alice = place.add_user("alice");
    let done = place.run_with("user reset-password acme alice", &[], "correct horse\nnot this\n");
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(done.stdout, "");
    let hash = place.password_hash(alice).expect("a hash");
    assert!(hash.starts_with("$argon2id$"));
    assert!(verifies(&hash, "correct horse"));
    assert_eq!(place.json("user show acme alice --json")["meta"]["version"], 2);
    let shown = place.ok("user show acme alice --json") + &place.ok("user show acme alice");
    assert!(!shown.contains("argon2") && !shown.contains("correct horse"));
}

#[test]
fn a_generated_password_stands_alone_on_standard_output() {
    let place = Place::new();
    place.ok("directory create acme");
    let alice = place.add_user("alice");
    let password = place.ok("user reset-password acme alice --generate");
    assert!(verifies(&place.password_hash(alice).expect("a hash"), password.trim_end()));
}

#[test]
fn a_password_that_the_policy_refuses_changes_nothing() {
    let place = Place::new();
    place.ok("directory create acme");
    let alice = place.add_user("alice");
    let long = "x".repeat(5_000);
    for (input, says) in
        [("", "at least 8"), ("short\n", "at least 8"), (long.as_str(), "at most 1024"), ("control\u{1}s\n", "control")]
    {
        let done = place.run_with("user reset-password acme alice", &[], input);
        assert_eq!(done.code, Some(1), "{done:?}");
        assert!(done.stderr.contains(says), "{done:?}");
    }
    assert_eq!(place.password_hash(alice), None);
}

#[test]
fn commands_bring_the_tables_up_to_date_unless_told_not_to() {
    let place = Place::new();
    place.fails("directory list --no-migrate", 1, "not up to date");
    assert!(place.run("migrate").stderr.contains("up to date now"));
    assert!(place.run("migrate").stderr.contains("is up to date."));
    place.ok("directory list --no-migrate");
}

#[test]
fn check_changes_nothing_and_fails_on_a_problem_only() {
    let place = Place::new();
    let free = "--listen 127.0.0.1:0";
    assert!(place.ok(&format!("check {free}")).contains("is not there yet"));
    assert!(!place.path().join("scimd.db").exists());
    place.ok("migrate");
    let all = place.json(&format!("check --json {free}"));
    assert!(all.as_array().expect("a list").iter().all(|finding| finding["state"] == "ok"), "{all}");
    let exposed = place.run("check --listen 0.0.0.0:0");
    assert_eq!(exposed.code, Some(0), "{exposed:?}");
    assert!(exposed.stdout.contains("warning  TLS"), "{exposed:?}");
}

#[test]
fn check_says_what_is_wrong_and_how_to_mend_it() {
    let place = Place::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address");
    // It accepts and hangs up at once, as no SCIM server would.
    std::thread::spawn(move || taken.incoming().for_each(drop));
    File::create(place.path().join("no.db")).and_then(|mut file| file.write_all(&[b'x'; 4_096])).expect("written");
    for (line, says) in [
        (format!("check --listen {address}"), "another program listens"),
        ("check --listen 127.0.0.1:0 --database-url sqlite:nowhere/scimd.db".to_owned(), "there is no folder nowhere"),
        ("check --listen 127.0.0.1:0 --database-url sqlite:no.db".to_owned(), "problem  database"),
        ("check --listen nowhere --database-url mysql:x".to_owned(), "server.listen (in --listen)"),
        ("check --listen nowhere --database-url mysql:x".to_owned(), "database.url (in --database-url)"),
    ] {
        let done = place.run(&line);
        assert_eq!(done.code, Some(1), "{line}: {done:?}");
        assert!(done.stdout.contains(says), "{line}: {done:?}");
    }
}

#[test]
fn all_faults_of_the_configuration_are_reported_before_anything_happens() {
    let place = Place::new();
    std::fs::write(place.path().join("scimd.toml"), "[server]\nlisten = 1\n[limits]\nnothing = 2\n").expect("written");
    let done = place.run_with(
        "serve --config scimd.toml",
        &[("SCIMD_PUBLIC_URL", "https://x/?y"), ("SCIMD_DATABASE_URL", "oops://u:s3cret@h")],
        "",
    );
    assert_eq!(done.code, Some(1), "{done:?}");
    for says in [
        "server.listen (in scimd.toml)",
        "limits.nothing (in scimd.toml)",
        "server.public_url (in SCIMD_PUBLIC_URL)",
        "database.url (in SCIMD_DATABASE_URL)",
    ] {
        assert!(done.stderr.contains(says), "{done:?}");
    }
    assert!(!done.stderr.contains("s3cret"), "{done:?}");
    assert!(!place.path().join("scimd.db").exists());
}

#[test]
fn a_wrong_command_line_is_status_2_and_a_closed_pipe_is_no_failure() {
    let place = Place::new();
    place.fails("frobnicate", 2, "unrecognized subcommand");
    place.fails("token create", 2, "DIRECTORY");
    place.ok("directory create acme");
    let shell = format!("'{}' directory list | true; exit ${{PIPESTATUS[0]}}", env!("CARGO_BIN_EXE_scimd"));
    let status = Command::new("bash").args(["-c", &shell]).current_dir(place.path()).status().expect("runs");
    assert_eq!(status.code(), Some(0));
}

#[test]
fn a_token_stands_for_a_user_that_there_is() {
    let place = Place::new();
    place.ok("directory create acme");
    let user = place.add_user("bjensen");
    place.fails("token create acme --user nobody", 1, "the Directory has no user \"nobody\"");
    assert!(place.ok("token create acme --user BJENSEN").starts_with("scimd_"));
    assert_eq!(place.json("token list acme --json")[0]["user"], user.to_string());
}

#[test]
fn clients_are_created_listed_and_given_other_keys() {
    let place = Place::new();
    place.ok("directory create acme");
    let made = place.run("client create acme --name okta --scopes User:read");
    let words: Vec<&str> = made.stdout.split_whitespace().collect();
    let (id, secret) = (words[2], words[5]);
    assert!(id.starts_with("scimd-client-1-") && secret.starts_with("scimd_"), "{made:?}");
    assert!(made.stdout.contains("/oauth/token") && made.stderr.contains("shown this once"), "{made:?}");

    let key = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","kid":"k1"}"#;
    std::fs::write(place.path().join("keys.json"), format!(r#"{{"keys":[{key}]}}"#)).expect("writes");
    let signing = place.json("client create acme --name entra --keys keys.json --json");
    assert_eq!(signing["clientSecret"], Value::Null);
    let listed = place.json("client list acme --json");
    assert_eq!((&listed[0]["clientId"], &listed[0]["state"]), (&json!(id), &json!("active")));
    assert_eq!(listed[1]["keys"], json!([{ "kid": "k1", "thumbprint": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k" }]));
    assert!(!listed.to_string().contains("scimd_") && !place.ok("client list acme").contains("scimd_"));

    let other = key.replace("11qY", "22qY").replace("k1", "k2");
    let done = place.run_with("client set-keys acme entra -", &[], &format!(r#"{{"keys":[{other}]}}"#));
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(place.json("client list acme --json")[1]["keys"][0]["kid"], "k2");
    let private = key.replace("kid", r#"d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","kid"#);
    std::fs::write(place.path().join("private.json"), format!(r#"{{"keys":[{private}]}}"#)).expect("writes");
    place.fails("client set-keys acme entra private.json", 1, "private or secret key");
    place.fails("client create acme --keys private.json", 1, "private or secret key");
    place.fails("client create acme --keys nothing.json", 1, "cannot be read");
    place.fails("client set-keys acme okta keys.json", 1, "no client with public keys");
    place.fails("token renew acme entra", 1, "has public keys instead of a secret");
    // What is done with tokens is done with clients too, by their ids as well.
    place.ok(&format!("token deactivate acme {id}"));
    assert_eq!(place.json("client list acme --json")[0]["state"], "inactive");
    assert!(place.ok(&format!("token renew acme {id}")).starts_with("scimd_"));
}

#[test]
fn schemas_and_resource_types_are_added_listed_shown_and_removed() {
    let place = Place::new();
    place.ok("directory create acme");
    let write = |name: &str, text: &str| std::fs::write(place.path().join(name), text).expect("writes");
    write("device.json", r#"{ "id": "urn:example:Device", "attributes": [{ "name": "displayName" }] }"#);
    write("type.json", r#"{ "name": "Device", "schema": "urn:example:Device" }"#);
    write("wrong.json", r#"{ "id": "urn:example:x", "attributes": [{ "name": "1" }, { "name": "y", "type": "date" }] }"#);
    place.fails("resource-type add acme type.json", 1, "Device: schema: there is no schema urn:example:Device");
    place.ok("schema add acme device.json");
    place.fails("schema add acme type.json", 1, "this is a resource type, not a schema");
    place.ok("resource-type add acme type.json");
    let done = place.run("schema add acme wrong.json");
    assert!(done.stderr.contains("attributes.1.name") && done.stderr.contains("attributes.y.type"), "{done:?}");
    assert_eq!(place.json("schema list acme --json")[0]["name"], "urn:example:Device");
    assert!(place.ok("resource-type list acme").contains("/Devices"));
    assert!(place.ok("schema show acme urn:example:device").contains("displayName"));
    place.fails("schema remove acme urn:example:Device", 1, "there is no schema urn:example:Device");
    place.ok("resource-type remove acme Device");
    place.ok("schema remove acme urn:example:Device");
    place.fails("schema remove acme urn:example:Device", 1, "the Directory was given none");
}

#[test]
fn the_examples_of_docs_schemas_work_when_pasted() {
    let place = Place::new();
    place.ok("directory create default");
    let mut lines = include_str!("../docs/schemas.md").lines();
    let mut commands = 0;
    while let Some(line) = lines.next() {
        if let Some(file) = line.strip_prefix("cat > ").and_then(|rest| rest.strip_suffix(" <<'END'")) {
            let text: Vec<&str> = lines.by_ref().take_while(|line| *line != "END").collect();
            std::fs::write(place.path().join(file), text.join("\n")).expect("writes");
        } else if let Some(command) = line.strip_prefix("scimd ") {
            place.ok(command);
            commands += 1;
        }
    }
    assert_eq!(commands, 3);
}

#[test]
fn faults_of_the_schema_folder_are_reported_before_the_port_opens() {
    let place = Place::new();
    std::fs::create_dir(place.path().join("schemas")).expect("a folder");
    std::fs::write(place.path().join("schemas/bad.json"), r#"{ "id": "x", "attributes": [] }"#).expect("writes");
    std::fs::write(place.path().join("scimd.toml"), "[schemas]\nfolder = \"schemas\"\n").expect("writes");
    let done = place.run("serve --config scimd.toml --listen 127.0.0.1:0");
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(done.stderr.contains("bad.json: id") && done.stderr.contains("bad.json: attributes"), "{done:?}");
    assert!(!done.stderr.contains("listening"), "{done:?}");
}

#[test]
fn health_fails_without_a_server() {
    let place = Place::new();
    let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port");
    place.fails(&format!("health --listen {free}"), 1, "does not answer");
}

fn verifies(hash: &str, password: &str) -> bool {
    use argon2::{Argon2, PasswordHash, PasswordVerifier as _};
    Argon2::default().verify_password(password.as_bytes(), &PasswordHash::new(hash).expect("PHC form")).is_ok()
}

#[test]
fn users_and_groups_of_operators_are_managed_beside_those_of_a_provider() {
    let place = Place::new();
    place.ok("directory create acme --provider okta");
    let write = |name: &str, text: &str| std::fs::write(place.path().join(name), text).expect("writes");
    write("user.json", r#"{ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "guest" }"#);
    write("edited.json", r#"{ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "guest", "title": "VIP" }"#);
    write("group.json", r#"{ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Visitors" }"#);
    write("wrong.json", r#"{ "schemas": [], "userName": "x" }"#);
    let provisioned = place.add_user("alice").to_string();
    let guest = place.ok("user create acme user.json").trim().to_owned();
    place.fails("user create acme user.json", 1, "another resource already has this userName");
    place.fails("user create acme wrong.json", 1, "schemas");
    place.fails("user create acme missing.json", 1, "missing.json");
    place.ok("user edit acme guest edited.json");
    place.fails("user edit acme alice edited.json", 1, "the provider alone changes it");
    assert_eq!(place.json("user show acme guest --json")["title"], "VIP");

    let manual = place.json("user list acme --source manual --json");
    assert_eq!((manual[0]["id"].as_str(), manual.as_array().map(Vec::len)), (Some(&*guest), Some(1)));
    assert_eq!(place.json("user list acme --source provisioned --json")[0]["id"], provisioned);
    place.ok("user disable acme alice");
    assert_eq!(place.json("user list acme --status held --json")[0]["status"], "held");
    assert!(place.ok("user list acme --status disabled").contains("provisioned"));
    place.ok("user enable acme alice");
    assert_eq!(place.json("user list acme --status active --json").as_array().map(Vec::len), Some(2));

    let group = place.ok("group create acme group.json").trim().to_owned();
    place.ok("group add acme Visitors guest alice");
    place.ok("group remove acme Visitors alice");
    assert_eq!(place.json("group list acme --json")[0]["id"], group);
    place.ok("group delete acme visitors");
    place.fails("group show acme Visitors", 1, "the Directory has no group");

    place.ok("user delete acme alice");
    place.ok("user delete acme guest");
    let deleted = place.json("user deleted acme --json");
    assert_eq!((deleted[0]["id"].as_str(), deleted[0]["barred"].as_str()), (Some(&*provisioned), Some("untilReassigned")));
    assert!(place.ok("user deleted acme").contains("untilReassigned"));
    place.ok(&format!("user purge acme {provisioned}"));
    place.fails(&format!("user purge acme {provisioned}"), 1, "the Directory has no user");
    assert_eq!(place.json("user deleted acme --json"), json!([]));
}
