//! A long game of random requests: after each, the server answers as a simple model in memory does.
//!
//! The same game in every run; `MODEL_SEED=… cargo test --test model` plays another. What fails says its seed.

#[path = "support/app.rs"]
mod app;
#[path = "support/dice.rs"]
mod dice;
#[path = "support/model/mod.rs"]
mod model;

use app::App;
use dice::Seed;
use model::player::Player;

async fn play(app: App, steps: usize) {
    let seed = Seed::of("MODEL_SEED");
    let mut player = Player::new(app, seed.number);
    for _ in 0..steps {
        player.play().await;
    }
    player.compare_everything().await;
    let changes = usize::try_from(player.model.events).expect("positive");
    assert!(changes > steps / 4 && changes < steps, "{changes} changes in {steps} steps are no such game");
}

/// Shows P-3.5.2-15, P-3.5.2-17, P-3.12-12, R19.
#[tokio::test]
async fn sqlite_answers_as_the_model_does() {
    play(App::on_sqlite().await, 4_000).await;
}

/// Shows P-3.5.2-15, P-3.5.2-17, P-3.12-12, R19.
#[tokio::test]
async fn postgres_answers_as_the_model_does() {
    play(App::on_postgres().await, 1_000).await;
}
