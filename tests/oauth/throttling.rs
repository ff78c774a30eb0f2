//! Who guesses at credentials is slowed down.

use crate::{ask, client, exchange, on_both_back_ends, refused};

on_both_back_ends! {
    async fn guesses_at_a_client_wait_longer_and_longer_and_tell_nothing(app: App) {
        app.clock.advance(0);
        let (id, secret) = client(&app, "okta", "").await;
        let (other, other_secret) = client(&app, "entra", "").await;
        for _ in 0..10 {
            refused(exchange(&app, &id, "wrong", "").await, 401, "invalid_client");
        }
        for wait in [1, 2, 4] {
            // The right one is not looked at either, or it would be found out all the same.
            for guess in ["wrong", secret.as_str()] {
                let answer = refused(exchange(&app, &id, guess, "").await, 429, "temporarily_unavailable");
                assert_eq!(answer.header("retry-after"), wait.to_string());
            }
            app.clock.advance(wait * 1_000);
            refused(exchange(&app, &id, "wrong", "").await, 401, "invalid_client");
        }
        exchange(&app, &other, &other_secret, "").await.expect(200);
        // Each server counts for itself.
        exchange(&app.replica(), &id, &secret, "").await.expect(200);
        app.clock.advance(8_000);
        exchange(&app, &id, &secret, "").await.expect(200);
        refused(exchange(&app, &id, "wrong", "").await, 401, "invalid_client");
    }

    async fn what_is_wrong_with_a_request_is_no_guess(app: App) {
        let (id, secret) = client(&app, "okta", "User:read").await;
        for _ in 0..20 {
            refused(exchange(&app, &id, &secret, "Group:read").await, 400, "invalid_scope");
            let form = [("grant_type", "client_credentials"), ("client_secret", secret.as_str())];
            refused(ask(&app, &[], &form).await, 400, "invalid_request");
        }
        exchange(&app, &id, &secret, "").await.expect(200);
    }
}
