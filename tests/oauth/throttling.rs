//! Who guesses at credentials is slowed down.

use crate::{ask, client, exchange, on_both_back_ends, refused};

on_both_back_ends! {
    /// Shows P-7.7-02.
    async fn guesses_from_one_address_wait_longer_and_longer_and_tell_nothing(app: App) {
        app.clock.advance(0);
        let (id, secret) = client(&app, "okta", "").await;
        let (other, other_secret) = client(&app, "entra", "").await;
        let near = app.from([192, 0, 2, 1]);
        exchange(&near, &other, &other_secret, "").await.expect(200);
        for _ in 0..50 {
            refused(exchange(&near, &id, "wrong", "").await, 401, "invalid_client");
        }
        for wait in [1, 2, 4] {
            // The right one is not looked at either, or it would be found out all the same.
            for guess in ["wrong", secret.as_str()] {
                let answer = refused(exchange(&near, &id, guess, "").await, 429, "temporarily_unavailable");
                assert_eq!(answer.header("retry-after"), wait.to_string());
            }
            app.clock.advance(wait * 1_000);
            refused(exchange(&near, &id, "wrong", "").await, 401, "invalid_client");
        }
        exchange(&near, &other, &other_secret, "").await.expect(200);
        // Each server counts for itself.
        exchange(&near.replica(), &id, &secret, "").await.expect(200);
        app.clock.advance(8_000);
        exchange(&near, &id, &secret, "").await.expect(200);
    }

    /// Client ids are no secret: who knows one keeps nobody out.
    async fn guesses_at_a_client_do_not_keep_it_out(app: App) {
        let (id, secret) = client(&app, "okta", "").await;
        for host in 1..100 {
            refused(exchange(&app.from([192, 0, 2, host]), &id, "wrong", "").await, 401, "invalid_client");
        }
        exchange(&app.from([198, 51, 100, 1]), &id, &secret, "").await.expect(200);
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
