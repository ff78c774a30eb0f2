//! Who guesses at tokens is slowed down, and nobody else (RFC 7644 §7.7).

use crate::app::App;
use crate::on_both_back_ends;

/// How many wrong tokens from one address cost nothing.
const FREE: usize = 100;

/// A client with a token that does not exist.
fn guess(app: &App, number: usize) -> App {
    let mut client = app.clone();
    client.token = format!("guess{number}");
    client
}

on_both_back_ends! {
    /// Shows P-7.7-02.
    async fn guesses_at_tokens_wait_longer_and_longer(app: App) {
        // Its time stands still from here on.
        app.clock.advance(0);
        let near = app.from([192, 0, 2, 1]);
        near.get("/Users").await.expect(200);
        let newcomer = near.fresh().await;
        for number in 0..FREE {
            guess(&near, number).get("/Users").await.expect_error(401, "");
        }
        for (number, wait) in [1, 2, 4].into_iter().enumerate() {
            // A good one is not looked at either, or it would be found out all the same, unless it was good from there before.
            for client in [guess(&near, FREE + number), newcomer.clone()] {
                for path in ["/Users", "/ServiceProviderConfig"] {
                    let answer = client.get(path).await;
                    assert_eq!(answer.header("retry-after"), wait.to_string());
                    let detail = answer.expect_error(429, "").text("/detail");
                    assert!(detail.contains("wrong credentials"), "{detail}");
                }
            }
            near.get("/Users").await.expect(200);
            app.clock.advance(wait * 1_000);
            guess(&near, FREE + number).get("/Users").await.expect_error(401, "");
        }
        guess(&app.from([192, 0, 2, 2]), 0).get("/Users").await.expect_error(401, "");
        // Each server counts for itself.
        newcomer.replica().get("/Users").await.expect(200);
        app.clock.advance(8_000);
        newcomer.get("/Users").await.expect(200);
    }

    /// Providers send for many customers from one address: a token of a Directory that is gone keeps nobody out.
    async fn who_sends_a_wrong_token_again_and_again_guesses_nothing(app: App) {
        app.clock.advance(0);
        let near = app.from([192, 0, 2, 1]);
        for _ in 0..3 * FREE {
            guess(&near, 0).get("/Users").await.expect_error(401, "");
        }
        near.get("/Users").await.expect(200);
    }
}
