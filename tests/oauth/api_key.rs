//! A long-lived token for an API key of an operator's account.

use crate::app::App;
use crate::{ask, on_both_back_ends, refused, with};
use scimd::admin::{accounts, tokens};
use scimd::directory::settings::Settings;
use scimd::store::audit::AuditFilter;
use scimd::store::operator::Role;
use std::time::Duration;

/// An API key of a new account.
async fn key(app: &App, name: &str, role: Role, expires_in: Option<Duration>) -> String {
    let account = accounts::create(&app.operator(), name, role, None).await.expect("creates");
    accounts::create_key(&app.operator(), &account, "k", expires_in).await.expect("creates").secret.expose().to_owned()
}

on_both_back_ends! {
    async fn an_api_key_is_exchanged_for_a_token_of_a_directory(app: App) {
        let operator = key(&app, "alice", Role::Operator, None).await;
        let owner = key(&app, "olga", Role::Owner, None).await;
        let bearer = format!("Bearer {operator}");
        let answer = ask(&app, &[("authorization", &bearer)], &[("directory", "test"), ("name", "connector")]).await.expect(200);
        assert_eq!(answer.text("/token_type"), "Bearer");
        assert_eq!((answer.text("/scope").as_str(), answer.text("/name").as_str()), ("scim", "connector"));
        assert_eq!(answer.json["expires_in"], 365 * 24 * 60 * 60);
        assert_eq!((answer.header("cache-control"), answer.header("pragma")), ("no-store", "no-cache"));
        let token = answer.text("/access_token");
        assert!(token.starts_with("scimd_"), "{token}");
        with(&app, &token).user("bjensen").await;

        let form = [("grant_type", "api_key"), ("directory", "test"), ("scope", "User:read"), ("expires_in", "3600")];
        let answer = ask(&app, &[("x-api-key", &owner)], &form).await.expect(200);
        assert_eq!((answer.text("/scope").as_str(), &answer.json["expires_in"]), ("User:read", &3_600.into()));
        let reader = with(&app, &answer.text("/access_token"));
        reader.get("/Users").await.expect(200);
        reader.get("/Groups").await.expect_error(403, "");

        // It is a token like others: on record with who made it, listed, revoked.
        let created = app.store.audit(&AuditFilter { act: Some("token.create".into()), ..AuditFilter::default() }, None, 2).await;
        let created = created.expect("answers");
        assert_eq!((created[0].actor_kind.as_str(), created[0].actor.as_str()), ("account", "olga"));
        assert_eq!((created[1].actor.as_str(), created[1].target_name.as_str()), ("alice", "connector"));
        assert_eq!(created[1].directory_name.as_deref(), Some("test"));
        app.clock.advance(0);
        tokens::revoke(&app.operator(), &app.row().await, "connector").await.expect("revokes");
        app.clock.advance(1_000);
        with(&app, &token).get("/Users").await.expect_error(401, "");
    }

    async fn an_api_key_that_is_not_good_enough_gets_nothing(app: App) {
        let viewer = key(&app, "vera", Role::Viewer, None).await;
        let operator = key(&app, "alice", Role::Operator, None).await;
        let short = key(&app, "sam", Role::Operator, Some(Duration::from_secs(60))).await;
        let disabled = key(&app, "dora", Role::Owner, None).await;
        let dora = accounts::find(&*app.store, "dora").await.expect("is there");
        let edit = accounts::Edit { disabled: Some(true), ..accounts::Edit::default() };
        // Somebody else must own the server meanwhile.
        key(&app, "olga", Role::Owner, None).await;
        accounts::edit(&app.operator(), &dora, edit).await.expect("disables");
        let form = [("directory", "test")];
        refused(ask(&app, &[("x-api-key", &viewer)], &form).await, 400, "unauthorized_client");
        ask(&app, &[("x-api-key", &short)], &form).await.expect(200);
        app.clock.advance(61_000);
        for wrong in [disabled.as_str(), &short, "scimdkey_x", "x", &app.token, &operator[..operator.len() - 1]] {
            refused(ask(&app, &[("x-api-key", wrong)], &form).await, 401, "invalid_client");
        }
        refused(ask(&app, &[], &[("grant_type", "api_key"), ("directory", "test")]).await, 401, "invalid_client");
        refused(ask(&app, &[("authorization", &format!("Bearer {}", app.token))], &[("grant_type", "api_key"), ("directory", "test")]).await, 401, "invalid_client");
        let bearer = format!("Bearer {operator}");
        refused(ask(&app, &[("authorization", &bearer), ("x-api-key", &operator)], &form).await, 400, "invalid_request");
        // It stands for no client, and opens no Directory itself.
        refused(ask(&app, &[("authorization", &bearer)], &[("grant_type", "client_credentials")]).await, 401, "invalid_client");
        with(&app, &operator).get("/Users").await.expect_error(401, "");
    }

    /// Shows P-7.4-03: such a token ends too, by itself after a year, or when its Directory says.
    async fn it_is_good_for_no_longer_than_its_directory_allows(app: App) {
        let operator = key(&app, "alice", Role::Operator, None).await;
        let ask = async |form: &[(&str, &str)]| ask(&app, &[("x-api-key", &operator)], form).await;
        for (name, days, default_s) in [("month", 30, 30 * 86_400), ("decade", 3_650, 365 * 86_400)] {
            app.directory_with(name, "okta", &Settings { token_days_max: Some(days), ..Settings::default() }).await;
            let answer = ask(&[("directory", name)]).await.expect(200);
            assert_eq!(answer.json["expires_in"], default_s, "{name}");
            let row = app.store.token(&scimd::auth::token::digest(&answer.text("/access_token"))).await.expect("answers");
            let row = row.expect("is there").0;
            assert_eq!(row.expires.expect("expires").0 - row.created.0, default_s * 1_000, "{name}");
        }
        ask(&[("directory", "month"), ("expires_in", "2592000")]).await.expect(200);
        let late = ask(&[("directory", "month"), ("expires_in", "2592001")]).await;
        let late = refused(late, 400, "invalid_request").text("/error_description");
        assert!(late.contains("tokenDaysMax") && late.contains("30 days"), "{late}");
        app.directory("strict", "strict").await;
        ask(&[("directory", "strict"), ("expires_in", "31536000")]).await.expect(200);
        refused(ask(&[("directory", "strict"), ("expires_in", "31536001")]).await, 400, "invalid_request");
    }

    async fn what_is_asked_for_must_be_possible(app: App) {
        let operator = key(&app, "alice", Role::Operator, None).await;
        let settings = Settings { tokens_max: Some(2), ..Settings::default() };
        app.directory_with("small", "okta", &settings).await;
        let ask = async |form: &[(&str, &str)]| ask(&app, &[("x-api-key", &operator)], form).await;
        refused(ask(&[]).await, 400, "invalid_request");
        refused(ask(&[("directory", "nowhere")]).await, 400, "invalid_request");
        refused(ask(&[("directory", "test"), ("scope", "admin")]).await, 400, "invalid_scope");
        refused(ask(&[("directory", "test"), ("name", "test")]).await, 400, "invalid_request");
        for seconds in ["0", "59", "315360001", "-1", "1h", "1e3"] {
            refused(ask(&[("directory", "test"), ("expires_in", seconds)]).await, 400, "invalid_request");
        }
        refused(ask(&[("directory", "test"), ("grant_type", "password")]).await, 400, "unsupported_grant_type");
        ask(&[("directory", "small")]).await.expect(200);
        let answer = refused(ask(&[("directory", "small")]).await, 400, "invalid_request");
        assert!(answer.text("/error_description").contains("tokensMax"), "{:#}", answer.json);
    }
}
