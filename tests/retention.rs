//! What a running server forgets by itself: what operators did longer ago than `admin.audit_days_max`.

#[path = "support/app.rs"]
mod app;

use app::App;
use futures_util::future::join_all;
use scimd::admin::operator::Act;
use scimd::admin::{Operator, accounts, audit, directories};
use scimd::app::{Listening, serve};
use scimd::clock::{Clock, ManualClock, SystemClock, Timestamp};
use scimd::config::{Config, Sources};
use scimd::directory::settings::Settings;
use scimd::store::audit::AuditFilter;
use scimd::store::operator::{Operation, Role};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

const DAY_MS: i64 = 86_400_000;

/// Nothing that these tests wait for takes longer, however busy the machine is.
const PATIENCE: Duration = Duration::from_secs(60);

/// What was created, the latest first.
async fn acts(app: &App) -> Vec<String> {
    let rows = app.store.audit(&AuditFilter::default(), None, 100).await.expect("answers");
    rows.into_iter().map(|row| format!("{} {}", row.act, row.target_name)).collect()
}

/// Serves the App's database until `done` says so.
async fn serve_until(app: &App, audit_days_max: u32, done: impl AsyncFn() -> bool) {
    let mut config = Config::load(&Sources::default()).expect("the defaults are valid");
    config.admin.audit_days_max = audit_days_max;
    config.request_log.enabled = false;
    let store = app.reopened(|_| ()).await.store;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let bound = listener.local_addr().expect("bound");
    let (stop, stopped) = oneshot::channel::<()>();
    let listening = Listening { listener, bound, tls: None, metrics: None };
    let served = tokio::spawn(async move { serve(&config, store, listening, async { drop(stopped.await) }).await });
    timeout(PATIENCE, async {
        while !done().await {
            sleep(Duration::from_millis(10)).await;
        }
    })
    .await
    .expect("in time");
    stop.send(()).expect("running");
    served.await.expect("no panic").expect("drains");
}

on_both_back_ends! {
    async fn the_record_is_forgotten_after_its_time_and_what_is_left_is_whole(app: App) {
        // What the App itself did, as if it had been a year ago.
        let aged = "UPDATE audit SET at = at - 31536000000";
        app.execute(aged, aged).await;
        let long_ago = ManualClock::new(Timestamp(SystemClock.now().0 - 40 * DAY_MS));
        for name in ["first", "second", "third"] {
            let operator = Operator { clock: &long_ago, ..app.operator() };
            accounts::create(&operator, name, Role::Viewer, None).await.expect("creates");
            long_ago.advance(6 * DAY_MS);
        }
        accounts::create(&app.operator(), "now", Role::Viewer, None).await.expect("creates");
        assert!(acts(&app).await.len() > 4);

        serve_until(&app, 30, async || acts(&app).await.len() <= 2).await;
        assert_eq!(acts(&app).await, ["account.create now", "account.create third"]);
        let left = audit::verify(&*app.store).await.expect("reads");
        assert_eq!((left.rows, left.broken), (2, None));

        // What retention left is where the record begins: who takes away more is seen.
        let first = app.store.audit_after(&AuditFilter::default(), 0, 1).await.expect("answers")[0].seq;
        let one = "DELETE FROM audit WHERE seq = (SELECT min(seq) FROM audit)";
        app.execute(one, one).await;
        let left = audit::verify(&*app.store).await.expect("reads");
        assert_eq!((left.rows, left.broken), (1, Some(first + 1)));
        app.execute(one, one).await;
        let left = audit::verify(&*app.store).await.expect("reads");
        assert_eq!((left.rows, left.broken), (0, Some(first)));
    }

    async fn the_record_is_whole_to_who_verifies_it_while_it_is_forgotten(app: App) {
        let operator = app.operator();
        // More than are read at a time.
        let acts = (0..1_200).map(|_| operator.act(Act { name: "test", ..Act::default() }, Operation::Record));
        for done in join_all(acts).await {
            done.expect("is put on record");
        }
        let forgetting = async {
            while app.store.forget_audit(Timestamp(i64::MAX), 90).await.expect("forgets") > 0 {}
        };
        let verifying = async {
            loop {
                let found = audit::verify(&*app.store).await.expect("reads");
                assert_eq!(found.broken, None, "{found:?}");
                if found.rows == 1 {
                    break;
                }
            }
        };
        timeout(PATIENCE, async { tokio::join!(forgetting, verifying) }).await.expect("in time");
    }

    async fn without_a_limit_nothing_is_forgotten(app: App) {
        let long_ago = ManualClock::new(Timestamp(0));
        let operator = Operator { clock: &long_ago, ..app.operator() };
        directories::create(&operator, "old", "", "generic", &Settings::default()).await.expect("creates");
        let before = acts(&app).await;
        serve_until(&app, 0, async || true).await;
        assert_eq!(acts(&app).await, before);
    }
}
