//! Tokens, clients, and the record of what is done with them.

use super::Place;
use scimd::store::Store as _;
use serde_json::{Value, json};

#[test]
fn a_new_token_stands_alone_on_standard_output() {
    let place = Place::new();
    place.ok("directory create acme");
    let done = place.run("token create acme --name ci --expires-in 365d");
    let token = done.stdout.strip_suffix('\n').expect("a line");
    assert!(scimd::auth::token::well_formed(token), "{done:?}");
    assert!(!done.stderr.contains(token), "the secret is shown once");
    assert!(done.stderr.contains("\"ci\""));
    let (row, directory) =
        place.store(async |store| store.token(&scimd::auth::token::digest(token)).await.expect("answers")).expect("stored");
    assert_eq!((row.name.as_str(), directory.name.as_str()), ("ci", "acme"));
    assert_eq!(row.expires.expect("expires").0 - row.created.0, 365 * 24 * 60 * 60 * 1_000);
}

#[test]
fn tokens_are_listed_without_secrets_and_revoked_by_name_or_id() {
    let place = Place::new();
    place.ok("directory create acme");
    let create = |name: &str| place.ok(&format!("token create acme --name {name}"));
    let mut secrets = vec![create("ci"), create("spare")];
    place.fails("token create acme --name lasting", 1, "2 tokens in use, which is as many as its setting tokensMax allows");
    place.ok("directory edit acme --set tokensMax=4");
    secrets.push(create("lasting"));
    place.fails("token create acme --name ci", 1, "has a token \"ci\" already");
    place.fails("token create acme --expires-in soon", 2, "365d");
    place.fails("token revoke acme nothing", 1, "no live token \"nothing\"");
    place.ok("token revoke acme ci");
    place.fails("token revoke acme ci", 1, "no live token \"ci\"");
    let all = place.json("token list acme --json");
    place.ok(&format!("token revoke acme {}", all[1]["id"]));
    let all = place.json("token list acme --json");
    let states: Vec<(&str, &str)> = all
        .as_array()
        .expect("a list")
        .iter()
        .map(|token| (token["name"].as_str().expect("text"), token["state"].as_str().expect("text")))
        .collect();
    assert_eq!(states, [("ci", "revoked"), ("spare", "revoked"), ("lasting", "active")]);
    let listed = place.ok("token list acme") + &all.to_string();
    assert!(secrets.iter().all(|secret| !listed.contains(secret.trim_end())));
    // The name of a revoked token is free again.
    place.ok("token create acme --name ci");
}

#[test]
fn a_token_expires_when_its_directory_says_at_the_latest() {
    let place = Place::new();
    place.ok("directory create acme --set tokensMax=9");
    place.ok("token create acme --name before");
    let edited = place.run("directory edit acme --set tokenDaysMax=30");
    assert!(
        edited.code == Some(0) && edited.stderr.contains("until they are renewed") && edited.stderr.contains("\"before\""),
        "{edited:?}"
    );
    for days in ["0", "3651"] {
        place.fails(
            &format!("directory edit acme --set tokenDaysMax={days}"),
            1,
            "tokenDaysMax takes a whole number from 1 to 3650",
        );
    }
    let made = place.run("token create acme --name default");
    let expires = place.json("token list acme --json")[1]["expires"].as_str().expect("it ends").to_owned();
    assert!(made.stderr.contains(&format!("expires {expires}")), "{made:?}");
    place.ok("token create acme --name exact --expires-in 30d");
    // A minute more than 30 days.
    place.fails(
        "token create acme --expires-in 43201m",
        1,
        "the setting tokenDaysMax of the Directory allows 30 days from when a secret is made, so this one may expire at 2",
    );
    place.fails("client create acme --expires-in 43201m", 1, "tokenDaysMax");
    let client = place.run("client create acme --name client");
    assert!(client.stderr.contains(", expires 2"), "{client:?}");
    place.fails("token renew acme exact --expires-in 43201m", 1, "raise tokenDaysMax");
    place.fails("token edit acme exact --expires-in 43201m", 1, "tokenDaysMax");
    place.fails("token edit acme exact --never-expires", 1, "tokenDaysMax");
    let beyond = |all: &Value| -> Vec<bool> {
        all.as_array().expect("a list").iter().map(|token| token["beyondTokenDaysMax"].as_bool().expect("a boolean")).collect()
    };
    assert_eq!(beyond(&place.json("token list acme --json")), [true, false, false, false]);
    assert!(place.ok("token list acme").contains("never (beyond tokenDaysMax)"));
    let renewed = place.run("token renew acme before");
    assert!(renewed.code == Some(0) && renewed.stderr.contains(", expires 2"), "{renewed:?}");
    assert_eq!(beyond(&place.json("token list acme --json")), [false; 4]);
}

