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

use dice::{Dice, Seed};
use process::{Connection, Installation, PATIENCE, Process};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};
use worker::Worker;

/// How often the server is killed (R20).
const CYCLES: u64 = 20;
const WORKERS: usize = 5;
/// After how many acknowledged writes of a cycle, at least and at most.
const WRITES: (usize, usize) = (10, 60);

/// How often the database loses its sessions.
const OUTAGES: usize = 40;
/// Within this every request is answered while the database is away (R22 says 5 s), on a machine that does much else.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(10);

/// In the password of each user that has one, and in no log.
const SECRET: &str = "Mellon-speak-friend";

on_both_back_ends_as_a_process! {
    /// Shows R20, R31: five clients write, the server is killed at some moment, and what starts then has all that was
    /// acknowledged, and of each request in doubt all or nothing. The log, at its most talkative, says no secret.
    fn what_was_acknowledged_survives_kill_9(installation: Installation) {
        let seed = Seed::of("CRASH_SEED");
        let mut server = installation.start("trace");
        let everyone = installation.group(&server, "everyone");
        let mut workers: Vec<Worker> = (0..WORKERS)
            .map(|number| {
                let group = installation.group(&server, &format!("group {number}"));
                Worker::new(number, seed.number, group, everyone.clone())
            })
            .collect();
        let mut moments = Dice::new(seed.number);
        for cycle in 0..CYCLES {
            let acknowledged = AtomicUsize::new(0);
            let wanted = WRITES.0 + usize::try_from(moments.below((WRITES.1 - WRITES.0) as u64)).expect("small");
            std::thread::scope(|scope| {
                for worker in &mut workers {
                    let mut connection = installation.connect(&server).expect("accepted");
                    let acknowledged = &acknowledged;
                    scope.spawn(move || while worker.step(&mut connection).is_ok() {
                        acknowledged.fetch_add(1, Relaxed);
                    });
                }
                comes_true(|| acknowledged.load(Relaxed) >= wanted);
                // Anywhere between two answers.
                std::thread::sleep(Duration::from_micros(moments.below(5_000)));
                server.kill();
            });
            assert!(acknowledged.load(Relaxed) >= wanted, "only {acknowledged:?} writes of {wanted} before the kill of cycle {cycle}");
            let doubts = workers.iter().filter(|worker| worker.in_doubt()).count();
            assert_eq!(doubts, WORKERS, "the load had ended before the kill of cycle {cycle}");
            installation.wait_for_the_database();
            server = installation.start("trace");
            let mut connection = installation.connect(&server).expect("accepted");
            for worker in &mut workers {
                worker.settle(&mut connection);
            }
            ledger::check(&mut connection, &workers, &everyone);
            installation.nothing_is_half_there();
        }
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
            let acknowledged = AtomicUsize::new(0);
            let created = std::thread::scope(|scope| {
                let clients: Vec<_> = (0..WORKERS)
                    .map(|number| {
                        let (connection, acknowledged) = (installation.connect(&server).expect("accepted"), &acknowledged);
                        scope.spawn(move || create_until_told_to_go(connection, &format!("s{round}-{number}"), acknowledged))
                    })
                    .collect();
                comes_true(|| acknowledged.load(Relaxed) > 4 * WORKERS);
                server.terminate();
                clients.into_iter().flat_map(|client| client.join().expect("each request is answered")).collect::<Vec<_>>()
            });
            assert_eq!(server.wait().code(), Some(0));
            assert!(created.len() > 4 * WORKERS, "{} creates are no load", created.len());
            assert_eq!(created.len(), acknowledged.into_inner());
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
    let outages = Outages::default();
    let (times, outcomes): (_, Vec<_>) = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..WORKERS)
            .map(|number| {
                let (connection, outages) = (installation.connect(&server).expect("accepted"), &outages);
                scope.spawn(move || outages.create(connection, number))
            })
            .collect();
        let mut times = 0;
        // Some session ends while it works, sooner or later.
        while (times < OUTAGES || outages.refused.load(Relaxed) == 0) && times < 50 * OUTAGES {
            // Between two times something succeeds, however slow the machine is.
            let wanted = outages.acknowledged.load(Relaxed) + WORKERS;
            if !comes_true(|| outages.acknowledged.load(Relaxed) >= wanted) {
                break;
            }
            installation.count(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
                 WHERE datname = current_database() AND pid <> pg_backend_pid()",
            );
            times += 1;
        }
        outages.over.store(true, Relaxed);
        (times, clients.into_iter().map(|client| client.join().expect("no other answer")).collect())
    });
    let mut connection = installation.connect(&server).expect("accepted");
    // One dead session may be met by a request that cannot know it.
    let first = connection.send("GET", "/Users?count=1", None).expect("answered");
    assert!([200, 503].contains(&first.status), "{}: {:#}", first.status, first.json);
    for number in 0..100 {
        connection.send("POST", "/Users", Some(&user(&format!("clean{number}")))).expect("answered").expect(201);
    }
    assert!(times >= OUTAGES, "after outage {times} no write succeeds");
    assert!(outages.refused.load(Relaxed) > 0, "no request met an ended session");
    for (created, refused) in outcomes {
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

/// Creates users on one connection until the server says that it closes it, and counts them; the ids of all.
fn create_until_told_to_go(mut connection: Connection, prefix: &str, acknowledged: &AtomicUsize) -> Vec<String> {
    let mut created = Vec::new();
    loop {
        let name = format!("{prefix}-{}", created.len());
        let reply = connection.send("POST", "/Users", Some(&user(&name))).expect("answered").expect(201);
        created.push(reply.id());
        acknowledged.fetch_add(1, Relaxed);
        if reply.closes() {
            return created;
        }
    }
}

/// What clients do while the database loses its sessions.
#[derive(Default)]
struct Outages {
    over: AtomicBool,
    acknowledged: AtomicUsize,
    refused: AtomicUsize,
}

impl Outages {
    /// Creates users on one connection until they are over: the names that were acknowledged, and those that were refused.
    fn create(&self, mut connection: Connection, number: usize) -> (Vec<String>, Vec<String>) {
        let (mut created, mut refused) = (Vec::new(), Vec::new());
        while !self.over.load(Relaxed) {
            let name = format!("o{number}-{}", created.len() + refused.len());
            let began = Instant::now();
            let reply = connection.send("POST", "/Users", Some(&user(&name))).expect("answered");
            assert!(began.elapsed() < ANSWER_TIME_MAX, "{:?}", began.elapsed());
            match reply.status {
                201 => {
                    created.push(name);
                    self.acknowledged.fetch_add(1, Relaxed);
                }
                503 => {
                    assert!(reply.header("retry-after").parse::<u32>().is_ok(), "{}", reply.head);
                    assert_eq!(reply.json["status"], "503");
                    refused.push(name);
                    self.refused.fetch_add(1, Relaxed);
                }
                status => panic!("{status}: {:#}", reply.json),
            }
        }
        (created, refused)
    }
}

/// Waits until `condition` holds; whether it did in time. It does not panic, because clients have to be told to end.
fn comes_true(condition: impl Fn() -> bool) -> bool {
    let started = Instant::now();
    while !condition() {
        if started.elapsed() > PATIENCE {
            return false;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    true
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
