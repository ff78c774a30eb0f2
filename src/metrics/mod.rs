//! What the server counts and measures, in the text format of OpenMetrics; `docs/metrics.md` lists it all.
//!
//! Labels come from small sets: names of Directories and tokens, which operators give, and words of this source. Nothing that a client
//! writes becomes one, and there is a limit to how many series there are.
//!
//! What other parts know anyway, such as the length of a queue, is read when somebody asks for the metrics:
//! [`Metrics::read_gauge`] and [`Metrics::read_counter`] take a function for it.
//!
//! - `read`: metrics that are read at that moment

mod read;

pub use read::TokenExpiry;

use crate::clock::Clock;
use prometheus_client::encoding::text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use read::{ExpiringTokens, Kind, Reading};
use std::borrow::Cow;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The media type of [`Metrics::text`].
pub const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// How many combinations of labels requests are counted by; above it the Directory of a new one is [`OTHERS`].
const REQUEST_SERIES_MAX: usize = 10_000;

/// What stands for all Directories that have no series of their own.
const OTHERS: &str = "(others)";

/// How many tokens are shown with their expiry: those that expire first.
pub const TOKENS_MAX: usize = 100;

/// The upper bounds of the latency's buckets, in seconds.
const LATENCY_BUCKETS_S: [f64; 14] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

type Labels<const N: usize> = [(&'static str, Cow<'static, str>); N];

/// All metrics of a server.
#[derive(Debug)]
pub struct Metrics {
    registry: Mutex<Registry>,
    requests: Family<Labels<4>, Counter>,
    /// How many combinations of labels `requests` has, and has turned away.
    request_series: AtomicUsize,
    latency: Family<Labels<2>, Histogram, Buckets>,
    authentication_failures: Family<Labels<1>, Counter>,
    limits: Family<Labels<1>, Counter>,
    quirks: Family<Labels<1>, Counter>,
    expiry_warnings: Family<Labels<1>, Counter>,
    expiring: Arc<Mutex<Vec<TokenExpiry>>>,
}

/// One answered request.
#[derive(Debug, Clone, Copy)]
pub struct Answered<'a> {
    /// The name of the Directory, if the request was for one.
    pub directory: Option<&'a str>,
    /// The method.
    pub method: &'static str,
    /// The endpoint, as a template; empty: none was found.
    pub route: &'static str,
    /// The status of the answer.
    pub status: u16,
    /// How long the answer took.
    pub duration: Duration,
}

#[derive(Debug, Clone, Copy)]
struct Buckets;

impl MetricConstructor<Histogram> for Buckets {
    fn new_metric(&self) -> Histogram {
        Histogram::new(LATENCY_BUCKETS_S)
    }
}