#[test]
fn a_token_cannot_be_revoked_through_another_directory() {
    let place = Place::new();
    place.ok("directory create acme");
    place.ok("directory create other");
    place.ok("token create acme --name ci");
    let id = place.json("token list acme --json")[0]["id"].to_string();
    place.fails("token revoke other ci", 1, "no live token");
    place.fails(&format!("token revoke other {id}"), 1, "no live token");
    assert_eq!(place.json("token list acme --json")[0]["state"], "active");
}

#[test]
fn a_token_stands_for_a_user_that_there_is() {
    let place = Place::new();
    place.ok("directory create acme");
    let user = place.add_user("bjensen");
    place.fails("token create acme --user nobody", 1, "the Directory has no user \"nobody\"");
    assert!(place.ok("token create acme --user BJENSEN").starts_with("scimd_"));
    assert_eq!(place.json("token list acme --json")[0]["user"], user.to_string());
}

#[test]
fn clients_are_created_listed_and_given_other_keys() {
    let place = Place::new();
    place.ok("directory create acme");
    let made = place.run("client create acme --name okta --scopes User:read");
    let words: Vec<&str> = made.stdout.split_whitespace().collect();
    let (id, secret) = (words[2], words[5]);
    assert!(id.starts_with("scimd-client-1-") && secret.starts_with("scimd_"), "{made:?}");
    assert!(made.stdout.contains("/oauth/token") && made.stderr.contains("shown this once"), "{made:?}");

    let key = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","kid":"k1"}"#;
    std::fs::write(place.path().join("keys.json"), format!(r#"{{"keys":[{key}]}}"#)).expect("writes");
    let signing = place.json("client create acme --name entra --keys keys.json --json");
    assert_eq!(signing["clientSecret"], Value::Null);
    let listed = place.json("client list acme --json");
    assert_eq!((&listed[0]["clientId"], &listed[0]["state"]), (&json!(id), &json!("active")));
    assert_eq!(listed[1]["keys"], json!([{ "kid": "k1", "thumbprint": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k" }]));
    assert!(!listed.to_string().contains("scimd_") && !place.ok("client list acme").contains("scimd_"));

    let other = key.replace("11qY", "22qY").replace("k1", "k2");
    let done = place.run_with("client set-keys acme entra -", &[], &format!(r#"{{"keys":[{other}]}}"#));
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(place.json("client list acme --json")[1]["keys"][0]["kid"], "k2");
    let private = key.replace("kid", r#"d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","kid"#);
    std::fs::write(place.path().join("private.json"), format!(r#"{{"keys":[{private}]}}"#)).expect("writes");
    place.fails("client set-keys acme entra private.json", 1, "private or secret key");
    place.fails("client create acme --keys private.json", 1, "private or secret key");
    place.fails("client create acme --keys nothing.json", 1, "cannot be read");
    place.fails("client set-keys acme okta keys.json", 1, "no client with public keys");
    place.fails("token renew acme entra", 1, "has public keys instead of a secret");
    // What is done with tokens is done with clients too, by their ids as well.
    place.ok(&format!("token deactivate acme {id}"));
    assert_eq!(place.json("client list acme --json")[0]["state"], "inactive");
    assert!(place.ok(&format!("token renew acme {id}")).starts_with("scimd_"));
}

#[test]
fn the_record_is_listed_and_written_out_as_a_whole_or_in_part() {
    let place = Place::new();
    place.ok("directory create acme --provider okta");
    place.ok("directory create other --provider okta");
    place.ok("token create acme --name ci");
    let acts = |lines: &str| -> Vec<String> {
        let act = |line: &str| {
            let entry: Value = serde_json::from_str(line).expect("JSON");
            format!("{} {}", entry["act"].as_str().expect("text"), entry["targetName"].as_str().expect("text"))
        };
        lines.lines().map(act).collect()
    };
    let all = place.ok("audit export");
    assert_eq!(acts(&all), ["directory.create acme", "directory.create other", "token.create ci"]);
    assert_eq!(place.ok("audit export --since 1d --until 2100-01-01T00:00:00Z"), all);
    for (asked, found) in [
        ("--directory acme", 2),
        ("--act token.", 1),
        ("--act token.create --directory other", 0),
        ("--actor nobody", 0),
        ("--since 2100-01-01T00:00:00Z", 0),
        ("--until 1d", 0),
        ("--until 2100-01-01T00:00:00Z --directory other", 1),
    ] {
        assert_eq!(place.ok(&format!("audit export {asked}")).lines().count(), found, "{asked}");
        assert_eq!(place.json(&format!("audit list --json {asked}")).as_array().expect("a list").len(), found, "{asked}");
    }
    let mut before = "0".repeat(64);
    for line in all.lines() {
        let entry: Value = serde_json::from_str(line).expect("JSON");
        assert_eq!(entry["previous"], json!(before), "each has the hash of the one before");
        entry["hash"].as_str().expect("text").clone_into(&mut before);
    }
    place.fails("audit list --directory nobody", 1, "nobody");
    place.fails("audit list --since yesterday", 2, "2030-01-31T00:00:00Z");
}
