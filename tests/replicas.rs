//! Two servers on one database: what an operator does with a Directory by a third process holds on both within a second.
#![expect(clippy::panic, reason = "tests fail by panicking")]

#[path = "support/process.rs"]
mod process;

use process::{Connection, Installation, PATIENCE, Process};
use serde_json::json;
use std::time::{Duration, Instant};

/// Within this an act of an operator holds everywhere.
const SECOND: Duration = Duration::from_secs(1);

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";

/// The status that both servers answer with, asked once just before, so that they know the Directory as it was, and once a second after
/// the command.
fn after(installation: &Installation, servers: &[Process; 2], arguments: &[&str]) -> [u16; 2] {
    ask(installation, servers);
    installation.command(arguments);
    std::thread::sleep(SECOND);
    ask(installation, servers)
}

fn ask(installation: &Installation, servers: &[Process; 2]) -> [u16; 2] {
    servers.each_ref().map(|server| connect(installation, server).send("GET", "/Users", None).expect("answers").status)
}

fn connect(installation: &Installation, server: &Process) -> Connection {
    installation.connect(server).expect("accepted")
}

on_both_back_ends_as_a_process! {
    /// Shows that pausing, resuming, disabling, settings and deleting hold on every server within a second.
    fn what_an_operator_does_holds_on_every_server(installation: Installation) {
        let servers = [installation.start("info"), installation.start("info")];
        let user = |name: &str| json!({ "schemas": [USER], "userName": name });
        let create = |name: &str| {
            servers.each_ref().map(|server| {
                let name = format!("{name}-{}", server.address.port());
                connect(&installation, server).send("POST", "/Users", Some(&user(&name))).expect("answers").status
            })
        };
        assert_eq!(ask(&installation, &servers), [200, 200]);
        assert_eq!(after(&installation, &servers, &["directory", "pause", "test"]), [503, 503]);
        assert_eq!(after(&installation, &servers, &["directory", "resume", "test"]), [200, 200]);
        assert_eq!(after(&installation, &servers, &["directory", "disable", "test"]), [403, 403]);
        assert_eq!(after(&installation, &servers, &["directory", "resume", "test"]), [200, 200]);

        assert_eq!(create("any"), [201, 201]);
        after(&installation, &servers, &["directory", "edit", "test", "--set", "domains=example.org"]);
        assert_eq!(create("other"), [400, 400]);
        after(&installation, &servers, &["directory", "edit", "test", "--set", "domains=", "--set", "usersMax=3"]);
        assert_eq!(create("third"), [201, 400]);
        after(&installation, &servers, &["directory", "edit", "test", "--set", "usersMax=", "--set", "quirks.boolean-strings=false"]);
        for server in &servers {
            let body = json!({ "schemas": [USER], "userName": "b", "active": "True" });
            connect(&installation, server).send("POST", "/Users", Some(&body)).expect("answers").expect(400);
        }
        let limited = ["directory", "edit", "test", "--set", "requestsPerSecond=1", "--set", "requestsBurst=1"];
        installation.command(&limited);
        std::thread::sleep(SECOND);
        for server in &servers {
            let mut connection = connect(&installation, server);
            let answers = (0..50).map(|_| connection.send("GET", "/Users", None).expect("answers"));
            let refused = answers.into_iter().find(|answer| answer.status != 200).expect("50 in a row are too many").expect(429);
            assert_eq!(refused.header("retry-after"), "1");
        }
        let unlimited = ["directory", "edit", "test", "--set", "requestsPerSecond=", "--set", "requestsBurst="];
        assert_eq!(after(&installation, &servers, &unlimited), [200, 200]);

        assert_eq!(after(&installation, &servers, &["directory", "delete", "test", "--users", "remove"]), [401, 401]);
        assert_eq!(installation.count("SELECT count(*) FROM resources"), 0);
        installation.command(&["directory", "create", "test"]);
        assert_eq!(ask(&installation, &servers), [401, 401], "the name is another Directory's now");
    }

    /// Shows that a Directory can lose its provider on every server within a second.
    fn a_directory_loses_its_provider_on_every_server(installation: Installation) {
        let servers = [installation.start("info"), installation.start("info")];
        assert_eq!(after(&installation, &servers, &["directory", "delete", "test", "--users", "keep"]), [401, 401]);
        assert!(installation.command(&["directory", "show", "test"]).contains("manual"));
    }

    /// Shows that a server that starts finishes a deletion that nobody is at work on.
    fn a_server_that_starts_finishes_a_deletion(installation: Installation) {
        let server = installation.start("info");
        let body = json!({ "schemas": [USER], "userName": "ann" });
        connect(&installation, &server).send("POST", "/Users", Some(&body)).expect("answers").expect(201);
        server.kill();
        installation.wait_for_the_database();
        assert_eq!(installation.count("UPDATE directories SET status = 'deleting', schema_revision = 1 RETURNING schema_revision"), 1);
        let _server = installation.start("info");
        let started = Instant::now();
        while installation.count("SELECT count(*) FROM directories") > 0 {
            assert!(started.elapsed() < PATIENCE, "the Directory does not go");
            std::thread::sleep(Duration::from_millis(20));
        }
        assert_eq!(installation.count("SELECT count(*) FROM resources"), 0);
    }
}
