//! Who guesses at tokens is slowed down, and nobody else (RFC 7644 §7.7).

use crate::app::App;
use crate::on_both_back_ends;
use scimd::admin::tokens::{self, Wanted};
use scimd::auth::token::Secret;

/// How many wrong tokens from one address are told that they are wrong.
const FREE: usize = 100;

/// A client with a token that could be one of the server, and is none.
fn guess(app: &App) -> App {
    app.with_token(Secret::generate().expect("randomness").expose())
}

on_both_back_ends! {
    /// Shows P-7.7-02.
    async fn guesses_at_tokens_wait_longer_and_longer_and_nobody_else_does(app: App) {
        // Its time stands still from here on.
        app.clock.advance(0);
        let near = app.from([192, 0, 2, 1]);
        let newcomer = near.fresh().await;
        for number in 0..FREE {
            // What cannot be a token of the server is one too.
            let client = if number % 2 == 0 { guess(&near) } else { near.with_token(&format!("guess{number}")) };
            client.get("/Users").await.expect_error(401, "");
        }
        for wait in [1, 2, 4] {
            for path in ["/Users", "/ServiceProviderConfig"] {
                let answer = guess(&near).get(path).await;
                assert_eq!(answer.header("retry-after"), wait.to_string());
                let detail = answer.expect_error(429, "").text("/detail");
                assert!(detail.contains("wrong credentials"), "{detail}");
            }
            near.get("/Users").await.expect(200);
            app.clock.advance(wait * 1_000);
            guess(&near).get("/Users").await.expect_error(401, "");
        }
        newcomer.get("/Users").await.expect(200);
        guess(&app.from([192, 0, 2, 2])).get("/Users").await.expect_error(401, "");
        // Each server counts for itself.
        guess(&near.replica()).get("/Users").await.expect_error(401, "");
    }

    /// Providers send for many customers from one address, and for years.
    async fn a_token_that_was_good_once_or_is_wrong_again_and_again_is_no_guess(app: App) {
        app.clock.advance(0);
        let near = app.from([192, 0, 2, 1]);
        let stale = guess(&near);
        for _ in 0..FREE + 10 {
            stale.get("/Users").await.expect_error(401, "");
        }
        let row = near.row().await;
        for number in 0..FREE + 10 {
            let wanted = Wanted { name: Some(format!("revoked{number}")), ..Wanted::default() };
            let made = tokens::create(&app.operator(), &row, wanted).await.expect("creates");
            tokens::revoke(&app.operator(), &row, &*made.row.name).await.expect("revokes");
            near.with_token(made.secret.expose()).get("/Users").await.expect_error(401, "");
        }
        guess(&near).get("/Users").await.expect_error(401, "");
    }
}
