//! The commands, as an operator gives them: killed in the middle and given again.

use crate::file::{begin, content, group, members, sealed, user};
use crate::on_both_back_ends_as_a_process;
use crate::process::{Installation, PATIENCE};
use serde_json::Value;
use std::fs::File;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Instant;

const USERS: u64 = 3_000;

/// How often it is tried to kill an export before it is at its end.
const ATTEMPTS_MAX: usize = 20;

/// How often the import is killed.
const KILLS: i64 = 3;

/// A file with [`USERS`] users, all of them members of one group.
fn large() -> String {
    let mut lines = vec![begin()];
    lines.extend((1..=USERS).map(|number| user(number, &format!("user-{number}"))));
    lines.push(group(USERS + 1, "Everybody"));
    let all: Vec<u64> = (1..=USERS).collect();
    lines.extend(all.chunks(500).map(|some| members(USERS + 1, some)));
    sealed(&lines)
}

impl Installation {
    /// Gives a command that fails, and gives what it says.
    fn fails(&self, arguments: &[&str]) -> String {
        let output = self.scimd(arguments).output().expect("starts");
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {output:?}");
        assert!(output.stdout.is_empty(), "{output:?}");
        String::from_utf8(output.stderr).expect("UTF-8")
    }

    /// The text of a file beside the configuration.
    fn text_of(&self, name: &str) -> String {
        std::fs::read_to_string(self.configuration().with_file_name(name)).expect("a file")
    }

    /// Where that file is.
    fn path_of(&self, name: &str) -> PathBuf {
        self.configuration().with_file_name(name)
    }

    /// What a command that succeeds says on standard error.
    fn says(&self, arguments: &[&str]) -> String {
        let output = self.scimd(arguments).output().expect("starts");
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stderr).expect("UTF-8")
    }

    /// Kills an export of `copy` to `out` once so many lines are noted, the first of them among them.
    fn export_until(&self, notes: usize) {
        for _ in 0..ATTEMPTS_MAX {
            let mut child = self
                .scimd(&["export", "copy", "--out", "out"])
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .expect("starts");
            let started = Instant::now();
            let noted = || {
                std::fs::read(self.path_of("out.part.notes"))
                    .map_or(0, |notes| notes.iter().filter(|byte| **byte == b'\n').count())
            };
            while noted() < notes && child.try_wait().expect("its state").is_none() {
                assert!(started.elapsed() < PATIENCE, "nothing is exported");
            }
            // It may have ended meanwhile.
            let _ = child.kill();
            child.wait().expect("it ends");
            self.wait_for_the_database();
            if !self.path_of("out").exists() {
                return;
            }
            std::fs::remove_file(self.path_of("out")).expect("removes");
        }
        panic!("no export is slow enough to be killed");
    }

    fn acts(&self, act: &str) -> usize {
        let all: Value = serde_json::from_str(&self.command(&["audit", "list", "--act", act, "--json"])).expect("JSON");
        all.as_array().expect("a list").len()
    }
}

