//! Directories as a file declares them: by `scimd apply`, and when servers start.
#![expect(clippy::panic, reason = "tests fail by panicking")]

#[path = "support/process.rs"]
mod process;

use process::{Installation, PATIENCE};
use serde_json::{Value, json};
use std::fs::File;
use std::process::{Output, Stdio};
use std::time::Instant;

const BADGE: &str = "urn:example:params:scim:schemas:badge:2.0:User";

/// Two Directories, of which one is there, with a schema for one of them.
const FILE: &str = r#"
[[directory]]
name = "contoso"
display_name = "Contoso"
provider = "entra"
status = "paused"
protected = true
schemas = ["badge.json"]

[directory.settings]
uniqueExternalId = true

[[directory]]
name = "test"
display_name = "Tests"
"#;

impl Installation {
    /// Writes a file beside the configuration.
    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.configuration().with_file_name(name), text).expect("written");
    }

    fn write_all(&self) {
        self.write("directories.toml", FILE);
        let attribute = json!({ "name": "colour", "type": "string", "multiValued": false, "indexed": true });
        let schema = json!({ "id": BADGE, "name": "Badge", "extends": ["User"], "attributes": [attribute] });
        self.write("badge.json", &schema.to_string());
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.scimd(arguments).stdin(Stdio::null()).output().expect("starts")
    }

    fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.command(arguments)).expect("JSON")
    }

    fn acts(&self) -> i64 {
        self.count("SELECT count(*) FROM audit")
    }
}

fn said(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
    (text(&output.stdout), text(&output.stderr))
}

