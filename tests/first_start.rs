//! The very first start: a server without any preparation can be used by what it prints.

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A running server, killed when dropped.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Server {
    fn start(folder: &Path, listen: &str) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_scimd"));
        command.args(["serve", "--listen", listen]).current_dir(folder);
        for name in ["SCIMD_DATABASE_URL", "SCIMD_LISTEN", "SCIMD_PUBLIC_URL", "SCIMD_PLAIN_HTTP", "SCIMD_LOG", "SCIMD_CONFIG"] {
            command.env_remove(name);
        }
        Self(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts"))
    }

    /// The first line of standard output that `wanted` accepts; none if the output ends before. Then the pipe is closed,
    /// which is no reason for a server to end.
    fn stdout_line(&mut self, wanted: impl Fn(&str) -> bool) -> Option<String> {
        let stdout = self.0.stdout.take().expect("piped");
        BufReader::new(stdout).lines().map_while(Result::ok).find(|line| wanted(line))
    }

    /// Waits for the line of the log that says that the server listens. Then the pipe is closed, which is no reason for a
    /// server to end.
    fn wait_until_listening(&mut self) -> String {
        let stderr = self.0.stderr.take().expect("piped");
        let mut log = String::new();
        let mut lines = BufReader::new(stderr).lines().map_while(Result::ok).inspect(|line| log.push_str(line));
        lines.find(|line| line.contains("\"listening\"")).expect("the server listens");
        log
    }

    fn terminate(&mut self) -> Option<i32> {
        let status = Command::new("kill").args(["-TERM", &self.0.id().to_string()]).status().expect("runs");
        assert!(status.success());
        self.0.wait().expect("ends").code()
    }
}

/// Shows P-6-01.
#[test]
fn the_printed_curl_line_works_and_the_token_is_in_a_file_of_its_owner() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut server = Server::start(folder.path(), "127.0.0.1:0");
    let curl = server.stdout_line(|line| line.contains("curl")).expect("a curl line");

    let file = folder.path().join("scimd-first-token");
    let token = std::fs::read_to_string(&file).expect("the token's file");
    assert!(scimd::auth::token::well_formed(token.trim_end()));
    assert_eq!(std::fs::metadata(&file).expect("there").permissions().mode() & 0o777, 0o600);
    assert!(!curl.contains(token.trim_end()), "standard output may be a log");

    // From another folder, as pasted.
    let line = format!("{curl} -sS -o answer.json -w '%{{http_code}}'");
    let elsewhere = tempfile::tempdir().expect("a folder");
    let output = Command::new("sh").args(["-c", &line]).current_dir(elsewhere.path()).output().expect("runs");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "200", "{output:?}");
    let answer = std::fs::read_to_string(elsewhere.path().join("answer.json")).expect("an answer");
    assert!(answer.contains("\"totalResults\":0"), "{answer}");

    assert!(!server.wait_until_listening().contains(token.trim_end()), "no secret in a log");
    assert_eq!(server.terminate(), Some(0));
}

#[test]
fn a_second_start_says_nothing_and_makes_no_token() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut first = Server::start(folder.path(), "127.0.0.1:0");
    first.wait_until_listening();
    assert_eq!(first.terminate(), Some(0));
    let file = folder.path().join("scimd-first-token");
    std::fs::remove_file(&file).expect("the token's file");

    let mut second = Server::start(folder.path(), "127.0.0.1:0");
    second.wait_until_listening();
    assert_eq!(second.terminate(), Some(0));
    assert_eq!(second.stdout_line(|_| true), None);
    assert!(!file.exists());
}

/// A start that was killed between its two commits leaves the Directory without a token.
#[test]
fn a_first_start_that_was_cut_short_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut create = Command::new(env!("CARGO_BIN_EXE_scimd"));
    let create = create.args(["directory", "create", "default"]).env_remove("SCIMD_DATABASE_URL").current_dir(folder.path());
    assert!(create.status().expect("runs").success());
    let mut server = Server::start(folder.path(), "127.0.0.1:0");
    server.wait_until_listening();
    assert_eq!(server.terminate(), Some(0));
    assert!(folder.path().join("scimd-first-token").exists());
}

/// Shows P-7.4-03: the first token ends too where the profile of the Directory says so.
#[test]
fn the_first_token_says_when_it_ends() {
    let folder = tempfile::tempdir().expect("a folder");
    let scimd = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_scimd"));
        let output = command.args(arguments).env_remove("SCIMD_DATABASE_URL").current_dir(folder.path()).output().expect("runs");
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    scimd(&["directory", "create", "default", "--provider", "strict"]);
    let mut server = Server::start(folder.path(), "127.0.0.1:0");
    let said = server.stdout_line(|line| line.contains("Expires")).expect("it ends");
    server.wait_until_listening();
    assert_eq!(server.terminate(), Some(0));
    let listed: serde_json::Value = serde_json::from_str(&scimd(&["token", "list", "default", "--json"])).expect("JSON");
    let expires = listed[0]["expires"].as_str().expect("it ends");
    assert!(said.contains(expires), "{said} {expires}");
}

#[test]
fn a_server_that_finds_its_port_taken_says_so_and_fails() {
    let folder = tempfile::tempdir().expect("a folder");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let mut server = Server::start(folder.path(), &address);
    assert_eq!(server.0.wait().expect("ends").code(), Some(1));
    let stderr = server.0.stderr.take().expect("piped");
    let said: Vec<String> = BufReader::new(stderr).lines().map_while(Result::ok).collect();
    assert!(said.iter().any(|line| line.contains(&format!("cannot listen on {address}"))), "{said:?}");
}
