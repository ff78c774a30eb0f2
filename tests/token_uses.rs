//! From where requests come, and when, from where and how often tokens are used.
#![expect(clippy::panic, reason = "tests fail by panicking")]

#[path = "support/process.rs"]
mod process;

use process::{Installation, PATIENCE, Process};
use serde_json::Value;
use sqlx::{ConnectOptions as _, PgConnection, SqliteConnection};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// Sends `GET /Users` with one more header field.
fn get(installation: &Installation, server: &Process, field: &str) {
    let mut client = installation.connect(server).expect("connects");
    let head = client.head("GET", "/Users", field);
    std::io::Write::write_all(client.stream.get_mut(), head.as_bytes()).expect("sent");
    client.reply().expect("an answer").expect(200);
}

/// The only token of the Directory.
fn token(installation: &Installation) -> Value {
    let listed: Value = serde_json::from_str(&installation.command(&["token", "list", "test", "--json"])).expect("JSON");
    listed[0].clone()
}

/// The addresses in the lines of answered requests, in order.
fn logged(installation: &Installation) -> Vec<String> {
    let log = std::fs::read_to_string(installation.log()).expect("a log");
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines
        .filter(|line| line["message"] == "answered")
        .map(|line| line["client.address"].as_str().unwrap_or_default().to_owned())
        .collect()
}

/// Whoever holds it keeps others from writing uses of tokens.
#[expect(dead_code, reason = "what holds the lock is the open connection")]
enum Lock {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Lock {
    async fn take(installation: &Installation) -> Self {
        match &installation.database {
            Some(database) => {
                let mut connection = database.connect().await;
                let lock = sqlx::raw_sql("BEGIN; LOCK TABLE token_uses IN ACCESS EXCLUSIVE MODE");
                lock.execute(&mut connection).await.expect("locks");
                Self::Postgres(connection)
            }
            None => {
                let file = sqlx::sqlite::SqliteConnectOptions::new().filename(installation.file()).busy_timeout(PATIENCE);
                let mut connection = file.connect().await.expect("opens");
                sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut connection).await.expect("locks");
                Self::Sqlite(connection)
            }
        }
    }
}

on_both_back_ends_as_a_process! {
    fn no_request_waits_for_its_use_to_be_written(installation: Installation) {
        let mut server = installation.start("info");
        let runtime = Runtime::new().expect("a runtime");
        let lock = runtime.block_on(Lock::take(&installation));
        // For longer than the time between two writings, and then for longer than a writing waits for a lock.
        let (started, mut requests) = (Instant::now(), 0);
        while started.elapsed() < Duration::from_secs(12) {
            let asked = Instant::now();
            get(&installation, &server, "X-A: 1");
            assert!(asked.elapsed() < Duration::from_secs(3), "{:?}", asked.elapsed());
            requests += 1;
            std::thread::sleep(Duration::from_millis(10));
        }
        runtime.block_on(async { drop(lock) });
        server.terminate();
        assert!(server.wait().success());
        assert_eq!(token(&installation)["uses"], requests, "and none is lost");
        let log = std::fs::read_to_string(installation.log()).expect("a log");
        assert!(log.contains("uses of tokens could not be written"), "the lock was in the way: {log}");
    }

    fn uses_are_written_while_the_server_runs_and_when_it_ends(installation: Installation) {
        let mut server = installation.start("info");
        get(&installation, &server, "X-A: 1");
        get(&installation, &server, "X-A: 1");
        let started = Instant::now();
        let first = loop {
            let token = token(&installation);
            if token["uses"] == 2 {
                break token;
            }
            assert!(started.elapsed() < PATIENCE, "the uses are not written: {token}");
            std::thread::sleep(Duration::from_millis(50));
        };
        assert_eq!(first["lastAddress"], "127.0.0.1");
        get(&installation, &server, "X-A: 1");
        server.terminate();
        assert!(server.wait().success());
        let last = token(&installation);
        assert_eq!(last["uses"], 3, "{last}");
        assert!(last["lastUsed"].as_str() > first["lastUsed"].as_str(), "{first} {last}");
    }

    fn what_an_untrusted_peer_says_of_its_address_is_not_believed(installation: Installation) {
        let mut server = installation.start("info");
        get(&installation, &server, "X-Forwarded-For: 198.51.100.7");
        get(&installation, &server, "Forwarded: for=198.51.100.7");
        server.terminate();
        assert!(server.wait().success());
        assert_eq!(logged(&installation), ["127.0.0.1", "127.0.0.1"]);
        assert_eq!(token(&installation)["lastAddress"], "127.0.0.1");
    }

    fn what_a_trusted_proxy_says_is(installation: Installation) {
        installation.configure("trusted_proxies = [\"127.0.0.0/8\"]\n");
        let mut server = installation.start("info");
        get(&installation, &server, "Forwarded: for=192.0.2.9");
        get(&installation, &server, "X-Forwarded-For: 203.0.113.9, 198.51.100.7");
        server.terminate();
        assert!(server.wait().success());
        assert_eq!(logged(&installation), ["127.0.0.1", "198.51.100.7"]);
        assert_eq!(token(&installation)["lastAddress"], "198.51.100.7");
    }
}
