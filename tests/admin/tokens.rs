//! Tokens over the admin API (rows C1 to C5, C9).

use super::app::App;
use super::{Admin, check_problem};
use crate::on_both_back_ends;
use scimd::admin::AdminError;
use scimd::admin::tokens::{self, Edit};
use scimd::clock::{Clock as _, Timestamp};
use scimd::store::operator::Role;
use serde_json::json;

const DAY_MS: i64 = 86_400_000;

/// A moment so many days and seconds from now.
fn later(app: &App, days: i64, seconds: i64) -> String {
    Timestamp(app.clock.now().0 + days * DAY_MS + seconds * 1_000).to_rfc3339()
}

/// Another client of the Directory, with a secret.
fn client(app: &App, secret: &str) -> App {
    app.replica().with_token(secret)
}

on_both_back_ends! {
    /// Row C1.
    async fn a_token_is_shown_once_with_its_base_url(app: App) {
        let operator = Admin::new(&app, Role::Operator).await;
        let new = json!({ "name": "entra", "scopes": ["User:write", "Group:read"] });
        let made = operator.post("/directories/test/tokens", new.clone()).await.expect(201);
        assert_eq!(made.at("/baseUrl"), "https://scim.example.com/directories/test/scim/v2");
        assert_eq!(made.at("/token/scopes"), &json!(["User:write", "Group:read"]));
        let secret = made.text("/secret");
        client(&app, &secret).get("/Users").await.expect(200);
        let again = operator.post("/directories/test/tokens", new).await.expect(200);
        assert_eq!((again.at("/token/id"), again.json.get("secret")), (made.at("/token/id"), None));
        check_problem(operator.post("/directories/test/tokens", json!({ "name": "entra" })).await, 409, "conflict");
        check_problem(operator.post("/directories/test/tokens", json!({ "name": "x", "scopes": ["all"] })).await, 422, "invalid");
        check_problem(operator.post("/directories/test/tokens", json!({ "name": "x", "user": "nobody" })).await, 404, "not-found");
        let listed = operator.all("/directories/test/tokens", 1).await;
        assert_eq!(listed.iter().map(|token| token["name"].clone()).collect::<Vec<_>>(), ["test", "entra"]);
        assert!(!json!(listed).to_string().contains(&secret));
    }

    /// Row C3.
    async fn a_token_is_put_out_of_use_and_back_revoked_and_deleted(app: App) {
        let operator = Admin::new(&app, Role::Operator).await;
        let made = operator.post("/directories/test/tokens", json!({ "name": "okta" })).await.expect(201);
        let secret = made.text("/secret");
        let path = "/directories/test/tokens/okta";
        assert_eq!(operator.act(&format!("{path}/deactivate")).await.expect(200).at("/state"), "inactive");
        client(&app, &secret).get("/Users").await.expect_error(401, "");
        assert_eq!(operator.act(&format!("{path}/activate")).await.expect(200).at("/state"), "active");
        client(&app, &secret).get("/Users").await.expect(200);
        assert_eq!(operator.act(&format!("{path}/revoke")).await.expect(200).at("/state"), "revoked");
        client(&app, &secret).get("/Users").await.expect_error(401, "");
        let by_number = format!("/directories/test/tokens/{}", made.at("/token/id"));
        check_problem(operator.act(&format!("{by_number}/activate")).await, 409, "conflict");
        operator.act(&format!("{by_number}/revoke")).await.expect(200);
        operator.delete(&by_number).await.expect(204);
        check_problem(operator.get(&by_number).await, 404, "not-found");
    }

    /// Row C3: a renewal overlaps.
    async fn the_secret_of_before_is_good_for_the_overlap(app: App) {
        let operator = Admin::new(&app, Role::Operator).await;
        app.clock.advance(0);
        let first = operator.post("/directories/test/tokens", json!({ "name": "okta" })).await.expect(201).text("/secret");
        let path = "/directories/test/tokens/okta/renew";
        let second = operator.post(path, json!({ "overlapSeconds": 60 })).await.expect(200).text("/secret");
        client(&app, &first).get("/Users").await.expect(200);
        client(&app, &second).get("/Users").await.expect(200);
        app.clock.advance(60_000);
        client(&app, &first).get("/Users").await.expect_error(401, "");
        let third = operator.post(path, json!({ "overlapSeconds": 0 })).await.expect(200).text("/secret");
        client(&app, &second).get("/Users").await.expect_error(401, "");
        client(&app, &third).get("/Users").await.expect(200);
        operator.act(path).await.expect(200);
        check_problem(operator.post(path, json!({ "overlapSeconds": 7_776_001 })).await, 422, "invalid");
    }

    /// Row C2.
    async fn two_tokens_at_most_are_in_use_by_default(app: App) {
        let operator = Admin::new(&app, Role::Operator).await;
        operator.post("/directories", json!({ "name": "acme", "provider": "generic" })).await.expect(201);
        for name in ["one", "two"] {
            operator.post("/directories/acme/tokens", json!({ "name": name })).await.expect(201);
        }
        let third = json!({ "name": "three" });
        check_problem(operator.post("/directories/acme/tokens", third.clone()).await, 409, "conflict");
        operator.act("/directories/acme/tokens/one/deactivate").await.expect(200);
        operator.post("/directories/acme/tokens", third).await.expect(201);
        check_problem(operator.act("/directories/acme/tokens/one/activate").await, 409, "conflict");
        operator.patch("/directories/acme", json!({ "settings": { "tokensMax": 3 } })).await.expect(200);
        operator.act("/directories/acme/tokens/one/activate").await.expect(200);
    }

    /// Rows C4, C5.
    async fn a_token_is_edited(app: App) {
        let operator = Admin::new(&app, Role::Operator).await;
        app.clock.advance(0);
        let secret = operator.post("/directories/test/tokens", json!({ "name": "okta" })).await.expect(201).text("/secret");
        let path = "/directories/test/tokens/okta";
        operator.patch(path, json!({ "scopes": ["read"] })).await.expect(200);
        let user = json!({ "schemas": [super::app::USER], "userName": "bjensen" });
        client(&app, &secret).post("/Users", user).await.expect_error(403, "");
        let at = Timestamp(app.clock.now().0 + 60_000).to_rfc3339();
        assert_eq!(operator.patch(path, json!({ "expires": at })).await.expect(200).at("/expires"), &json!(at));
        assert_eq!(operator.patch(path, json!({ "scopes": [] })).await.expect(200).at("/expires"), &json!(at));
        app.clock.advance(60_000);
        client(&app, &secret).get("/Users").await.expect_error(401, "");
        assert_eq!(operator.patch(path, json!({ "expires": null, "name": "new" })).await.expect(200).at("/state"), "active");
        client(&app, &secret).get("/Users").await.expect(200);
        check_problem(operator.get(path).await, 404, "not-found");
        check_problem(operator.patch("/directories/test/tokens/new", json!({ "name": "test" })).await, 409, "conflict");
        check_problem(operator.patch("/directories/test/tokens/new", json!({ "expires": "soon" })).await, 422, "invalid");
    }

    /// The provider's secret, whichever of the two it has, is not ended by a renewal too many.
    async fn a_token_has_two_secrets_at_most_and_loses_none_by_accident(app: App) {
        let operator = Admin::new(&app, Role::Operator).await;
        app.clock.advance(0);
        let renew = "/directories/test/tokens/test/renew";
        let second = operator.act(renew).await.expect(200).text("/secret");
        check_problem(operator.act(renew).await, 409, "conflict");
        check_problem(operator.post(renew, json!({ "overlapSeconds": 60 })).await, 409, "conflict");
        for secret in [&app.token, &second] {
            client(&app, secret).get("/Users").await.expect(200);
        }
        let third = operator.post(renew, json!({ "overlapSeconds": 0 })).await.expect(200).text("/secret");
        for (secret, status) in [(&app.token, 401), (&second, 401), (&third, 200)] {
            client(&app, secret).get("/Users").await.expect(status);
        }
        operator.act(renew).await.expect(200);
        app.clock.advance(24 * 60 * 60 * 1_000);
        operator.act(renew).await.expect(200);
    }

    /// What was refused before is not good again.
    async fn a_renewal_brings_no_dead_secret_back(app: App) {
        let operator = Admin::new(&app, Role::Operator).await;
        app.clock.advance(0);
        let expires = Timestamp(app.clock.now().0 + 60_000).to_rfc3339();
        let old = operator.post("/directories/test/tokens", json!({ "name": "old", "expires": expires })).await.expect(201);
        app.clock.advance(60_000);
        let renew = "/directories/test/tokens/old/renew";
        check_problem(operator.act(renew).await, 409, "conflict");
        let later = Timestamp(app.clock.now().0 + 60_000).to_rfc3339();
        let new = operator.post(renew, json!({ "expires": later })).await.expect(200);
        client(&app, &old.text("/secret")).get("/Users").await.expect_error(401, "");
        client(&app, &new.text("/secret")).get("/Users").await.expect(200);

        operator.act("/directories/test/tokens/test/deactivate").await.expect(200);
        let new = operator.act("/directories/test/tokens/test/renew").await.expect(200).text("/secret");
        operator.act("/directories/test/tokens/test/activate").await.expect(200);
        app.get("/Users").await.expect_error(401, "");
        client(&app, &new).get("/Users").await.expect(200);
    }

    /// A condition holds until the change is made, and what is no lost race is not called one.
    async fn a_condition_is_about_versions_alone(app: App) {
        let operator = Admin::new(&app, Role::Operator).await;
        operator.post("/directories/test/tokens", json!({ "name": "other" })).await.expect(201);
        let path = "/directories/test/tokens/test";
        let tag = operator.get(path).await.expect(200).header("etag").to_owned();
        let taken = operator.send("PATCH", path, &[("if-match", &tag)], Some(json!({ "name": "other" }))).await;
        check_problem(taken, 409, "conflict");
        let row = tokens::find(&*app.store, app.row().await.id, "test").await.expect("there");
        operator.patch(path, json!({ "scopes": ["read"] })).await.expect(200);
        let (by, directory) = (app.operator(), app.row().await);
        let lost = |error: Option<AdminError>| assert!(matches!(error, Some(AdminError::Changed(_))), "{error:?}");
        lost(tokens::edit(&by, &directory, row.clone(), Edit { name: Some("x".into()), ..Edit::default() }).await.err());
        lost(tokens::revoke(&by, &directory, row.clone()).await.err());
        lost(tokens::delete(&by, &directory, row).await.err());
        check_problem(operator.send("DELETE", path, &[("if-match", &tag)], None).await, 412, "changed");
        operator.get(path).await.expect(200);
    }

    /// Shows P-7.4-03: under the profile `strict` every token ends.
    async fn under_the_profile_strict_a_token_ends_after_a_year(app: App) {
        let operator = Admin::new(&app, Role::Operator).await;
        let strict = app.directory("acme", "strict").await;
        app.clock.advance(0);
        let made = operator.post("/directories/acme/tokens", json!({ "name": "a" })).await.expect(201);
        assert_eq!(made.text("/token/expires"), later(&app, 365, 0));
        let client = client(&strict, &made.text("/secret"));
        app.clock.advance(365 * DAY_MS - 1);
        client.get("/Users").await.expect(200);
        app.clock.advance(1);
        client.get("/Users").await.expect_error(401, "");
        let plain = operator.post("/directories/test/tokens", json!({ "name": "a" })).await.expect(201);
        assert!(plain.at("/token/expires").is_null(), "no other profile has a bound");
    }

    /// Shows P-7.4-03: what a Directory allows holds for each way to make a secret.
    async fn a_secret_is_good_for_no_longer_than_its_directory_allows(app: App) {
        let operator = Admin::new(&app, Role::Operator).await;
        app.clock.advance(0);
        let settings = json!({ "tokenDaysMax": 90, "tokensMax": 9 });
        operator.post("/directories", json!({ "name": "acme", "provider": "okta", "settings": settings })).await.expect(201);
        let (latest, too_late) = (later(&app, 90, 0), later(&app, 90, 1));
        let key = json!({ "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" });
        for kind in ["tokens", "clients"] {
            let path = format!("/directories/acme/{kind}");
            let new = |name: &str, expires: Option<&str>| json!({ "name": format!("{kind} {name}"), "expires": expires });
            let made = operator.post(&path, new("endless", None)).await.expect(201);
            assert_eq!((made.text("/token/expires"), made.at("/token/beyondTokenDaysMax")), (latest.clone(), &json!(false)));
            let exact = operator.post(&path, new("exact", Some(&latest))).await.expect(201);
            assert_eq!(exact.text("/token/expires"), latest);
            let refused = check_problem(operator.post(&path, new("late", Some(&too_late))).await, 422, "invalid").text("/detail");
            assert!(refused.contains("tokenDaysMax") && refused.contains(&latest), "{refused}");
            // The same again, a while later.
            app.clock.advance(1);
            let again = operator.post(&path, new("endless", None)).await.expect(200);
            assert_eq!(again.at("/token/id"), made.at("/token/id"));
            app.clock.advance(-1);

            let renew = format!("/directories/acme/tokens/{kind} endless/renew").replace(' ', "%20");
            let how = |expires: &str| json!({ "overlapSeconds": 0, "expires": expires });
            check_problem(operator.post(&renew, how(&too_late)).await, 422, "invalid");
            operator.post(&renew, how(&later(&app, 1, 0))).await.expect(200);
            let renewed = operator.post(&renew, json!({ "overlapSeconds": 0 })).await.expect(200);
            assert_eq!(renewed.text("/token/expires"), later(&app, 1, 0), "as before");
            assert_eq!(operator.post(&renew, how(&latest)).await.expect(200).text("/token/expires"), latest);
        }
        let signs = json!({ "name": "signs", "keys": { "keys": [key] } });
        let signs = operator.post("/directories/acme/clients", signs).await.expect(201);
        assert!(signs.at("/token/expires").is_null(), "it has no secret");
        let edit = operator.patch("/directories/acme/tokens/signs", json!({ "expires": too_late })).await.expect(200);
        assert_eq!(edit.text("/expires"), too_late);
    }

    /// A setting cuts no provider off.
    async fn a_token_from_before_the_setting_stays_and_is_pointed_out(app: App) {
        let operator = Admin::new(&app, Role::Operator).await;
        app.clock.advance(0);
        for days in [0, 3_651] {
            let refused = operator.patch("/directories/test", json!({ "settings": { "tokenDaysMax": days } })).await;
            let detail = check_problem(refused, 422, "invalid").text("/detail");
            assert!(detail.contains("the setting tokenDaysMax takes a whole number from 1 to 3650"), "{detail}");
        }
        for days in [3_650, 1] {
            operator.patch("/directories/test", json!({ "settings": { "tokenDaysMax": days } })).await.expect(200);
        }
        let path = "/directories/test/tokens/test";
        let beyond = |token: &serde_json::Value| (token["expires"].clone(), token["beyondTokenDaysMax"].clone());
        assert_eq!(beyond(&operator.get(path).await.expect(200).json), (json!(null), json!(true)));
        assert_eq!(beyond(&operator.all("/directories/test/tokens", 9).await[0]), (json!(null), json!(true)));
        app.clock.advance(2 * DAY_MS);
        app.get("/Users").await.expect(200);

        // It can be given an end, if a late one; then no later one.
        operator.patch(path, json!({ "expires": null })).await.expect(200);
        let end = later(&app, 100, 0);
        assert_eq!(beyond(&operator.patch(path, json!({ "expires": end })).await.expect(200).json), (json!(end), json!(true)));
        for expires in [json!(later(&app, 100, 1)), json!(null)] {
            check_problem(operator.patch(path, json!({ "expires": expires })).await, 422, "invalid");
        }
        let renewed = operator.act(&format!("{path}/renew")).await.expect(200);
        assert_eq!(beyond(renewed.at("/token")), (json!(later(&app, 1, 0)), json!(false)));
        app.get("/Users").await.expect(200);
    }

    /// A token is reached through its own Directory alone.
    async fn a_token_is_not_reached_through_another_directory(app: App) {
        let operator = Admin::new(&app, Role::Operator).await;
        let other = app.directory("other", "generic").await;
        let id = operator.get("/directories/other/tokens/test").await.expect(200).at("/id").clone();
        for act in ["activate", "deactivate", "renew", "revoke"] {
            check_problem(operator.act(&format!("/directories/test/tokens/{id}/{act}")).await, 404, "not-found");
        }
        check_problem(operator.get(&format!("/directories/test/tokens/{id}")).await, 404, "not-found");
        check_problem(operator.delete(&format!("/directories/test/tokens/{id}")).await, 404, "not-found");
        other.get("/Users").await.expect(200);
    }
}
