//! The log of requests, with all that any library of the server says at its most talkative (R31, R32).
//!
//! The one test of this file, because what is logged is a matter of the process: whether a line is of interest to anybody is
//! remembered from the thread that comes to it first, and another test's thread has nobody who listens.

#[path = "support/app.rs"]
mod app;

use app::App;
use std::sync::{Arc, Mutex};

/// A token that is none, but has the form of one.
const WRONG_TOKEN: &str = "Bearer scimd_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxA3SlM0f";

/// What is written to the log.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("not poisoned").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn the_log_has_one_line_a_request_and_nothing_that_the_client_wrote() {
    let app = App::on_sqlite().await;
    let log = Log::default();
    let writer = log.clone();
    tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_ansi(false).with_writer(move || writer.clone()).init();
    let marked = [("x-request-id", "MARKER"), ("user-agent", "MARKER"), ("if-match", "\"MARKER\"")];
    app.send("GET", "/Users/MARKER?filter=MARKER&MARKER=MARKER", &marked, "").await.expect(404);
    app.send("POST", "/MARKER", &marked, "MARKER").await.expect(404);
    app.send("MARKER", "/Users", &marked, "").await.expect(405);
    app.get("//directories/MARKER/scim/v2/Users").await.expect(403);
    app.send("GET", "/Users", &[("authorization", "Bearer MARKER")], "").await.expect(401);
    app.send("GET", "/Users", &[("authorization", WRONG_TOKEN)], "").await.expect(401);
    app.send("GET", "//MARKER%0d%0aMARKER", &[("authorization", "MARKER")], "").await.expect(404);

    let written = String::from_utf8(log.0.lock().expect("not poisoned").clone()).expect("UTF-8");
    assert!(!written.contains("MARKER") && !written.contains("scimd_"), "{written}");
    let lines: Vec<&str> = written.lines().filter(|line| line.contains(" scimd::")).collect();
    assert_eq!(lines.len(), 7, "{written}");
    for part in [
        "http.method=\"GET\"",
        "http.route=\"/{type}/{id}\"",
        "resource.type=\"User\"",
        "http.status=404",
        "directory.id=1",
        "token.id=1",
    ] {
        assert!(lines[0].contains(part), "{part} is not in {}", lines[0]);
    }
    assert!(lines[4].contains("denied=\"unknown\""), "{written}");
}
