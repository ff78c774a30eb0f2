//! What a server has acknowledged outlives it: `kill -9` and SIGTERM under load, and a database that loses its sessions
//! (R20, R22, R31).
#![expect(clippy::panic, reason = "tests fail by panicking")]

#[path = "support/process.rs"]
mod process;

#[path = "support/dice.rs"]
mod dice;
#[path = "support/crash/ledger.rs"]
mod ledger;
#[path = "support/crash/worker.rs"]
mod worker;

use dice::Dice;
use process::{Connection, Installation, Process};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use worker::Worker;

const CYCLES: u64 = 4;
const WORKERS: usize = 5;

/// In the password of each user that has one, and in no log.
const SECRET: &str = "Mellon-speak-friend";

on_both_back_ends_as_a_process! {
    /// Shows R20, R31: five clients write, the server is killed at some moment, and what starts then has all that was
    /// acknowledged, and of each request in doubt all or nothing. The log, at its most talkative, says no secret.
    fn what_was_acknowledged_survives_kill_9(installation: Installation) {
        let server = installation.start("trace");
        let everyone = installation.group(&server, "everyone");
        let mut workers: Vec<Worker> =
            (0..WORKERS).map(|number| Worker::new(number, installation.group(&server, &format!("group {number}")), everyone.clone())).collect();
        let mut server = server;
        let mut moments = Dice::new(std::process::id().into());
        for cycle in 0..CYCLES {
            let moment = Duration::from_millis(300 + moments.below(900));
            std::thread::scope(|scope| {
                for worker in &mut workers {
                    let mut connection = installation.connect(&server).expect("accepted");
                    scope.spawn(move || while worker.step(&mut connection).is_ok() {});
                }
                std::thread::sleep(moment);
                server.kill();
            });
            let doubts = workers.iter().filter(|worker| worker.in_doubt()).count();
            assert!(doubts > 0, "the load had ended before the kill of cycle {cycle} after {moment:?}");
            installation.wait_for_the_database();
            server = installation.start("trace");
            let mut connection = installation.connect(&server).expect("accepted");
            for worker in &mut workers {
                worker.settle(&mut connection);
            }
            ledger::check(&mut connection, &workers, &everyone);
            installation.nothing_is_half_there();
        }
        let acknowledged: usize = workers.iter().map(|worker| worker.acknowledged).sum();
        assert!(acknowledged > 100, "only {acknowledged} writes were acknowledged");
        drop(server);
        let log = std::fs::read_to_string(installation.log()).expect("UTF-8");
        for secret in [installation.token.as_str(), SECRET, "w0-0"] {
            assert!(!log.contains(secret), "the log says {:?}", log.lines().find(|line| line.contains(secret)));
        }
    }

    /// Shows R50: every request that a server has accepted before SIGTERM or while it drains is answered, and then it ends well.
    fn sigterm_under_load_drops_no_request(installation: Installation) {
        for round in 0..3 {
            let mut server = installation.start("info");
            let terminated = Instant::now();
            let created = std::thread::scope(|scope| {
                let clients: Vec<_> = (0..WORKERS)
                    .map(|number| {
                        let connection = installation.connect(&server).expect("accepted");
                        scope.spawn(move || create_until_told_to_go(connection, &format!("s{round}-{number}")))
                    })
                    .collect();
                std::thread::sleep(Duration::from_millis(300));
                server.terminate();
                clients.into_iter().flat_map(|client| client.join().expect("each request is answered")).collect::<Vec<_>>()
            });
            assert_eq!(server.wait().code(), Some(0));
            assert!(terminated.elapsed() < Duration::from_secs(30));
            assert!(created.len() > WORKERS, "{} creates are no load", created.len());
            let server = installation.start("info");
            let mut connection = installation.connect(&server).expect("accepted");
            for id in created {
                connection.send("GET", &format!("/Users/{id}"), None).expect("answered").expect(200);
            }
            installation.nothing_is_half_there();
        }
    }
}

