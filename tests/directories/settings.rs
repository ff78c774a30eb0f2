//! What settings take, and what quirks and domains do.

use crate::app::{GROUP, USER};
use crate::on_both_back_ends;
use scimd::admin::directories::{self, Edit};
use scimd::directory::settings::Settings;
use scimd::scim::quirks::PROFILES;
use serde_json::json;

on_both_back_ends! {
    /// Shows that a quirk is on or off as the Directory says, whatever its profile says.
    async fn a_quirk_can_be_turned_on_and_off(app: App) {
        let settings = |on| Settings { quirks: [("boolean-strings".to_owned(), on)].into(), ..Settings::default() };
        let user = json!({ "schemas": [USER], "userName": "a", "active": "True" });
        for (name, provider, settings, status) in [
            ("strict-as-it-is", "strict", Settings::default(), 400),
            ("strict-with", "strict", settings(true), 201),
            ("entra-as-it-is", "entra", Settings::default(), 201),
            ("entra-without", "entra", settings(false), 400),
        ] {
            let app = app.directory_with(name, provider, &settings).await;
            app.post("/Users", user.clone()).await.expect(status);
        }
        let members = json!({ "schemas": [GROUP], "displayName": "G", "members": ["6f8e2a5c-0000-7000-8000-000000000000"] });
        for (name, on, detail) in [("without", false, "members"), ("with", true, "there is no resource with the id")] {
            let quirks = [("members-as-strings".to_owned(), on)].into();
            let app = app.directory_with(name, "entra", &Settings { quirks, ..Settings::default() }).await;
            let refused = app.post("/Groups", members.clone()).await.expect(400).text("/detail");
            assert!(refused.contains(detail), "{refused}");
            assert_eq!(refused.contains("there is no resource with the id"), on, "{refused}");
        }
    }

    /// Shows that a Directory with a domain list admits users of these domains, by POST, PUT and PATCH, and never says the value.
    async fn user_names_of_other_domains_are_refused(app: App) {
        let settings = Settings::of_json(json!({ "domains": ["example.org", "*.example.com"] })).expect("good");
        let listed = app.directory_with("listed", "generic", &settings).await;
        let user = |name: &str| json!({ "schemas": [USER], "userName": name });
        let id = listed.post("/Users", user("Ann@EXAMPLE.org")).await.expect(201).id();
        listed.post("/Users", user("bob@mail.Example.com")).await.expect(201);
        let rename = |name: &str| json!([{ "op": "replace", "path": "userName", "value": name }]);
        for name in ["ann@evil.org", "ann@mail.example.org", "ann@example.com", "ann", "ann@example.org.evil.org"] {
            let path = format!("/Users/{id}");
            for answer in [
                listed.post("/Users", user(name)).await,
                listed.put(&path, user(name)).await,
                listed.patch(&path, rename(name)).await,
            ] {
                let detail = answer.expect_error(400, "invalidValue").text("/detail");
                assert!(detail.contains("domains") && !detail.contains(name), "{detail}");
            }
        }
        listed.put(&format!("/Users/{id}"), user("anna@example.org")).await.expect(200);
        listed.patch(&format!("/Users/{id}"), rename("ann@a.example.com")).await.expect(200);
        listed.post("/Groups", json!({ "schemas": [GROUP], "displayName": "no domain" })).await.expect(201);
        app.post("/Users", user("ann@evil.org")).await.expect(201);
        app.post("/Users", user("ann")).await.expect(201);
    }

    /// Shows that users who were there before the list can be deactivated, also by a PUT of all they have, but not renamed to another
    /// one's domain.
    async fn users_from_before_the_list_can_be_deactivated(app: App) {
        let app = app.directory("acme", "generic").await;
        let id = app.user("ann@old.org").await;
        let settings = Settings::of_pairs(&[("domains".into(), "example.org, example.com".into()), ("tokensMax".into(), "9".into())]);
        let edit = Edit { settings: Some(settings.expect("good")), ..Edit::default() };
        directories::edit(&app.operator(), &app.row().await, edit).await.expect("changes");
        let app = app.fresh().await;
        let path = format!("/Users/{id}");
        app.patch(&path, json!([{ "op": "replace", "path": "active", "value": false }])).await.expect(200);
        let user = |name: &str| json!({ "schemas": [USER], "userName": name, "active": false });
        app.put(&path, user("ann@old.org")).await.expect(200);
        app.put(&path, user("anna@old.org")).await.expect_error(400, "invalidValue");
        app.put(&path, user("ann@example.com")).await.expect(200);
    }
}

