//! Files that are no exports, or no whole ones, or hold what may not come in: refused with the line and the attribute, without
//! a value, and before anything is written.

use crate::app::{App, USER};
use crate::file::{begin, group, members, resource, sealed, user};
use crate::{check_text, import_text, on_both_back_ends};
use scimd::admin::AdminError;
use scimd::admin::transfer::{LINE_BYTES_MAX, LINE_MEMBERS_MAX};
use serde_json::{Value, json};

/// In each value that is wrong, and in no message.
const CANARY: &str = "kanarie";

fn good() -> Vec<String> {
    vec![begin(), user(1, "kanarie-1"), user(2, "kanarie-2"), group(3, "Kanarie"), members(3, &[1, 2])]
}

/// Says why a file is refused, having made sure that nothing came of it.
async fn refused(app: &App, text: &str) -> String {
    let error = import_text(app, "copy", true, text).await.expect_err("it is refused");
    let stands = matches!(error, AdminError::Line { .. } | AdminError::File(_) | AdminError::Target(_) | AdminError::Provider(_));
    assert!(stands, "{error:?}");
    assert!(app.store.directory("copy").await.expect("answers").is_none(), "nothing was begun: {error}");
    let problem = error.to_string();
    assert!(!problem.to_lowercase().contains(CANARY), "{problem}");
    problem
}

/// A good file whose line of this number (from 1) is another.
fn with(line: usize, other: &str) -> String {
    let mut lines = good();
    lines[line - 1] = other.to_owned();
    sealed(&lines)
}

fn user_with(number: u64, attribute: &str, value: Value) -> String {
    let mut line = resource("User", number, json!({ "schemas": [USER], "userName": format!("kanarie-{number}") }));
    line["document"][attribute] = value;
    line.to_string()
}

