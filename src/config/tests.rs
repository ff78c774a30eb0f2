//! What holds for the configuration as a whole.

use super::settings::{DEFAULTS, Settings};
use super::source::{ConfigFile, Override};
use super::*;
use std::path::{Path, PathBuf};

fn file(text: &str) -> Sources {
    Sources { file: Some(ConfigFile { path: PathBuf::from("scimd.toml"), text: Ok(text.to_owned()) }), ..Sources::default() }
}

#[track_caller]
fn check_faults(sources: &Sources, expected: &[&str]) {
    let faults = Config::load(sources).expect_err("faults");
    let shown: Vec<String> = faults.0.iter().map(ToString::to_string).collect();
    assert_eq!(shown, expected);
}

#[test]
fn the_defaults_are_valid() {
    let config = Config::load(&Sources::default()).expect("no faults");
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.database.url.expose(), "sqlite:scimd.db");
    assert_eq!(config.limits.body_bytes_max, 2 * 1024 * 1024);
}

#[test]
fn each_key_of_the_file_is_read_into_a_field() {
    let mut settings = Settings::layer(&Sources::default());
    // Reading a key that is not in the file would panic here.
    Config::read(&mut settings);
    assert_eq!(settings.unread(), Vec::<&str>::new());
}

#[test]
fn each_key_has_a_comment_above_it() {
    let mut previous = "";
    for line in DEFAULTS.lines() {
        if line.contains(" = ") && !line.starts_with('#') {
            assert!(previous.starts_with("# ") && previous.ends_with('.'), "the line before `{line}` is no sentence about it");
        }
        previous = line;
    }
}

#[test]
fn each_environment_variable_is_named_at_its_key() {
    for (variable, key) in source::ENVIRONMENT {
        let name = key.rsplit('.').next().expect("a name");
        let above = DEFAULTS.lines().zip(DEFAULTS.lines().skip(1)).find(|(_, line)| line.starts_with(&format!("{name} = ")));
        assert!(above.is_some_and(|(comment, _)| comment.contains(variable)), "{variable} is not named above {key}");
    }
}

#[test]
fn later_layers_win() {
    let mut sources = file("[server]\nlisten = \"127.0.0.1:1\"\npublic_url = \"https://file.example\"\n[log]\nlevel = \"debug\"");
    sources.environment = vec![
        Override { name: "SCIMD_LISTEN", key: "server.listen", value: "127.0.0.1:2".into() },
        Override { name: "SCIMD_PUBLIC_URL", key: "server.public_url", value: "https://environment.example".into() },
    ];
    sources.flags = vec![Override { name: "--listen", key: "server.listen", value: "127.0.0.1:3".into() }];
    let config = Config::load(&sources).expect("no faults");
    assert_eq!(config.server.listen.port(), 3);
    assert_eq!(config.server.public_url.as_ref().map(PublicUrl::as_str), Some("https://environment.example"));
    assert_eq!(config.log.level, "debug");
}

#[test]
fn a_level_is_a_level_or_that_of_a_module() {
    let accepted = |level: &str| Config::load(&file(&format!("[log]\nlevel = \"{level}\""))).is_ok();
    for level in ["info", "WARN", "off", "info,scimd::store=debug", "scimd=trace"] {
        assert!(accepted(level), "{level}");
    }
    for level in ["", "loud", "verbose", "info,loud", "info,"] {
        assert!(!accepted(level), "{level}");
    }
}

#[test]
fn all_faults_are_reported_together_by_key_and_place() {
    let mut sources = file(
        "[server]\nlisten = 8080\nlisten_port = 1\n[limits]\npage_size_max = 0\npage_size_default = \"many\"\n\
         [discovery]\nrequire_authentication = \"yes\"\n[nothing]\nx = 1",
    );
    sources.environment =
        vec![Override { name: "SCIMD_PUBLIC_URL", key: "server.public_url", value: "https://a.example/?tenant=1".into() }];
    sources.flags = vec![Override { name: "--database-url", key: "database.url", value: "mysql://root:s3cret@db".into() }];
    check_faults(
        &sources,
        &[
            "nothing.x (in scimd.toml): there is no such key; config/default.toml lists all of them",
            "server.listen_port (in scimd.toml): there is no such key; config/default.toml lists all of them",
            "server.listen (in scimd.toml): must be a string",
            "server.public_url (in SCIMD_PUBLIC_URL): must be a URL such as https://scim.example.com: a base URL has no query (RFC 7644 section 1.3)",
            "database.url (in --database-url): must be sqlite:FILE or postgres://USER:PASSWORD@HOST/DATABASE, spaces written as %20",
            "limits.page_size_default (in scimd.toml): must be a whole number from 1 to 10000",
            "limits.page_size_max (in scimd.toml): must be a whole number from 1 to 10000",
            "discovery.require_authentication (in scimd.toml): must be true or false",
        ],
    );
}