/// Shows R22: while the sessions on the database are ended again and again, every answer is a success or 503 with
/// Retry-After, in time; what was acknowledged is there, and then all is as before.
#[test]
fn a_database_that_loses_its_sessions_costs_503_and_nothing_else() {
    let installation = Installation::on_postgres();
    let server = installation.start("info");
    let going = AtomicBool::new(true);
    let outcomes: Vec<(Vec<String>, Vec<String>)> = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..WORKERS)
            .map(|number| {
                let (connection, going) = (installation.connect(&server).expect("accepted"), &going);
                scope.spawn(move || create_through_outages(connection, number, going))
            })
            .collect();
        let until = Instant::now() + Duration::from_secs(2);
        while Instant::now() < until {
            installation.count(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
                 WHERE datname = current_database() AND pid <> pg_backend_pid()",
            );
            std::thread::sleep(Duration::from_millis(20));
        }
        going.store(false, Ordering::Relaxed);
        clients.into_iter().map(|client| client.join().expect("no other answer")).collect()
    });
    let mut connection = installation.connect(&server).expect("accepted");
    // One dead session may be met by a request that cannot know it.
    let first = connection.send("GET", "/Users?count=1", None).expect("answered");
    assert!([200, 503].contains(&first.status), "{}: {:#}", first.status, first.json);
    for number in 0..100 {
        connection.send("POST", "/Users", Some(&user(&format!("clean{number}")))).expect("answered").expect(201);
    }
    let refused: usize = outcomes.iter().map(|(_, refused)| refused.len()).sum();
    assert!(refused > 0, "no request met an ended session");
    for (created, refused) in outcomes {
        assert!(!created.is_empty());
        for name in created {
            assert_eq!(total(&mut connection, &name), 1, "{name} was acknowledged");
        }
        for name in refused {
            assert!(total(&mut connection, &name) <= 1, "{name}");
        }
    }
    installation.nothing_is_half_there();
    let idle = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'";
    assert_eq!(installation.count(idle), 0);
}

fn user(name: &str) -> Value {
    json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": name })
}

/// How many users a userName has.
fn total(connection: &mut Connection, name: &str) -> u64 {
    let path = format!("/Users?filter=userName%20eq%20%22{name}%22");
    let found = connection.send("GET", &path, None).expect("answered").expect(200);
    found.json["totalResults"].as_u64().expect("a number")
}

/// Creates users on one connection until the server says that it closes it; the ids of all.
fn create_until_told_to_go(mut connection: Connection, prefix: &str) -> Vec<String> {
    let mut created = Vec::new();
    loop {
        let name = format!("{prefix}-{}", created.len());
        let reply = connection.send("POST", "/Users", Some(&user(&name))).expect("answered").expect(201);
        created.push(reply.id());
        if reply.closes() {
            return created;
        }
    }
}

/// Creates users while `going`: the names that were acknowledged, and those that were refused.
fn create_through_outages(mut connection: Connection, number: usize, going: &AtomicBool) -> (Vec<String>, Vec<String>) {
    let (mut created, mut refused) = (Vec::new(), Vec::new());
    for count in 0.. {
        if !going.load(Ordering::Relaxed) {
            break;
        }
        let name = format!("o{number}-{count}");
        let began = Instant::now();
        let reply = connection.send("POST", "/Users", Some(&user(&name))).expect("answered");
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
        match reply.status {
            201 => created.push(name),
            503 => {
                assert!(reply.header("retry-after").parse::<u32>().is_ok(), "{}", reply.head);
                assert_eq!(reply.json["status"], "503");
                refused.push(name);
            }
            status => panic!("{status}: {:#}", reply.json),
        }
    }
    (created, refused)
}

impl Installation {
    /// Creates a group without members, and gives its id.
    fn group(&self, server: &Process, name: &str) -> String {
        let group = json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": name });
        let mut connection = self.connect(server).expect("accepted");
        connection.send("POST", "/Groups", Some(&group)).expect("answered").expect(201).id()
    }

    /// What no client could see: rows that belong to nothing, counters that are off, versions without their event.
    fn nothing_is_half_there(&self) {
        for (what, sql) in [
            (
                "index rows without their resource",
                "SELECT count(*) FROM attribute_values v WHERE NOT EXISTS \
                 (SELECT 1 FROM resources r WHERE r.directory_id = v.directory_id AND r.id = v.resource_id)",
            ),
            (
                "users without their index row",
                "SELECT count(*) FROM resources r WHERE r.resource_type = 'User' AND NOT EXISTS (SELECT 1 FROM attribute_values v \
                 WHERE v.directory_id = r.directory_id AND v.resource_id = r.id AND v.attribute = 'userName')",
            ),
            (
                "types whose counter is off",
                "SELECT count(*) FROM (SELECT directory_id, resource_type, CAST(sum(resources) AS bigint) AS counted FROM counters \
                 GROUP BY directory_id, resource_type) c WHERE c.counted <> (SELECT count(*) FROM resources r \
                 WHERE r.directory_id = c.directory_id AND r.resource_type = c.resource_type)",
            ),
            (
                "versions without their one event",
                "SELECT count(*) FROM resources r WHERE r.version <> (SELECT count(*) FROM events e \
                 WHERE e.directory_id = r.directory_id AND e.resource_id = r.id)",
            ),
            (
                "members that are not there",
                "SELECT count(*) FROM members m WHERE NOT EXISTS \
                 (SELECT 1 FROM resources r WHERE r.directory_id = m.directory_id AND r.id = m.member_id)",
            ),
        ] {
            assert_eq!(self.count(sql), 0, "{what}");
        }
        if self.database.is_none() {
            assert_eq!(self.count("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'"), 0);
        }
    }
}
