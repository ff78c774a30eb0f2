//! What a server does beside answering requests.

use super::Listening;
use crate::admin::definitions::{self, Timing, Tried};
use crate::admin::{Operator, audit, deletion, expiring, resources};
use crate::clock::{Clock, Timestamp};
use crate::http::{self, HttpState};
use crate::metrics::{TOKENS_MAX, TokenExpiry};
use crate::server::{self, ServerOptions, Tls};
use crate::store::OperatorStore;
use crate::store::audit::Actor;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Interval, MissedTickBehavior, interval};

/// How often the uses of tokens are written.
const USES_PERIOD: Duration = Duration::from_secs(5);

/// How often tokens that expire soon are looked for.
const WARNING_PERIOD: Duration = Duration::from_secs(60 * 60);

/// How often those that metrics show are.
const SHOWN_PERIOD: Duration = Duration::from_secs(60);

/// How often what is past its retention is looked for.
const RETENTION_PERIOD: Duration = Duration::from_secs(60 * 60);

/// How often deletions of Directories are that were left unfinished.
const DELETIONS_PERIOD: Duration = Duration::from_secs(60);

/// How often indexes are that were left unfinished.
const INDEXES_PERIOD: Duration = Duration::from_secs(60);

/// Milliseconds of a day.
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// How often the files of the certificate are read.
const CERTIFICATE_PERIOD: Duration = Duration::from_secs(5);

/// Connections of who asks for metrics.
const METRICS_CONNECTIONS_MAX: usize = 64;

/// The tasks beside the requests.
pub struct Background {
    state: Arc<HttpState>,
    store: Arc<dyn OperatorStore>,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Background {
    /// Starts them. `audit_days_max`: after how many days the record forgets what operators did; 0: never.
    pub fn start(state: &Arc<HttpState>, store: &Arc<dyn OperatorStore>, listening: &mut Listening, audit_days_max: u32) -> Self {
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        tasks.spawn(write_uses(state.clone(), store.clone(), stopped.clone()));
        tasks.spawn(warn(state.clone(), store.clone(), stopped.clone()));
        tasks.spawn(forget(state.clone(), store.clone(), audit_days_max, stopped.clone()));
        tasks.spawn(finish_deletions(state.clone(), store.clone(), stopped.clone()));
        tasks.spawn(finish_indexes(state.clone(), store.clone(), stopped.clone()));
        if let Some(tls) = listening.tls.clone() {
            tasks.spawn(follow(tls, stopped.clone()));
        }
        if let Some(listener) = listening.metrics.take() {
            tasks.spawn(show_expiring(state.clone(), store.clone(), stopped.clone()));
            tasks.spawn(serve_metrics(listener, state.clone(), stopped));
        }
        Self { state: state.clone(), store: store.clone(), stop, tasks }
    }

    /// Ends them, and writes what they have left; when no request is under way any more.
    pub async fn finish(mut self) {
        self.stop.send_replace(true);
        while self.tasks.join_next().await.is_some() {}
        if let Err(error) = self.state.uses.write(&*self.store).await {
            tracing::warn!(error = %error, "the last uses of tokens could not be written");
        }
    }
}

/// Waits for the next time. `false`: the server ends.
async fn next(times: &mut Interval, stopped: &mut watch::Receiver<bool>) -> bool {
    tokio::select! {
        biased;
        _ = stopped.wait_for(|stopped| *stopped) => false,
        _ = times.tick() => true,
    }
}

/// What comes of `work`. `None`: the server ends, and the work is left where it is.
async fn unless<T>(stopped: &mut watch::Receiver<bool>, work: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        _ = stopped.wait_for(|stopped| *stopped) => None,
        done = work => Some(done),
    }
}

/// From now on.
fn every(period: Duration) -> Interval {
    let mut times = interval(period);
    times.set_missed_tick_behavior(MissedTickBehavior::Delay);
    times
}

async fn write_uses(state: Arc<HttpState>, store: Arc<dyn OperatorStore>, mut stopped: watch::Receiver<bool>) {
    let mut times = every(USES_PERIOD);
    while next(&mut times, &mut stopped).await {
        if let Err(error) = state.uses.write(&*store).await {
            tracing::warn!(error = %error, "uses of tokens could not be written; they are tried again");
        }
    }
}

async fn warn(state: Arc<HttpState>, store: Arc<dyn OperatorStore>, mut stopped: watch::Receiver<bool>) {
    let mut times = every(WARNING_PERIOD);
    while next(&mut times, &mut stopped).await {
        let operator = the_server(&*store, &*state.clock);
        let warning = expiring::warn(&operator, |warning| state.metrics.expiry_warning(warning.days));
        if let Some(Err(error)) = unless(&mut stopped, warning).await {
            tracing::warn!(error = %error, "tokens that expire soon could not be looked for");
        }
    }
}

