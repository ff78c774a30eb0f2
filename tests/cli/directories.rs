//! Directories and what they are shown with.

use super::Place;
use serde_json::{Value, json};

#[test]
fn a_directory_is_created_listed_and_shown_with_its_base_url() {
    let place = Place::new();
    let base = "http://127.0.0.1:8080/directories/acme/scim/v2";
    assert!(place.ok("directory create acme --provider entra").contains(base));
    place.ok("directory create other");
    let all = place.json("directory list --json");
    assert_eq!(all[0]["name"], "acme");
    assert_eq!(all[0]["provider"], "entra");
    assert_eq!(all[0]["baseUrl"], base);
    assert_eq!(all[1]["provider"], "generic");
    let mut shown = place.json("directory show acme --json");
    let quirks = shown.as_object_mut().and_then(|shown| shown.remove("quirks")).expect("the quirks are shown of one");
    assert!(quirks.as_array().is_some_and(|quirks| quirks.iter().any(|quirk| quirk["on"] == true && quirk["from"] == "profile")));
    assert_eq!(shown, all[0]);
    assert_eq!(all[0]["settings"], json!({}), "the profile's");
    place.ok("directory create third --set uniqueExternalId=true --set patchAnswersWithMembers=false");
    let settings = json!({ "uniqueExternalId": true, "patchAnswersWithMembers": false });
    assert_eq!(place.json("directory show third --json")["settings"], settings);
    assert!(place.ok("directory list").lines().nth(1).is_some_and(|line| line.starts_with("acme ")));
}

#[test]
fn the_base_url_follows_the_public_url() {
    let place = Place::new();
    place.ok("directory create acme");
    let shown = place.json("directory show acme --json --public-url https://scim.example.com/");
    assert_eq!(shown["baseUrl"], "https://scim.example.com/directories/acme/scim/v2");
}

#[test]
fn names_and_providers_that_cannot_be_are_refused() {
    let place = Place::new();
    place.fails("directory create Acme", 2, "1 to 63 of a-z");
    place.fails("directory create acme --provider nobody", 2, "entra");
    place.ok("directory create acme");
    place.fails("directory create acme", 1, "there is a Directory \"acme\" already");
    place.fails("directory show nobody", 1, "there is no Directory \"nobody\"");
    place.fails("directory create more --set uniqueExternalId", 2, "KEY=VALUE");
    place.fails("directory create more --set colour=red", 1, "unknown field `colour`");
    place.fails("directory create more --set uniqueExternalId=maybe", 1, "takes true or false");
    place.fails("directory create more --set uniqueExternalId=true --set uniqueExternalId=false", 1, "given twice");
    place.fails("directory show more", 1, "there is no Directory \"more\"");
    place.fails("token create nobody", 1, "there is no Directory \"nobody\"");
}

#[test]
fn quirks_are_shown_with_their_origin_and_set_one_by_one() {
    let place = Place::new();
    place.ok("directory create acme --provider okta --set quirks.empty-patch=true --set quirks.list-of-one=false");
    let shown: Value = serde_json::from_str(&place.ok("directory show acme --json")).expect("JSON");
    let quirk = |name: &str| {
        let all = shown["quirks"].as_array().expect("a list");
        let found = all.iter().find(|quirk| quirk["name"] == name).expect(name);
        (found["on"].as_bool().expect("a boolean"), found["from"].as_str().expect("a word").to_owned())
    };
    assert_eq!(quirk("empty-patch"), (true, "settings".to_owned()));
    assert_eq!(quirk("list-of-one"), (false, "settings".to_owned()));
    assert_eq!(quirk("boolean-strings"), (true, "profile".to_owned()));
    assert_eq!(quirk("strict-formats"), (false, "profile".to_owned()));
    let text = place.ok("directory edit acme --set quirks.list-of-one=");
    assert!(text.contains("list-of-one on,") && text.contains("empty-patch on (set),"), "{text}");
    let refused = place.run("directory edit acme --set quirks.no-such=true");
    assert!(refused.code == Some(1) && refused.stderr.contains("no-such"), "{refused:?}");
    let refused = place.run("directory edit acme --set usersMax=0");
    assert!(refused.code == Some(1) && refused.stderr.contains("usersMax takes a whole number from 1 to"), "{refused:?}");
}

#[test]
fn a_directory_is_deleted_with_a_choice_unless_it_is_protected() {
    let place = Place::new();
    place.ok("directory create acme --provider okta");
    place.ok("token create acme");
    assert_eq!(place.run("directory delete acme").code, Some(2), "what becomes of its users is to be said");
    place.ok("directory edit acme --protected true");
    for users in ["keep", "remove"] {
        let refused = place.run(&format!("directory delete acme --users {users}"));
        assert!(refused.code == Some(1) && refused.stderr.contains("protected"), "{refused:?}");
    }
    place.ok("directory edit acme --protected false");
    place.ok("directory delete acme --users keep");
    let shown: Value = serde_json::from_str(&place.ok("directory show acme --json")).expect("JSON");
    assert_eq!(shown["provider"], "manual");
    assert_eq!(shown["settings"], json!({ "uniqueGroupDisplayName": true }));
    place.ok("directory delete acme --users remove");
    assert_eq!(place.run("directory show acme").code, Some(1));
    place.ok("directory create acme");
}
