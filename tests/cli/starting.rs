//! Tables, the configuration, and the command line itself.

use super::Place;
use std::fs::File;
use std::io::Write as _;
use std::process::Command;

#[test]
fn commands_bring_the_tables_up_to_date_unless_told_not_to() {
    let place = Place::new();
    place.fails("directory list --no-migrate", 1, "not up to date");
    assert!(place.run("migrate").stderr.contains("up to date now"));
    assert!(place.run("migrate").stderr.contains("is up to date."));
    place.ok("directory list --no-migrate");
}

#[test]
fn a_command_says_where_it_makes_a_database() {
    let place = Place::new();
    let says = format!("There is no database at {} yet", place.path().join("scimd.db").display());
    assert!(place.run("directory list").stderr.contains(&says));
    assert!(!place.run("directory list").stderr.contains("no database"));
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
    assert_eq!(exposed.code, Some(1), "{exposed:?}");
    assert!(exposed.stdout.contains("problem  TLS"), "{exposed:?}");
}

/// Shows P-7.2-01, P-7.4-02.
#[test]
fn a_server_without_tls_does_not_start_where_other_machines_reach_it() {
    let place = Place::new();
    let refused = place.run("serve --listen 0.0.0.0:0");
    assert_eq!(refused.code, Some(1), "{refused:?}");
    for says in ["0.0.0.0:0 is reachable from other machines", "tls.certificate", "server.trusted_proxies", "SCIMD_PLAIN_HTTP"] {
        assert!(refused.stderr.contains(says), "{refused:?}");
    }
    assert!(!place.path().join("scimd.db").exists(), "nothing was begun");
    let declared = place.run_with("check --listen 0.0.0.0:0", &[("SCIMD_PLAIN_HTTP", "anywhere")], "");
    assert_eq!(declared.code, Some(0), "{declared:?}");
    assert!(declared.stdout.contains("server.plain_http"), "{declared:?}");
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
fn health_fails_without_a_server() {
    let place = Place::new();
    let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port");
    place.fails(&format!("health --listen {free}"), 1, "does not answer");
}