/// Forgets what is past its retention. Several servers on one database may all do it.
async fn forget(state: Arc<HttpState>, store: Arc<dyn OperatorStore>, audit_days_max: u32, mut stopped: watch::Receiver<bool>) {
    let mut times = every(RETENTION_PERIOD);
    while next(&mut times, &mut stopped).await {
        let now = state.clock.now();
        if audit_days_max > 0 {
            let until = Timestamp(now.0.saturating_sub(i64::from(audit_days_max) * DAY_MS));
            match unless(&mut stopped, audit::forget(&*store, until)).await {
                None => return,
                Some(Ok(0)) => {}
                Some(Ok(rows)) => tracing::info!(rows, "what operators did longer ago than admin.audit_days_max is forgotten"),
                Some(Err(error)) => tracing::warn!(error = %error, "the record could not be shortened; it is tried again"),
            }
        }
        match unless(&mut stopped, resources::forget_deleted(&*store, now)).await {
            None => return,
            Some(Ok(0)) => {}
            Some(Ok(resources)) => tracing::info!(resources, "what was deleted longer ago than its retention is forgotten"),
            Some(Err(error)) => {
                tracing::warn!(error = %error, "what was deleted long ago could not be forgotten; it is tried again");
            }
        }
    }
}

/// Goes on with deletions of Directories that were interrupted, here or elsewhere. What is under way when the server ends goes on
/// when one starts.
async fn finish_deletions(state: Arc<HttpState>, store: Arc<dyn OperatorStore>, mut stopped: watch::Receiver<bool>) {
    let mut times = every(DELETIONS_PERIOD);
    while next(&mut times, &mut stopped).await {
        let operator = the_server(&*store, &*state.clock);
        match unless(&mut stopped, deletion::resume(&operator)).await {
            None => return,
            Some(Ok(names)) => {
                names.iter().for_each(|name| tracing::info!(directory = %name, "the deletion of a Directory was finished"));
            }
            Some(Err(error)) => tracing::warn!(error = %error, "the deletion of a Directory goes on later"),
        }
    }
}

/// Goes on with indexes that interrupted changes have left, here or elsewhere. What is under way when the server ends goes on when one
/// starts.
async fn finish_indexes(state: Arc<HttpState>, store: Arc<dyn OperatorStore>, mut stopped: watch::Receiver<bool>) {
    let mut times = every(INDEXES_PERIOD);
    let mut tried = Tried::default();
    while next(&mut times, &mut stopped).await {
        let resumed = tokio::select! {
            biased;
            _ = stopped.wait_for(|stopped| *stopped) => return,
            resumed = definitions::resume(&*store, &*state.clock, Timing::default(), &mut tried) => resumed,
        };
        match resumed {
            Ok(applied) => {
                if applied.built > 0 {
                    tracing::info!(
                        resources = applied.examined,
                        indexes = applied.built,
                        "work on indexes that was left was finished"
                    );
                }
                for fault in &applied.unfinished {
                    tracing::warn!(index = %fault, "an index cannot be completed: searches do without it");
                }
            }
            Err(error) => tracing::warn!(error = %error, "work on indexes that was left goes on later"),
        }
    }
}

async fn show_expiring(state: Arc<HttpState>, store: Arc<dyn OperatorStore>, mut stopped: watch::Receiver<bool>) {
    let mut times = every(SHOWN_PERIOD);
    while next(&mut times, &mut stopped).await {
        let limit = u32::try_from(TOKENS_MAX).unwrap_or(u32::MAX);
        match expiring::first(&the_server(&*store, &*state.clock), limit).await {
            Ok(tokens) => {
                let shown = tokens
                    .into_iter()
                    .filter_map(|(directory, token)| Some(TokenExpiry { directory, token: token.name, expires: token.expires? }));
                state.metrics.show_expiring(shown.collect());
            }
            Err(error) => tracing::warn!(error = %error, "tokens that expire could not be looked for"),
        }
    }
}

async fn follow(tls: Arc<Tls>, mut stopped: watch::Receiver<bool>) {
    tokio::select! {
        _ = stopped.wait_for(|stopped| *stopped) => {}
        () = tls.follow(CERTIFICATE_PERIOD) => {}
    }
}

async fn serve_metrics(listener: TcpListener, state: Arc<HttpState>, mut stopped: watch::Receiver<bool>) {
    let options = ServerOptions {
        connections_max: METRICS_CONNECTIONS_MAX,
        connections_per_address_max: METRICS_CONNECTIONS_MAX,
        drain_idle_grace: Duration::ZERO,
        drain_timeout: Duration::from_secs(1),
        ..ServerOptions::default()
    };
    let shutdown = async move {
        let _ = stopped.wait_for(|stopped| *stopped).await;
    };
    // Whoever reads them at the end of the server may be cut.
    let _ = server::run(listener, http::metrics::router(state.metrics.clone()), options, shutdown).await;
}

fn the_server<'a>(store: &'a dyn OperatorStore, clock: &'a dyn Clock) -> Operator<'a> {
    Operator::new(store, clock, Actor::server())
}
