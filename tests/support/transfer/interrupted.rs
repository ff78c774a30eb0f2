//! The commands, as an operator gives them: killed in the middle and given again.

use crate::file::{begin, content, group, members, sealed, user};
use crate::on_both_back_ends_as_a_process;
use crate::process::{Installation, PATIENCE};
use serde_json::Value;
use std::process::Stdio;
use std::time::Instant;

const USERS: u64 = 3_000;

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
