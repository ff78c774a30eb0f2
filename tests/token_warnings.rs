//! Warnings before tokens expire: in time, once, and on record.

#[path = "support/app.rs"]
mod app;

use app::App;
use scimd::admin::Operator;
use scimd::admin::expiring::{self, Warning};
use scimd::admin::tokens::{self, Edit, Wanted};
use scimd::clock::{Clock, ManualClock, SystemClock, Timestamp};
use scimd::store::audit::{Actor, AuditFilter};
use serde_json::{Value, json};
use std::time::Duration;

const DAY_MS: i64 = 86_400_000;

/// Nothing comes on record that is about the second token.
const REFUSE_SQLITE: &str = "CREATE TRIGGER refuse BEFORE INSERT ON audit WHEN NEW.target_name = 'second' \
     BEGIN SELECT RAISE(ABORT, 'refused'); END";
const REFUSE_POSTGRES: &str = "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql \
         AS $$ BEGIN RAISE EXCEPTION 'refused'; END $$; \
     CREATE TRIGGER refuse BEFORE INSERT ON audit FOR EACH ROW WHEN (NEW.target_name = 'second') EXECUTE FUNCTION refuse()";

fn days(days: u64) -> Duration {
    Duration::from_secs(days * 86_400)
}

/// A token of the client's Directory that expires after a time.
async fn token(app: &App, name: &str, expires_in: Duration) {
    let wanted = Wanted { name: Some(name.to_owned()), expires_in: Some(expires_in), ..Wanted::default() };
    tokens::create(&app.operator(), &app.row().await, wanted).await.expect("creates");
}

/// The warnings that a server gives at a moment, as (token, days).
async fn warned(app: &App, clock: &ManualClock) -> Vec<(String, i64)> {
    let server = Operator::new(&*app.store, clock, Actor::server());
    let mut given = Vec::new();
    expiring::warn(&server, |Warning { token, days, .. }| given.push((token, days))).await.expect("warns");
    given
}

fn names(warned: &[(&str, i64)]) -> Vec<(String, i64)> {
    warned.iter().map(|(name, days)| ((*name).to_owned(), *days)).collect()
}

on_both_back_ends! {
    async fn a_token_is_warned_of_30_7_and_1_days_before_its_expiry_once_each(app: App) {
        token(&app, "year", days(365)).await;
        let clock = ManualClock::new(SystemClock.now());
        // The token was made a moment before the clock was read: a minute is more than that took.
        let mut at = 0;
        let mut go_to = |day_before: i64, minutes: i64| {
            let to = 365 * DAY_MS - day_before * DAY_MS + minutes * 60_000;
            clock.advance(to - at);
            at = to;
        };
        for day in [30, 7, 1] {
            go_to(day, -60);
            assert_eq!(warned(&app, &clock).await, [], "{day} days and an hour before");
            go_to(day, 0);
            assert_eq!(warned(&app, &clock).await, names(&[("year", day)]));
            assert_eq!(warned(&app.replica(), &clock).await, [], "another server has given it");
        }
        go_to(0, 1);
        assert_eq!(warned(&app, &clock).await, [], "what has expired is not warned of");

        let filter = AuditFilter { act: Some("token.expiring".to_owned()), ..AuditFilter::default() };
        let rows = app.store.audit(&filter, None, 10).await.expect("answers");
        let given: Vec<Value> = rows
            .iter()
            .map(|row| {
                assert_eq!((row.actor_kind.as_str(), row.target_name.as_str()), ("server", "year"));
                assert_eq!(row.directory_name.as_deref(), Some("test"));
                let after: Value = serde_json::from_str(row.after.as_deref().expect("there")).expect("JSON");
                after["days"].clone()
            })
            .collect();
        assert_eq!(given, [json!(1), json!(7), json!(30)], "the latest first");
    }

    async fn of_servers_that_look_at_once_one_warns(app: App) {
        token(&app, "year", days(365)).await;
        let clock = ManualClock::new(Timestamp(SystemClock.now().0 + 340 * DAY_MS));
        let (a, b, c) = tokio::join!(warned(&app, &clock), warned(&app, &clock), warned(&app, &clock));
        assert_eq!([a, b, c].concat(), names(&[("year", 30)]));
    }

    async fn a_warning_that_does_not_come_on_record_is_given_later_and_those_before_it_count(app: App) {
        for name in ["first", "second"] {
            token(&app, name, days(365)).await;
        }
        app.execute(REFUSE_SQLITE, REFUSE_POSTGRES).await;
        let clock = ManualClock::new(Timestamp(SystemClock.now().0 + 340 * DAY_MS));
        let server = Operator::new(&*app.store, &clock, Actor::server());
        let mut given = Vec::new();
        let failed = expiring::warn(&server, |warning| given.push(warning.token)).await;
        assert!(failed.is_err(), "{given:?}");
        assert_eq!(given, ["first"]);
        app.execute("DROP TRIGGER refuse", "DROP TRIGGER refuse ON audit").await;
        assert_eq!(warned(&app, &clock).await, names(&[("second", 30)]));
    }

    async fn a_warning_that_was_missed_gives_way_to_the_next(app: App) {
        token(&app, "year", days(365)).await;
        let clock = ManualClock::new(Timestamp(SystemClock.now().0 + 360 * DAY_MS));
        assert_eq!(warned(&app, &clock).await, names(&[("year", 7)]));
    }

    async fn a_token_is_not_warned_of_that_was_given_no_more_time_than_that(app: App) {
        token(&app, "hour", Duration::from_secs(3_600)).await;
        token(&app, "week", days(7)).await;
        let clock = ManualClock::new(SystemClock.now());
        assert_eq!(warned(&app, &clock).await, []);
        clock.advance(6 * DAY_MS + DAY_MS / 2);
        assert_eq!(warned(&app, &clock).await, names(&[("week", 1)]));
    }

    async fn a_token_out_of_use_is_not_warned_of_and_a_new_expiry_begins_anew(app: App) {
        token(&app, "year", days(365)).await;
        let clock = ManualClock::new(Timestamp(SystemClock.now().0 + 350 * DAY_MS));
        let (operator, directory) = (app.operator(), app.row().await);
        tokens::deactivate(&operator, &directory, "year").await.expect("deactivates");
        assert_eq!(warned(&app, &clock).await, []);
        tokens::activate(&operator, &directory, "year").await.expect("activates");
        assert_eq!(warned(&app, &clock).await, names(&[("year", 30)]));
        let expires = Some(Some(Timestamp(clock.now().0 + 400 * DAY_MS)));
        tokens::edit(&operator, &directory, "year", Edit { expires, ..Edit::default() }).await.expect("changes");
        assert_eq!(warned(&app, &clock).await, []);
        clock.advance(380 * DAY_MS);
        assert_eq!(warned(&app, &clock).await, names(&[("year", 30)]));
    }
}