impl Metrics {
    /// Metrics that are all 0.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let metrics = Self {
            registry: Mutex::new(Registry::with_prefix("scimd")),
            requests: Family::default(),
            request_series: AtomicUsize::new(0),
            latency: Family::new_with_constructor(Buckets),
            authentication_failures: Family::default(),
            limits: Family::default(),
            quirks: Family::default(),
            expiry_warnings: Family::default(),
            expiring: Arc::default(),
        };
        {
            let mut registry = metrics.registry();
            registry.register("requests", "Requests that were answered", metrics.requests.clone());
            registry.register("request_duration_seconds", "Time from a request's head to its answer", metrics.latency.clone());
            let failures = metrics.authentication_failures.clone();
            registry.register("authentication_failures", "Requests whose credentials were refused", failures);
            registry.register("limits_hit", "Requests that were refused because of a limit", metrics.limits.clone());
            registry.register("quirks_applied", "Requests that a quirk rewrote", metrics.quirks.clone());
            let warnings = metrics.expiry_warnings.clone();
            registry.register("token_expiry_warnings", "Warnings that a token expires soon", warnings);
            let expiring = ExpiringTokens { tokens: metrics.expiring.clone(), clock };
            registry.register_collector(Box::new(expiring));
        }
        metrics
    }

    /// Counts a request.
    pub fn answered(&self, answered: Answered<'_>) {
        let Answered { directory, method, route, status, duration } = answered;
        let mut labels = [
            ("directory", Cow::Owned(directory.unwrap_or_default().to_owned())),
            ("method", Cow::Borrowed(method)),
            ("route", Cow::Borrowed(route)),
            ("status", Cow::Owned(status.to_string())),
        ];
        if self.requests.get(&labels).is_none() && self.request_series.fetch_add(1, Relaxed) >= REQUEST_SERIES_MAX {
            labels[0].1 = Cow::Borrowed(OTHERS);
        }
        self.requests.get_or_create(&labels).inc();
        let labels = [("method", Cow::Borrowed(method)), ("route", Cow::Borrowed(route))];
        self.latency.get_or_create(&labels).observe(duration.as_secs_f64());
    }

    /// Counts a request whose credentials were refused.
    pub fn denied(&self, reason: &'static str) {
        self.authentication_failures.get_or_create(&[("reason", Cow::Borrowed(reason))]).inc();
    }

    /// Counts a request that was refused because of a limit.
    pub fn limit_hit(&self, limit: &'static str) {
        self.limits.get_or_create(&[("limit", Cow::Borrowed(limit))]).inc();
    }

    /// Counts a request that a quirk rewrote.
    pub fn quirk_applied(&self, quirk: &'static str) {
        self.quirks.get_or_create(&[("quirk", Cow::Borrowed(quirk))]).inc();
    }

    /// Counts a warning that was given so many days before a token's expiry.
    pub fn expiry_warning(&self, days: i64) {
        self.expiry_warnings.get_or_create(&[("days", Cow::Owned(days.to_string()))]).inc();
    }

    /// Shows these tokens with the days until their expiry; of more than [`TOKENS_MAX`] the first.
    pub fn show_expiring(&self, mut tokens: Vec<TokenExpiry>) {
        tokens.truncate(TOKENS_MAX);
        *self.expiring.lock().unwrap_or_else(PoisonError::into_inner) = tokens;
    }

    /// Shows what `read` says at the moment that somebody looks, as a value that goes up and down.
    pub fn read_gauge(&self, name: &'static str, help: &'static str, read: impl Fn() -> u64 + Send + Sync + 'static) {
        self.registry().register_collector(Box::new(Reading { name, help, kind: Kind::Gauge, read: Box::new(read) }));
    }

    /// The same, as a value that only goes up, from the start of the server on. `_total` is appended to the name.
    pub fn read_counter(&self, name: &'static str, help: &'static str, read: impl Fn() -> u64 + Send + Sync + 'static) {
        self.registry().register_collector(Box::new(Reading { name, help, kind: Kind::Counter, read: Box::new(read) }));
    }

    /// All metrics as they are now, in the form of [`MEDIA_TYPE`].
    pub fn text(&self) -> String {
        let mut text = String::new();
        text::encode(&mut text, &self.registry()).expect("a String takes whatever is written to it");
        text
    }

    fn registry(&self) -> std::sync::MutexGuard<'_, Registry> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{ManualClock, Timestamp};

    fn metrics() -> (Metrics, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::new(Timestamp(0)));
        (Metrics::new(clock.clone()), clock)
    }

    #[track_caller]
    fn check(metrics: &Metrics, lines: &[&str]) {
        let text = metrics.text();
        for line in lines {
            assert!(text.lines().any(|found| found == *line), "{line:?} is not in\n{text}");
        }
        assert!(text.ends_with("# EOF\n"), "{text}");
    }

    fn request(directory: &str) -> Answered<'_> {
        let duration = Duration::from_millis(3);
        Answered { directory: Some(directory), method: "GET", route: "/{type}/{id}", status: 200, duration }
    }

    #[test]
    fn requests_are_counted_and_timed() {
        let (metrics, _) = metrics();
        metrics.answered(request("acme"));
        metrics.answered(request("acme"));
        metrics.answered(Answered { directory: None, route: "", status: 401, ..request("") });
        check(
            &metrics,
            &[
                "scimd_requests_total{directory=\"acme\",method=\"GET\",route=\"/{type}/{id}\",status=\"200\"} 2",
                "scimd_requests_total{directory=\"\",method=\"GET\",route=\"\",status=\"401\"} 1",
                "scimd_request_duration_seconds_count{method=\"GET\",route=\"/{type}/{id}\"} 2",
                "scimd_request_duration_seconds_bucket{le=\"0.0025\",method=\"GET\",route=\"/{type}/{id}\"} 0",
                "scimd_request_duration_seconds_bucket{le=\"0.005\",method=\"GET\",route=\"/{type}/{id}\"} 2",
            ],
        );
    }

    #[test]
    fn there_are_no_more_series_than_there_is_room_for() {
        let (metrics, _) = metrics();
        for directory in 0..=REQUEST_SERIES_MAX {
            metrics.answered(request(&format!("d{directory}")));
        }
        metrics.answered(request("d0"));
        metrics.answered(request("one more"));
        assert_eq!(metrics.text().matches("scimd_requests_total{").count(), REQUEST_SERIES_MAX + 1);
        check(
            &metrics,
            &[
                "scimd_requests_total{directory=\"d0\",method=\"GET\",route=\"/{type}/{id}\",status=\"200\"} 2",
                "scimd_requests_total{directory=\"(others)\",method=\"GET\",route=\"/{type}/{id}\",status=\"200\"} 2",
            ],
        );
    }

    #[test]
    fn days_until_an_expiry_go_by_with_the_clock() {
        let (metrics, clock) = metrics();
        let token = |token: &str, days: i64| TokenExpiry {
            directory: "acme".into(),
            token: token.into(),
            expires: Timestamp(days * 86_400_000),
        };
        metrics.show_expiring((2..200).map(|days| token(&format!("t{days}"), days)).collect());
        clock.advance(43_200_000);
        let text = metrics.text();
        assert!(text.contains("scimd_token_expiry_days{directory=\"acme\",token=\"t2\"} 1.5\n"), "{text}");
        assert_eq!(text.matches("scimd_token_expiry_days{").count(), TOKENS_MAX);
        metrics.show_expiring(vec![token("a \"quoted\"\nname", 1)]);
        let text = metrics.text();
        assert!(text.contains("{directory=\"acme\",token=\"a \\\"quoted\\\"\\nname\"} 0.5\n"), "{text}");
    }

    #[test]
    fn what_others_know_is_read_at_the_moment() {
        let (metrics, _) = metrics();
        let value = Arc::new(std::sync::atomic::AtomicU64::new(1));
        let (gauge, counter) = (value.clone(), value.clone());
        metrics.read_gauge("queue_length", "Waiting", move || gauge.load(std::sync::atomic::Ordering::Relaxed));
        metrics.read_counter("drops", "Dropped", move || counter.load(std::sync::atomic::Ordering::Relaxed));
        value.store(7, std::sync::atomic::Ordering::Relaxed);
        check(&metrics, &["scimd_queue_length 7", "scimd_drops_total 7", "# TYPE scimd_drops counter"]);
    }
}