#[test]
fn keys_are_also_judged_together() {
    check_faults(
        &file("limits.page_size_max = 50"),
        &["limits.page_size_default (in the defaults): must not exceed limits.page_size_max, 50"],
    );
}

#[test]
fn a_file_that_is_no_toml_is_a_fault_with_its_line_but_not_its_text() {
    let faults = Config::load(&file("[database]\nurl = \"postgres://u:s3cret@db")).expect_err("a fault");
    let shown = faults.to_string();
    assert!(shown.contains("scimd.toml: line 2 is not TOML"), "{shown}");
    assert!(!shown.contains("s3cret"), "{shown}");
}

#[test]
fn a_value_in_place_of_a_section_is_a_fault() {
    check_faults(&file("server = 1"), &["server (in scimd.toml): is a section: write [server] and its keys below"]);
}

#[test]
fn the_public_url_follows_the_listen_address_unless_it_is_set() {
    let config = Config::load(&Sources::default()).expect("no faults");
    let url = |bound: &str| config.server.public_url(bound.parse().expect("an address"));
    assert_eq!(url("127.0.0.1:8080"), "http://127.0.0.1:8080");
    assert_eq!(url("0.0.0.0:80"), "http://localhost:80");
    assert_eq!(url("[::1]:8080"), "http://[::1]:8080");
    let config = Config::load(&file("server.public_url = \"https://scim.example.com/\"")).expect("no faults");
    assert_eq!(config.server.public_url("127.0.0.1:8080".parse().expect("an address")), "https://scim.example.com");
}

#[test]
fn the_header_of_the_proxies_is_one_of_two() {
    let header = |text: &str| {
        let config = Config::load(&file(&format!("server.client_address_header = {text:?}")));
        config.map(|config| config.server.client_address_header)
    };
    assert_eq!(header("x-forwarded-for"), Ok(ForwardedHeader::XForwardedFor));
    assert_eq!(header("Forwarded"), Ok(ForwardedHeader::Forwarded));
    assert!(header("X-Real-IP").is_err());
}

/// Shows P-7.2-01, P-7.4-02.
#[test]
fn plain_http_beyond_this_machine_is_exposed_unless_a_proxy_is_declared() {
    let exposed = |text: &str| Config::load(&file(text)).expect("no faults").server.is_exposed_without_tls();
    assert!(!exposed(""));
    assert!(!exposed("server.listen = \"[::1]:8080\""));
    assert!(exposed("server.listen = \"0.0.0.0:8080\""));
    assert!(!exposed("[server]\nlisten = \"0.0.0.0:8080\"\ntrusted_proxies = [\"10.0.0.0/8\"]"));
    assert!(!exposed("[server]\nlisten = \"0.0.0.0:8080\"\nplain_http = \"anywhere\""));
    assert!(exposed("[server]\nlisten = \"0.0.0.0:8080\"\nplain_http = \"local\""));
    check_faults(&file("server.plain_http = \"yes\""), &["server.plain_http (in scimd.toml): must be local or anywhere"]);
    assert!(!exposed("server.listen = \"0.0.0.0:8080\"\n[tls]\ncertificate = \"c.pem\"\nkey = \"k.pem\""));
}

#[test]
fn tls_needs_both_files_and_makes_the_public_url_https() {
    assert_eq!(Config::load(&Sources::default()).expect("no faults").server.tls, None);
    let config = Config::load(&file("[tls]\ncertificate = \"c.pem\"\nkey = \"k.pem\"")).expect("no faults");
    let tls = config.server.tls.as_ref().expect("TLS");
    assert_eq!((tls.certificate.as_path(), tls.key.as_path()), (Path::new("c.pem"), Path::new("k.pem")));
    assert_eq!(config.server.public_url("0.0.0.0:8443".parse().expect("an address")), "https://localhost:8443");
    assert_eq!(config.server.public_url("127.0.0.1:8443".parse().expect("an address")), "https://127.0.0.1:8443");
    check_faults(
        &file("tls.key = \"k.pem\""),
        &["tls.certificate (in the defaults): is missing: TLS needs both tls.certificate and tls.key"],
    );
}