on_both_back_ends_as_a_process! {
    /// Shows E7: kill -9 in the middle and again: nothing doubled, nothing lost.
    fn an_import_that_is_killed_goes_on(installation: Installation) {
        let file = installation.configuration().with_file_name("file");
        std::fs::write(&file, large()).expect("written");
        let import = ["import", "copy", "file", "--create"];
        for kill in 1..=KILLS {
            let before = installation.count("SELECT count(*) FROM resources");
            let mut child =
                installation.scimd(&import).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("starts");
            let started = Instant::now();
            // The last time, among the memberships or shortly before.
            let wanted = if kill == KILLS { USERS as i64 } else { before + 200 };
            while installation.count("SELECT count(*) FROM resources") < wanted {
                assert!(started.elapsed() < PATIENCE, "nothing is imported");
            }
            child.kill().expect("it runs");
            child.wait().expect("it ends");
            installation.wait_for_the_database();
        }
        let missing = USERS as i64 + 1 - installation.count("SELECT count(*) FROM resources");
        installation.command(&import);
        installation.command(&import);

        let everything = USERS as i64 + 1;
        for (sql, expected) in [
            ("SELECT count(*) FROM resources", everything),
            ("SELECT CAST(sum(resources) AS bigint) FROM counters", everything),
            ("SELECT count(*) FROM events WHERE kind = 'create' AND version = 3", everything),
            ("SELECT count(*) FROM events", everything),
            ("SELECT count(*) FROM members", USERS as i64),
            ("SELECT count(*) FROM attribute_values WHERE attribute = 'userName'", USERS as i64),
        ] {
            assert_eq!(installation.count(sql), expected, "{sql}; {missing} were missing after the last kill");
        }
        installation.command(&["export", "copy", "--out", "again"]);
        assert_eq!(content(&installation.text_of("again")).len(), content(&large()).len());
        assert!(content(&installation.text_of("again")) == content(&large()), "it goes out as it came in");
        let (begun, ended) = (installation.acts("import.begin"), installation.acts("import.end"));
        assert!(begun >= 5 && ended < begun && ended >= 2, "{begun} begun, {ended} ended");
    }

    /// Shows E7: kill -9 in the middle and again, until something changes; the file is what one export would have written.
    fn an_export_that_is_killed_goes_on_unless_something_has_changed(installation: Installation) {
        std::fs::write(installation.path_of("file"), large()).expect("written");
        installation.command(&["import", "copy", "file", "--create"]);
        let export = ["export", "copy", "--out", "out"];
        let begun = || installation.text_of("out.part").lines().next().expect("a line").to_owned();
        let cut = |bytes: u64| {
            let part = File::options().write(true).open(installation.path_of("out.part")).expect("is there");
            let length = part.metadata().expect("a file").len();
            part.set_len(length - bytes).expect("cuts");
        };

        installation.export_until(4);
        let first = begun();
        cut(25);
        let said = installation.says(&export);
        assert!(said.contains("went on after ") && !said.contains("anew"), "{said}");
        let text = installation.text_of("out");
        assert_eq!(text.lines().next(), Some(first.as_str()), "it is of the moment at which it was begun first");
        assert!(content(&text) == content(&large()), "it goes out as it came in");
        for name in ["out.part", "out.part.notes"] {
            assert!(!installation.path_of(name).exists(), "{name} stays");
        }
        installation.command(&["import", "again", "out", "--create"]);

        std::fs::remove_file(installation.path_of("out")).expect("removes");
        installation.export_until(3);
        std::fs::write(installation.path_of("somebody"), r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"somebody"}"#).expect("writes");
        installation.command(&["user", "create", "copy", "somebody"]);
        let said = installation.says(&export);
        assert!(said.contains("out.part is begun anew: resources or memberships of the Directory have changed"), "{said}");
        assert!(installation.text_of("out").contains("somebody"));

        std::fs::remove_file(installation.path_of("out")).expect("removes");
        installation.export_until(3);
        let damaged = installation.text_of("out.part").replacen("user-7\"", "user-8\"", 1);
        std::fs::write(installation.path_of("out.part"), damaged).expect("writes");
        let said = installation.says(&export);
        assert!(said.contains("went on after 0 resources"), "{said}");
        assert!(installation.text_of("out").contains("user-7\""));

        std::fs::remove_file(installation.path_of("out")).expect("removes");
        installation.export_until(3);
        let damaged = installation.text_of("out.part").replacen("\"copy\"", "\"kopy\"", 1);
        std::fs::write(installation.path_of("out.part"), damaged).expect("writes");
        let said = installation.says(&export);
        assert!(said.contains("out.part is begun anew: it or what is noted of it is damaged"), "{said}");
        assert!(installation.text_of("out").contains("\"copy\""));

        // Without notes, as a scimd of before left it.
        std::fs::remove_file(installation.path_of("out")).expect("removes");
        std::fs::write(installation.path_of("out.part"), first).expect("writes");
        assert!(installation.says(&export).contains("begun anew: nothing is noted"));
    }

    fn two_exports_do_not_write_one_file(installation: Installation) {
        std::fs::write(installation.path_of("file"), sealed(&[begin(), user(1, "bjensen")])).expect("written");
        installation.command(&["import", "copy", "file", "--create"]);
        let export = ["export", "copy", "--out", "out"];
        std::fs::write(installation.path_of("out.part"), "somebody is at it").expect("writes");
        let other = File::open(installation.path_of("out.part")).expect("is there");
        other.lock().expect("locks");
        let said = installation.fails(&export);
        assert!(said.contains("another export is writing out.part"), "{said}");
        assert_eq!(installation.text_of("out.part"), "somebody is at it");
        drop(other);
        installation.command(&export);
        assert_eq!(content(&installation.text_of("out")), content(&installation.text_of("file")));
        // Nobody is led to another place.
        #[cfg(unix)]
        {
            std::fs::remove_file(installation.path_of("out")).expect("removes");
            std::os::unix::fs::symlink(installation.path_of("file"), installation.path_of("out.part")).expect("links");
            let before = installation.text_of("file");
            installation.command(&export);
            assert_eq!(installation.text_of("file"), before);
            assert!(!std::fs::symlink_metadata(installation.path_of("out")).expect("is there").is_symlink());
        }
    }

    fn the_commands_say_what_they_do_and_what_is_wrong(installation: Installation) {
        let file = installation.configuration().with_file_name("file");
        std::fs::write(&file, sealed(&[begin(), user(1, "bjensen"), group(2, "Staff"), members(2, &[1])])).expect("written");
        assert!(installation.fails(&["import", "copy", "file"]).contains("there is no Directory \"copy\""));
        let look = installation.scimd(&["import", "copy", "file", "--create", "--check"]).output().expect("starts");
        let said = String::from_utf8(look.stderr).expect("UTF-8");
        assert!(said.contains("1 Group, 1 User, 1 memberships. Nothing was written."), "{said}");
        assert!(installation.fails(&["export", "copy"]).contains("there is no Directory \"copy\""));
        installation.command(&["import", "copy", "file", "--create"]);
        assert_eq!(content(&installation.command(&["export", "copy"])), content(&installation.text_of("file")));

        installation.command(&["export", "copy", "--out", "out"]);
        assert!(installation.fails(&["export", "copy", "--out", "out"]).contains("is there already"));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let metadata = std::fs::metadata(file.with_file_name("out")).expect("is there");
            assert_eq!(metadata.permissions().mode() & 0o777, 0o600, "its owner alone can read it");
        }
        assert!(!file.with_file_name("out.part").exists());
        std::fs::write(&file, "{}\n").expect("written");
        assert!(installation.fails(&["import", "copy", "file"]).contains("line 1: it is no line of an export"));
        assert!(installation.fails(&["import", "copy", "nothing"]).contains("nothing cannot be read"));
        assert!(installation.fails(&["import", "copy", "."]).contains("it is no regular file"));
    }
}
