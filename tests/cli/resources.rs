//! Users and groups, and their passwords.

use super::Place;
use serde_json::json;

#[test]
fn users_are_listed_and_found_by_id_and_by_user_name_in_any_case() {
    let place = Place::new();
    place.ok("directory create acme");
    assert_eq!(place.json("user list acme --json"), serde_json::json!([]));
    let alice = place.add_user("Alice");
    let bob = place.add_user("bob");
    let all = place.json("user list acme --json");
    assert_eq!(all[0]["userName"], "Alice");
    assert_eq!(all[1]["id"], bob.to_string());
    for name in ["Alice", "ALICE", &alice.to_string()] {
        let shown = place.json(&format!("user show acme {name} --json"));
        assert_eq!(shown["id"], alice.to_string());
        assert_eq!(shown["meta"]["resourceType"], "User");
    }
    place.fails("user show acme carol", 1, "no user \"carol\"");
    assert!(place.ok("user list acme").lines().nth(1).is_some_and(|line| line.contains("Alice  ")));
}

#[test]
fn stored_control_characters_do_not_reach_the_terminal() {
    let place = Place::new();
    place.ok("directory create acme");
    place.add_user("a\u{1b}[31m\nb\u{9b}");
    for line in ["user list acme", "user list acme --json"] {
        let shown = place.ok(line);
        assert!(!shown.contains('\u{1b}') && !shown.contains('\u{9b}'), "{shown:?}");
        assert!(shown.contains("\\u001b[31m"), "{shown:?}");
    }
    assert_eq!(place.json("user list acme --json")[0]["userName"], "a\u{1b}[31m\nb\u{9b}");
}

#[test]
fn a_password_is_read_from_standard_input_and_stored_as_argon2id() {
    let place = Place::new();
    place.ok("directory create acme");
    let alice = place.add_user("alice");
    let done = place.run_with("user reset-password acme alice", &[], "correct horse\nnot this\n");
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(done.stdout, "");
    let hash = place.password_hash(alice).expect("a hash");
    assert!(hash.starts_with("$argon2id$"));
    assert!(verifies(&hash, "correct horse"));
    assert_eq!(place.json("user show acme alice --json")["meta"]["version"], 2);
    let shown = place.ok("user show acme alice --json") + &place.ok("user show acme alice");
    assert!(!shown.contains("argon2") && !shown.contains("correct horse"));
}

#[test]
fn a_generated_password_stands_alone_on_standard_output() {
    let place = Place::new();
    place.ok("directory create acme");
    let alice = place.add_user("alice");
    let password = place.ok("user reset-password acme alice --generate");
    assert!(verifies(&place.password_hash(alice).expect("a hash"), password.trim_end()));
}

#[test]
fn a_password_that_the_policy_refuses_changes_nothing() {
    let place = Place::new();
    place.ok("directory create acme");
    let alice = place.add_user("alice");
    let long = "x".repeat(5_000);
    for (input, says) in
        [("", "at least 8"), ("short\n", "at least 8"), (long.as_str(), "at most 1024"), ("control\u{1}s\n", "control")]
    {
        let done = place.run_with("user reset-password acme alice", &[], input);
        assert_eq!(done.code, Some(1), "{done:?}");
        assert!(done.stderr.contains(says), "{done:?}");
    }
    assert_eq!(place.password_hash(alice), None);
}

fn verifies(hash: &str, password: &str) -> bool {
    use argon2::{Argon2, PasswordHash, PasswordVerifier as _};
    Argon2::default().verify_password(password.as_bytes(), &PasswordHash::new(hash).expect("PHC form")).is_ok()
}

#[test]
fn users_and_groups_of_operators_are_managed_beside_those_of_a_provider() {
    let place = Place::new();
    place.ok("directory create acme --provider okta");
    let write = |name: &str, text: &str| std::fs::write(place.path().join(name), text).expect("writes");
    write("user.json", r#"{ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "guest" }"#);
    write("edited.json", r#"{ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "guest", "title": "VIP" }"#);
    write("group.json", r#"{ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Visitors" }"#);
    write("wrong.json", r#"{ "schemas": [], "userName": "x" }"#);
    let provisioned = place.add_user("alice").to_string();
    let guest = place.ok("user create acme user.json").trim().to_owned();
    place.fails("user create acme user.json", 1, "another resource already has this userName");
    place.fails("user create acme wrong.json", 1, "schemas");
    place.fails("user create acme missing.json", 1, "missing.json");
    place.ok("user edit acme guest edited.json");
    place.fails("user edit acme alice edited.json", 1, "the provider alone changes it");
    assert_eq!(place.json("user show acme guest --json")["title"], "VIP");

    let manual = place.json("user list acme --source manual --json");
    assert_eq!((manual[0]["id"].as_str(), manual.as_array().map(Vec::len)), (Some(&*guest), Some(1)));
    assert_eq!(place.json("user list acme --source provisioned --json")[0]["id"], provisioned);
    place.ok("user disable acme alice");
    assert_eq!(place.json("user list acme --status held --json")[0]["status"], "held");
    assert!(place.ok("user list acme --status disabled").contains("provisioned"));
    place.ok("user enable acme alice");
    assert_eq!(place.json("user list acme --status active --json").as_array().map(Vec::len), Some(2));

    let group = place.ok("group create acme group.json").trim().to_owned();
    place.ok("group add acme Visitors guest alice");
    place.ok("group remove acme Visitors alice");
    assert_eq!(place.json("group list acme --json")[0]["id"], group);
    place.ok("group delete acme visitors");
    place.fails("group show acme Visitors", 1, "the Directory has no group");

    place.ok("user delete acme alice");
    place.ok("user delete acme guest");
    let deleted = place.json("user deleted acme --json");
    assert_eq!((deleted[0]["id"].as_str(), deleted[0]["barred"].as_str()), (Some(&*provisioned), Some("untilReassigned")));
    assert!(place.ok("user deleted acme").contains("untilReassigned"));
    place.ok(&format!("user purge acme {provisioned}"));
    place.fails(&format!("user purge acme {provisioned}"), 1, "the Directory has no user");
    assert_eq!(place.json("user deleted acme --json"), json!([]));
}
