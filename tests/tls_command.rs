//! TLS as an operator has it: the doctor looks at the files, the server listens with them, the probe speaks it.
#![expect(clippy::panic, reason = "tests fail by panicking")]

#[path = "support/process.rs"]
mod process;

use process::Installation;
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use serde_json::Value;
use std::path::Path;

/// Writes a certificate that is good until the first day of a year, and a key; its own, or another.
fn write(folder: &Path, until: i32, is_own: bool) {
    let key = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
    params.not_after = date_time_ymd(until, 1, 1);
    let certificate = params.self_signed(&key).expect("signs");
    std::fs::write(folder.join("certificate.pem"), certificate.pem()).expect("written");
    let key = if is_own { key } else { KeyPair::generate().expect("a key") };
    std::fs::write(folder.join("key.pem"), key.serialize_pem()).expect("written");
}

/// An installation whose server has the pair in `folder`.
fn installation(folder: &Path) -> Installation {
    let installation = Installation::on_sqlite();
    let path = |name: &str| folder.join(name).display().to_string();
    let (certificate, key) = (path("certificate.pem"), path("key.pem"));
    installation.configure(&format!("[tls]\ncertificate = {certificate:?}\nkey = {key:?}\n"));
    installation
}

/// What the doctor says of TLS: the state, and the words.
fn checked(installation: &Installation) -> (String, String) {
    let report: Value =
        serde_json::from_str(&installation.output(&["check", "--json", "--listen", "127.0.0.1:0"])).expect("JSON");
    let finding = report.as_array().expect("findings").iter().find(|finding| finding["subject"] == "TLS").expect("one");
    let text = |name: &str| finding[name].as_str().expect("text").to_owned();
    (text("state"), text("says"))
}

#[test]
fn the_doctor_looks_at_the_certificate_and_its_key() {
    let folder = tempfile::tempdir().expect("a folder");
    let installation = installation(folder.path());
    let check = |state: &str, part: &str| {
        let (found, says) = checked(&installation);
        assert_eq!(found, state, "{says}");
        assert!(says.contains(part), "{says}");
    };
    check("problem", "certificate.pem cannot be read");
    write(folder.path(), 2020, true);
    check("problem", "has expired, at 2020-01-01T00:00:00.000Z");
    write(folder.path(), 4000, false);
    check("problem", "not that of the certificate");
    write(folder.path(), 4000, true);
    check("ok", "good until 4000-01-01T00:00:00.000Z");
}

#[test]
fn a_server_with_a_certificate_is_healthy_over_tls_and_its_url_is_https() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), 4000, true);
    let installation = installation(folder.path());
    let mut server = installation.start("info");
    installation.command(&["health", "--listen", &server.address.to_string()]);
    let (state, says) = checked(&installation);
    assert_eq!(state, "ok", "{says}");
    server.terminate();
    assert!(server.wait().success());
    let log = std::fs::read_to_string(installation.log()).expect("a log");
    assert!(log.contains(&format!("\"public_url\":\"https://{}\"", server.address)), "{log}");
}