on_both_back_ends_as_a_process! {
    fn a_file_is_applied_after_its_difference_is_shown_and_once_only(installation: Installation) {
        installation.write_all();
        let acts = installation.acts();
        let refused = installation.run(&["apply", "directories.toml"]);
        assert_eq!(refused.status.code(), Some(1), "nobody is there to agree");
        let (difference, _) = said(&refused);
        for line in [
            "+ Directory contoso is created",
            "    displayName: \"Contoso\"",
            "    provider: entra",
            "    status: paused",
            "    protected: true",
            "    settings.uniqueExternalId: true",
            &format!("    schema {BADGE}: that of the file"),
            "~ Directory test is changed",
            "    displayName: none → \"Tests\"",
        ] {
            assert!(difference.lines().any(|said| said == line), "{line} in {difference}");
        }
        assert_eq!(difference.lines().count(), 9, "{difference}");
        assert_eq!(installation.acts(), acts, "nothing was done");

        installation.command(&["directory", "create", "other"]);
        let applied = installation.run(&["apply", "directories.toml", "--yes"]);
        assert!(applied.status.success(), "{applied:?}");
        assert!(said(&applied).1.contains("Left alone, as the file does not name them: other."), "{applied:?}");
        let contoso = installation.json(&["directory", "show", "contoso", "--json"]);
        let expected = json!({
            "name": "contoso", "displayName": "Contoso", "provider": "entra", "status": "paused", "protected": true,
            "settings": { "uniqueExternalId": true }
        });
        for (name, value) in expected.as_object().expect("an object") {
            assert_eq!(&contoso[name], value, "{name}");
        }
        assert_eq!(installation.json(&["schema", "list", "contoso", "--json"])[0]["name"], BADGE);
        assert_eq!(installation.json(&["directory", "show", "test", "--json"])["displayName"], "Tests");

        let acts = installation.acts();
        let again = installation.run(&["apply", "directories.toml"]);
        assert!(again.status.success(), "nothing to agree to: {again:?}");
        assert!(said(&again).1.contains("Nothing to do"), "{again:?}");
        assert_eq!((said(&again).0.as_str(), installation.acts()), ("", acts), "a second time leaves no record");
    }

    fn what_the_file_does_not_say_stays(installation: Installation) {
        installation.command(&["directory", "edit", "test", "--display-name", "Mine", "--set", "tokensMax=7"]);
        installation.command(&["directory", "pause", "test"]);
        installation.write("directories.toml", "[[directory]]\nname = \"test\"\nprotected = true\n");
        installation.command(&["apply", "directories.toml", "--yes"]);
        let test = installation.json(&["directory", "show", "test", "--json"]);
        assert_eq!((&test["displayName"], &test["status"]), (&json!("Mine"), &json!("paused")));
        assert_eq!((&test["protected"], &test["settings"]), (&json!(true), &json!({ "tokensMax": 7 })));
        installation.write("directories.toml", "[[directory]]\nname = \"test\"\nstatus = \"active\"\n[directory.settings]\n");
        let (difference, _) = said(&installation.run(&["apply", "directories.toml", "--yes"]));
        assert!(difference.contains("    settings.tokensMax: 7 → none") && difference.contains("status: paused → active"), "{difference}");
        assert_eq!(installation.json(&["directory", "show", "test", "--json"])["settings"], json!({}));
    }

    fn a_file_with_faults_is_refused_whole_with_all_of_them(installation: Installation) {
        installation.write("bad.json", r#"{"id":"urn:example:params:x","name":"X","extends":["Nothing"],"attributes":[]}"#);
        installation.write("directories.toml", concat!(
            "[[directory]]\nname = \"good\"\n",
            "[[directory]]\nname = \"Bad\"\n",
            "[[directory]]\nname = \"bad\"\nprovider = \"nobody\"\nstatus = \"deleting\"\nschemas = [\"bad.json\"]\n",
            "[directory.settings]\ncolour = \"red\"\n",
            "[[directory]]\nname = \"worse\"\n[directory.settings]\nusersMax = 0\n",
            "[[directory]]\nname = \"lasting\"\n[directory.settings]\ntokenDaysMax = 3651\n",
            "[[directory]]\nname = \"worst\"\n[directory.settings.quirks]\nnone-such = true\n",
        ));
        let acts = installation.acts();
        let refused = installation.run(&["apply", "directories.toml", "--yes"]);
        assert_eq!(refused.status.code(), Some(1));
        let (_, problems) = said(&refused);
        for problem in [
            "Directory \"Bad\": \"Bad\" cannot be the name",
            "Directory \"bad\": provider: there is no provider \"nobody\"",
            "Directory \"bad\": status: it is active, paused or disabled",
            "Directory \"bad\": settings: unknown field `colour`",
            "Directory \"bad\": schemas: ",
            "Directory \"worse\": settings: the setting usersMax takes a whole number from 1 to 100000000",
            "Directory \"lasting\": settings: the setting tokenDaysMax takes a whole number from 1 to 3650",
            "Directory \"worst\": settings: ",
        ] {
            assert!(problems.contains(problem), "{problem} in {problems}");
        }
        assert_eq!(installation.acts(), acts);
        assert_eq!(installation.run(&["directory", "show", "good"]).status.code(), Some(1), "nothing was done");
        installation.write("directories.toml", "[[directory]]\nname = \"x\"\nschemas = [\"nowhere.json\"]\n");
        assert!(said(&installation.run(&["apply", "directories.toml", "--yes"])).1.contains("nowhere.json cannot be read"));
    }

    /// Also one of a schema that comes with the same file.
    fn a_file_may_say_of_attributes_that_there_will_be_that_they_are_sensitive(installation: Installation) {
        installation.write_all();
        let file = |path: &str| {
            let one = |name: &str| {
                format!("[[directory]]\nname = {name:?}\nschemas = [\"badge.json\"]\n[directory.settings]\nsensitive = [{path:?}]\n")
            };
            one("test") + &one("new")
        };
        installation.write("directories.toml", &file("shade"));
        let acts = installation.acts();
        let (_, problems) = said(&installation.run(&["apply", "directories.toml", "--yes"]));
        for name in ["test", "new"] {
            let problem = format!("Directory {name:?}: settings: the setting sensitive names shade, which is an attribute of no resource type");
            assert!(problems.contains(&problem), "{problems}");
        }
        assert_eq!(installation.acts(), acts);
        installation.write("directories.toml", &file("colour"));
        installation.command(&["apply", "directories.toml", "--yes"]);
        for name in ["test", "new"] {
            let shown = installation.json(&["directory", "show", name, "--json"]);
            assert_eq!(shown["settings"], json!({ "sensitive": ["colour"] }));
        }
        // What is gone since is no obstacle to other settings.
        installation.command(&["schema", "remove", "new", BADGE]);
        installation.command(&["directory", "edit", "new", "--set", "tokensMax=3"]);
        let refused = installation.run(&["directory", "edit", "new", "--set", "sensitive=title,colour"]);
        assert!(said(&refused).1.contains("the setting sensitive names colour"), "{refused:?}");
    }

    fn a_start_applies_the_file_of_the_configuration(installation: Installation) {
        installation.write_all();
        installation.configure("[apply]\nfile = \"directories.toml\"\n");
        let server = installation.start("info");
        assert_eq!(installation.json(&["directory", "show", "contoso", "--json"])["status"], "paused");
        let log = std::fs::read_to_string(installation.log()).expect("a log");
        assert!(log.contains("a Directory is as apply.file declares it"), "{log}");
        drop(server);
        let acts = installation.acts();
        drop(installation.start("info"));
        assert_eq!(installation.acts(), acts, "a second start leaves no record");

        installation.write("directories.toml", "[[directory]]\nname = \"test\"\nprovider = \"nobody\"\n");
        let failed = installation.run(&["serve", "--listen", "127.0.0.1:0"]);
        assert_eq!(failed.status.code(), Some(1));
        assert!(said(&failed).1.contains("there is no provider \"nobody\""), "{failed:?}");
    }

    fn servers_that_start_together_do_not_fail_each_other(installation: Installation) {
        installation.write_all();
        installation.configure("[apply]\nfile = \"directories.toml\"\n");
        let mut children: Vec<_> = (0..3)
            .map(|number| {
                let log = installation.configuration().with_file_name(format!("log-{number}"));
                let file = File::create(&log).expect("a log");
                let child = installation
                    .scimd(&["serve", "--listen", "127.0.0.1:0"])
                    .stdin(Stdio::null())
                    .stdout(Stdio::null())
                    .stderr(file)
                    .spawn()
                    .expect("starts");
                (child, log)
            })
            .collect();
        for (child, log) in &mut children {
            let started = Instant::now();
            loop {
                let text = std::fs::read_to_string(&*log).expect("a log");
                if text.contains("\"listening\"") {
                    break;
                }
                let ended = child.try_wait().expect("its state");
                assert!(ended.is_none() && started.elapsed() < PATIENCE, "a server does not start: {text}");
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
        }
        for (child, _) in &mut children {
            child.kill().expect("it runs");
            child.wait().expect("it ends");
        }
        assert_eq!(installation.count("SELECT count(*) FROM directories"), 2);
        assert_eq!(installation.count("SELECT count(*) FROM audit WHERE act = 'directory.create' AND target_name = 'contoso'"), 1);
        assert_eq!(installation.json(&["directory", "show", "contoso", "--json"])["status"], "paused");
        assert_eq!(installation.json(&["schema", "list", "contoso", "--json"])[0]["name"], BADGE);
        installation.command(&["audit", "verify"]);
    }
}
