//! When tokens that were issued die: with their time, their client, its credentials, its Directory; on every replica within a
//! second.

use crate::app::App;
use crate::signer::{Signer, claims, keys};
use crate::{JWT_BEARER, ask, client, client_with_keys, exchange, on_both_back_ends, refused, with};
use scimd::admin::{AdminError, clients, directories, tokens};
use scimd::clock::Clock;
use scimd::store::DirectoryStatus;
use scimd::store::audit::AuditFilter;
use serde_json::json;
use std::time::Duration;

/// What an operator does to a client.
#[derive(Debug, Clone, Copy)]
enum Deed {
    Revoke,
    Deactivate,
    Delete,
    Renew,
}

async fn issue(app: &App, id: &str, secret: &str) -> String {
    exchange(app, id, secret, "").await.expect(200).text("/access_token")
}

async fn sign_in(app: &App, signer: &Signer, id: &str) -> String {
    let assertion = signer.sign(&claims(id, app.clock.now().0));
    let form = [("grant_type", "client_credentials"), ("client_assertion_type", JWT_BEARER), ("client_assertion", &assertion)];
    ask(app, &[], &form).await.expect(200).text("/access_token")
}

on_both_back_ends! {
    async fn tokens_die_with_their_client_on_every_replica_within_a_second(app: App) {
        // Another server, with connections of its own.
        let replica = app.reopened(|_| ()).await;
        app.clock.advance(0);
        for deed in [Deed::Revoke, Deed::Deactivate, Deed::Delete, Deed::Renew] {
            let name = format!("{deed:?}");
            let (id, secret) = client(&app, &name, "").await;
            let token = issue(&app, &id, &secret).await;
            // What one server issued, the other takes.
            let (here, there) = (with(&app, &token), with(&replica, &token));
            here.get("/Users").await.expect(200);
            there.get("/Users").await.expect(200);
            let (operator, row) = (app.operator(), app.row().await);
            match deed {
                Deed::Revoke => drop(tokens::revoke(&operator, &row, &name).await.expect("revokes")),
                Deed::Deactivate => drop(tokens::deactivate(&operator, &row, &id).await.expect("deactivates")),
                Deed::Delete => drop(tokens::delete(&operator, &row, &id).await.expect("deletes")),
                Deed::Renew => drop(tokens::renew(&operator, &row, &name, Duration::ZERO, None).await.expect("renews")),
            }
            refused(exchange(&replica, &id, &secret, "").await, 401, "invalid_client");
            app.clock.advance(999);
            there.get("/Users").await.expect(200);
            app.clock.advance(1);
            here.get("/Users").await.expect_error(401, "");
            there.get("/Users").await.expect_error(401, "");
            if matches!(deed, Deed::Deactivate) {
                tokens::activate(&operator, &row, &name).await.expect("activates");
                app.clock.advance(1_000);
                there.get("/Users").await.expect(200);
                exchange(&replica, &id, &secret, "").await.expect(200);
            }
        }
    }

    async fn a_renewal_with_overlap_leaves_both_secrets_and_their_tokens_good_for_that_long(app: App) {
        app.clock.advance(0);
        let (id, secret) = client(&app, "okta", "").await;
        let of_before = with(&app, &issue(&app, &id, &secret).await);
        let overlap = Duration::from_secs(600);
        let renewed = tokens::renew(&app.operator(), &app.row().await, "okta", overlap, None).await.expect("renews");
        let of_now = with(&app, &issue(&app, &id, renewed.secret.expose()).await);
        issue(&app, &id, &secret).await;
        // The overlap counts from the operator's clock, which goes on meanwhile.
        app.clock.advance(590_000);
        of_before.get("/Users").await.expect(200);
        of_now.get("/Users").await.expect(200);
        app.clock.advance(60_000);
        of_before.get("/Users").await.expect_error(401, "");
        of_now.get("/Users").await.expect(200);
        refused(exchange(&app, &id, &secret, "").await, 401, "invalid_client");
    }

    async fn a_token_dies_with_the_key_that_it_was_issued_for(app: App) {
        app.clock.advance(0);
        let (first, second) = (Signer::p256(), Signer::ed25519());
        let id = client_with_keys(&app, "okta", &keys(&[first.public.clone(), second.public.clone()])).await;
        let of_first = with(&app, &sign_in(&app, &first, &id).await);
        let of_second = with(&app, &sign_in(&app, &second, &id).await);
        of_first.get("/Users").await.expect(200);
        let (operator, row) = (app.operator(), app.row().await);
        clients::set_keys(&operator, &row, &id, &second.keys()).await.expect("sets");
        app.clock.advance(1_000);
        of_first.get("/Users").await.expect_error(401, "");
        of_second.get("/Users").await.expect(200);
        let renewed = tokens::renew(&operator, &row, "okta", Duration::ZERO, None).await;
        assert!(matches!(renewed, Err(AdminError::HasKeys(_))), "{renewed:?}");
        client(&app, "entra", "").await;
        let set = clients::set_keys(&operator, &row, "entra", &second.keys()).await;
        assert!(matches!(set, Err(AdminError::NoKeys(_))), "{set:?}");
    }

    async fn a_token_lives_as_long_as_it_says_and_never_longer_than_its_client(app: App) {
        app.clock.advance(0);
        let short = app.configured(|config| config.oauth.access_token_lifetime_s = 60);
        let (id, secret) = client(&app, "okta", "").await;
        let answer = exchange(&short, &id, &secret, "").await.expect(200);
        assert_eq!(answer.json["expires_in"], 60);
        let provider = with(&app, &answer.text("/access_token"));
        provider.get("/Users").await.expect(200);
        app.clock.advance(59_999);
        provider.get("/Users").await.expect(200);
        app.clock.advance(1);
        provider.get("/Users").await.expect_error(401, "");

        let edit = tokens::Edit { expires: Some(Some(scimd::clock::Timestamp(app.clock.now().0 + 10_000))), ..tokens::Edit::default() };
        tokens::edit(&app.operator(), &app.row().await, "okta", edit).await.expect("edits");
        let answer = exchange(&app, &id, &secret, "").await.expect(200);
        assert_eq!(answer.json["expires_in"], 10);
        app.clock.advance(10_000);
        with(&app, &answer.text("/access_token")).get("/Users").await.expect_error(401, "");
        refused(exchange(&app, &id, &secret, "").await, 401, "invalid_client");
    }

    async fn a_directory_that_is_paused_or_disabled_serves_no_token(app: App) {
        app.clock.advance(0);
        let (id, secret) = client(&app, "okta", "").await;
        let provider = with(&app, &issue(&app, &id, &secret).await);
        let paused = directories::set_status(&app.operator(), &app.row().await, DirectoryStatus::Paused).await.expect("pauses");
        app.clock.advance(1_000);
        provider.get("/Users").await.expect_error(503, "");
        let while_paused = with(&app, &issue(&app, &id, &secret).await);
        while_paused.get("/Users").await.expect_error(503, "");
        directories::set_status(&app.operator(), &paused, DirectoryStatus::Disabled).await.expect("disables");
        app.clock.advance(1_000);
        provider.get("/Users").await.expect_error(403, "");
        refused(exchange(&app, &id, &secret, "").await, 400, "unauthorized_client");
    }

    async fn what_is_changed_in_a_token_makes_it_none(app: App) {
        let (id, secret) = client(&app, "okta", "").await;
        let token = issue(&app, &id, &secret).await;
        with(&app, &token).get("/Users").await.expect(200);
        for place in (0..token.len()).step_by(7) {
            let mut changed = token.clone().into_bytes();
            changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
            with(&app, &String::from_utf8(changed).expect("ASCII")).get("/Users").await.expect_error(401, "");
        }
        with(&app, &token[..token.len() - 1]).get("/Users").await.expect_error(401, "");
    }

    async fn acts_on_clients_are_on_record_without_any_secret(app: App) {
        let (id, secret) = client(&app, "okta", "User:read").await;
        let signer = Signer::p256();
        client_with_keys(&app, "entra", &signer.keys()).await;
        let (operator, row) = (app.operator(), app.row().await);
        clients::set_keys(&operator, &row, "entra", &Signer::ed25519().keys()).await.expect("sets");
        tokens::renew(&operator, &row, "okta", Duration::ZERO, None).await.expect("renews");
        tokens::deactivate(&operator, &row, &id).await.expect("deactivates");
        let record = app.store.audit(&AuditFilter::default(), None, 5).await.expect("answers");
        let acts: Vec<&str> = record.iter().map(|row| row.act.as_str()).collect();
        assert_eq!(acts, ["token.deactivate", "token.renew", "client.set-keys", "token.create", "token.create"]);
        let after = |place: usize| record[place].after.clone().unwrap_or_default();
        let thumbprint = signer.keys().iter().next().expect("a key").thumbprint_text();
        assert!(after(3).contains(&thumbprint) && after(3).contains(r#""kind":"client""#), "{}", after(3));
        assert!(!after(2).contains(&thumbprint) && record[2].before.as_deref().unwrap_or_default().contains(&thumbprint));
        let all = format!("{record:?}");
        for word in [secret.as_str(), "scimd_", signer.public["x"].as_str().expect("text"), &json!(signer.public).to_string()] {
            assert!(!all.contains(word), "{word}");
        }
    }
}