/// Shows that what a setting does not take is refused with its name and what it takes.
#[test]
fn settings_say_what_they_take() {
    for (pair, says) in [
        ("usersMax=0", "the setting usersMax takes a whole number from 1 to 100000000"),
        ("usersMax=100000001", "the setting usersMax takes a whole number from 1 to 100000000"),
        ("groupsMax=-1", "the setting groupsMax takes a whole number from 1 to 100000000"),
        ("membersMax=1.5", "the setting membersMax takes a whole number from 1 to 10000000"),
        ("groupsPerUserMax=many", "the setting groupsPerUserMax takes a whole number from 1 to 10000"),
        ("requestsPerSecond=10001", "the setting requestsPerSecond takes a whole number from 1 to 10000"),
        ("requestsBurst=0", "the setting requestsBurst takes a whole number from 1 to 100000"),
        ("tokensMax=1001", "the setting tokensMax takes a whole number from 1 to 1000"),
        ("tokenDaysMax=0", "the setting tokenDaysMax takes a whole number from 1 to 3650"),
        ("tokenDaysMax=3651", "the setting tokenDaysMax takes a whole number from 1 to 3650"),
        ("uniqueExternalId=yes", "the setting uniqueExternalId takes true or false"),
        ("domains=exa mple", "the setting domains takes a list of 1 to 100 domains"),
        ("domains=[]", "the setting domains takes a list of 1 to 100 domains"),
        ("sensitive=a b", "the setting sensitive takes a list of 1 to 100 attributes such as emails.value"),
        ("sensitive=[]", "the setting sensitive takes a list of 1 to 100 attributes such as emails.value"),
        ("sensitive=7", "the setting sensitive takes a list of 1 to 100 attributes such as emails.value"),
        ("quirks=1", "the setting quirks takes an object of names of quirks, each true or false"),
        ("quirks.list-of-one=2", "the setting quirks takes an object of names of quirks, each true or false"),
        ("quirks.no-such=true", "there is none that is called \"no-such\"; there are old-schema-urns, members-as-strings"),
        ("userMax=1", "unknown field `userMax`, expected one of `uniqueGroupDisplayName`"),
    ] {
        let (key, value) = pair.split_once('=').expect("a pair");
        let refused = Settings::of_pairs(&[(key.to_owned(), value.to_owned())]).expect_err(pair);
        let chain = format!("{refused} {}", std::error::Error::source(&refused).map(ToString::to_string).unwrap_or_default());
        assert!(chain.contains(says), "{pair}: {chain}");
    }
}

/// Shows that a secret ends by itself under the profile that takes the RFC to the letter, and where a Directory says so.
#[test]
fn secrets_end_by_the_profile_or_by_the_setting() {
    let set = |days: &str| Settings::of_pairs(&[("tokenDaysMax".to_owned(), days.to_owned())]).expect("good");
    for profile in &PROFILES {
        let by_profile = (profile.name == "strict").then_some(365);
        assert_eq!(Settings::default().token_days_max(profile), by_profile, "{}", profile.name);
        for (days, text) in [(1, "1"), (3_650, "3650")] {
            assert_eq!(set(text).token_days_max(profile), Some(days), "{}", profile.name);
        }
        assert_eq!(set("").token_days_max(profile), by_profile, "{}", profile.name);
    }
}

/// Shows that settings are taken at their bounds, one by one, and given back to the profile.
#[test]
fn settings_are_given_one_by_one() {
    let pairs =
        |pairs: &[(&str, &str)]| pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect::<Vec<_>>();
    let given = Settings::of_pairs(&pairs(&[
        ("usersMax", "1"),
        ("membersMax", "10000000"),
        ("domains", "Example.org,*.example.com"),
        ("quirks.list-of-one", "true"),
        ("quirks.boolean-strings", "false"),
    ]))
    .expect("good");
    let text = serde_json::to_value(&given).expect("serialises");
    let expected = json!({
        "quirks": { "boolean-strings": false, "list-of-one": true }, "domains": ["example.org", "*.example.com"],
        "usersMax": 1, "membersMax": 10_000_000,
    });
    assert_eq!(text, expected);
    assert_eq!(Settings::of_json(text).expect("good"), given);
    let fewer = given.with_pairs(&pairs(&[("quirks.list-of-one", ""), ("domains", ""), ("usersMax", "")])).expect("good");
    assert_eq!(
        serde_json::to_value(&fewer).expect("serialises"),
        json!({ "quirks": { "boolean-strings": false }, "membersMax": 10_000_000 })
    );
    let none = fewer.with_pairs(&pairs(&[("quirks", ""), ("membersMax", "")])).expect("good");
    assert_eq!(none, Settings::default());
}