on_both_back_ends! {
    async fn a_file_made_by_hand_is_taken(app: App) {
        let done = import_text(&app, "copy", true, &sealed(&good())).await.expect("imports");
        assert_eq!((done.created, done.members), (3, 2));
    }

    async fn a_file_that_was_cut_or_changed_is_refused_before_anything_is_written(app: App) {
        let whole = sealed(&good());
        for end in [0, 1, 100, whole.len() / 2, whole.len() - 1] {
            let problem = refused(&app, &whole[..end]).await;
            assert!(problem.contains("it was cut") || problem.contains("line 1"), "{end}: {problem}");
        }
        let lines: Vec<&str> = whole.lines().collect();
        let without_end = lines[..lines.len() - 1].join("\n") + "\n";
        assert!(refused(&app, &without_end).await.contains("it was cut"));
        assert!(refused(&app, &whole.replace("kanarie-2", "kanarie-7")).await.contains("its digest"));
        let without_user = whole.replace(&format!("{}\n", lines[2]), "").replace(&format!(",\"{}\"", crate::file::id(2)), "");
        assert!(refused(&app, &without_user).await.contains("not as many"));
        assert!(refused(&app, &format!("{whole}\n")).await.contains("goes on"));
        assert!(refused(&app, &format!("{whole}{whole}")).await.contains("goes on"));
    }

    async fn lines_that_are_none_are_refused_by_number(app: App) {
        let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
        let too_many: Vec<u64> = (1..=LINE_MEMBERS_MAX as u64 + 1).collect();
        for (line, other, says) in [
            (1, "kanarie", "line 1: it does not read"),
            (1, "{\"scimdExport\":2,\"kanarie\":1}", "line 1: scimdExport"),
            (1, user(1, "x").as_str(), "line 1: the first line"),
            (2, "", "line 2"),
            (2, "\u{0}\u{1}\u{2}", "line 2"),
            (2, "{\"kanarie\":\"kanarie\"}", "line 2: it is no line of an export"),
            (2, deep.as_str(), "objects nest more than 65 deep"),
            (2, begin().as_str(), "line 2: it stands at the wrong place"),
            (3, "{\"resourceType\":{}}", "line 3: it stands at the wrong place"),
            (3, user(1, "kanarie-2").as_str(), "line 3: id: ids rise"),
            (4, user(1, "kanarie-3").as_str(), "line 4: id: ids rise"),
            (5, members(3, &[2, 1]).as_str(), "line 5: members: memberships rise"),
            (5, members(3, &[1, 1]).as_str(), "line 5: members: memberships rise"),
            (5, members(3, &[1, 7]).as_str(), "line 5: members: element 2 is no resource"),
            (5, members(3, &[3]).as_str(), "line 5: members: element 1 is no resource"),
            (5, members(7, &[1]).as_str(), "line 5: group: there is no resource"),
            (5, members(1, &[2]).as_str(), "line 5: group: there is no resource"),
            (5, members(3, &too_many).as_str(), "line 5: members: a line has 1 to 500"),
        ] {
            let problem = refused(&app, &with(line, other)).await;
            assert!(problem.contains(says), "{line} {other:.200}: {problem}");
        }
        let mut lines = good();
        lines.push(user(9, "late"));
        assert!(refused(&app, &sealed(&lines)).await.contains("line 6: resources stand before memberships"));
    }

    async fn a_line_without_an_end_is_not_held_in_memory(app: App) {
        let endless = with(2, &"x".repeat(LINE_BYTES_MAX + 1));
        assert!(refused(&app, &endless).await.contains("line 2: it is longer than 67108864 bytes"));
    }

    async fn what_the_schemas_forbid_is_refused_by_attribute(app: App) {
        let unknown = resource("kanarie", 2, json!({})).to_string();
        let hash = resource("User", 2, json!({ "schemas": [USER], "userName": "kanarie-2" }));
        let with_hash = |text: &str| {
            let mut line = hash.clone();
            line["passwordHash"] = text.into();
            line.to_string()
        };
        for (line, says) in [
            (unknown, "resource: the Directory has no such resource type"),
            (user_with(2, "shoeSize", json!(CANARY)), "shoeSize"),
            (user_with(2, "userName", json!("")), "userName"),
            (user_with(2, "userName", json!(7)), "userName: expected a string"),
            (user_with(2, "active", json!("kanarie")), "active"),
            (user_with(2, "emails", json!([{ "value": { "kanarie": "kanarie" } }])), "emails.value"),
            (user_with(2, "password", json!("kanarie-password")), "password: it is in no document"),
            (user_with(2, "groups", json!([{ "value": CANARY }])), "groups: the server alone writes"),
            (user_with(2, "meta", json!({ "version": CANARY })), "meta: the server alone writes"),
            (user_with(2, "schemas", json!([])), "schemas"),
            (user_with(2, "x509Certificates", json!([{ "value": "kanarie!" }])), "x509Certificates.value"),
            (with_hash(CANARY), "passwordHash"),
            (with_hash("$argon2i$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$c2FsdHNhbHQ"), "passwordHash"),
        ] {
            let problem = refused(&app, &with(3, &line)).await;
            assert!(problem.starts_with("line 3: ") && problem.contains(says), "{line}: {problem}");
        }
        let group_with_members = resource("Group", 3, json!({
            "schemas": [crate::app::GROUP], "displayName": "Kanarie", "members": [{ "value": CANARY }]
        }));
        let problem = refused(&app, &with(4, &group_with_members.to_string())).await;
        assert!(problem.contains("line 4: members"), "{problem}");
    }

    async fn a_unique_value_that_is_there_twice_is_found_before_anything_is_written(app: App) {
        let problem = refused(&app, &with(3, &user(2, "Kanarie-1"))).await;
        assert_eq!(problem, "line 3: userName: line 2 has the same value, which is unique");
    }

    async fn a_file_that_changes_while_it_is_imported_does_not_end_well(app: App) {
        let text = sealed(&good());
        let (target, checked) = check_text(&app, "copy", true, &text).await.expect("fits");
        let other = with(3, &user(2, "kanarie-7"));
        let limits = crate::limits();
        let error = scimd::admin::transfer::import(
            &app.operator(), &target, &checked, &mut other.as_bytes(), &limits, &mut |_| (),
        ).await.expect_err("it is another file");
        assert!(error.to_string().contains("it was changed while it was imported"), "{error}");
        assert_eq!(crate::acts(&app, "import.end").await.len(), 0);
    }

    async fn a_head_that_cannot_be_is_refused(app: App) {
        for (from, to, says) in [
            ("\"provider\":\"generic\"", "\"provider\":\"nobody\"", "there is no provider"),
            ("\"settings\":{}", "\"settings\":{\"kanarie\":true}", "does not know its settings"),
            ("\"status\":\"active\"", "\"status\":\"kanarie\"", "status"),
            ("\"status\":\"active\"", "\"status\":\"deleting\"", "line 1: status: it is active, paused or disabled"),
            ("\"everyDirectoryHas\":[]", "\"everyDirectoryHas\":[\"urn:example:missing\"]", "urn:example:missing"),
        ] {
            let line = begin().replace(from, to);
            assert_ne!(line, begin(), "{from}");
            let problem = refused(&app, &with(1, &line)).await;
            assert!(problem.contains(says), "{to}: {problem}");
        }
    }
}
