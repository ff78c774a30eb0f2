//! Traces, sent to a collector over OTLP, protobuf in HTTP.
//!
//! Spans are those of the target [`TARGET`], which the log leaves out; they hold templates, numbers and ids, and nothing that a
//! client wrote. They wait in a queue with a limit for a thread of the library, so a collector that is slow or away costs traces,
//! and never a request.

use crate::config::TracesConfig;
use opentelemetry::propagation::{Extractor, TextMapPropagator as _};
use opentelemetry::trace::{TraceContextExt as _, TracerProvider as _};
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::{ExporterBuildError, Protocol, WithExportConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider, SpanData, SpanExporter};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tracing::{Span, Subscriber};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;

/// The target of spans that are part of a trace.
pub const TARGET: &str = "scimd::span";

/// The header that names the trace of a request (W3C Trace Context).
pub const TRACEPARENT: &str = "traceparent";

/// How long the collector may take for one batch.
const EXPORT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long what is left may take at the end.
const FINISH_TIMEOUT: Duration = Duration::from_secs(5);

/// The traces of this process.
#[derive(Debug)]
pub struct Traces(SdkTracerProvider);

impl Traces {
    /// Begins to send traces to the collector; it need not be there. Inside the runtime on which they will be sent.
    ///
    /// # Errors
    /// The endpoint is no URL.
    pub fn start(config: &TracesConfig) -> Result<Self, ExporterBuildError> {
        let exporter = opentelemetry_otlp::SpanExporter::builder()
            .with_http()
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(format!("{}/v1/traces", config.endpoint))
            .with_timeout(EXPORT_TIMEOUT)
            .build()?;
        let resource = Resource::builder_empty()
            .with_attributes([
                KeyValue::new("service.name", "scimd"),
                KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
            ])
            .build();
        let provider = SdkTracerProvider::builder()
            .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(config.sampling_ratio))))
            .with_resource(resource)
            .with_batch_exporter(OnRuntime { exporter: Arc::new(exporter), runtime: Handle::current() })
            .build();
        Ok(Self(provider))
    }

    /// What makes traces of spans.
    pub fn layer<S: Subscriber + for<'s> LookupSpan<'s>>(&self) -> impl Layer<S> + use<S> {
        tracing_opentelemetry::layer()
            .with_tracer(self.0.tracer("scimd"))
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_filter(filter_fn(|metadata| metadata.target() == TARGET))
    }

    /// Sends what is left, within a time.
    pub async fn finish(self) {
        let finished = tokio::task::spawn_blocking(move || self.0.shutdown_with_timeout(FINISH_TIMEOUT)).await;
        if !matches!(finished, Ok(Ok(()))) {
            tracing::warn!("the last traces could not be sent");
        }
    }
}

/// Makes a span part of the trace that a `traceparent` names; if it is none, that of one which begins here.
pub fn continue_trace(span: &Span, traceparent: &str) {
    let parent = TraceContextPropagator::new().extract_with_context(&Context::new(), &Header(traceparent));
    // It fails for a span that nobody listens to.
    let _ = span.set_parent(parent);
}

/// Calls a span otherwise: what it is about is often known only at its end.
pub fn rename(span: &Span, name: &str) {
    span.context().span().update_name(name.to_owned());
}

struct Header<'a>(&'a str);

impl Extractor for Header<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        (key == TRACEPARENT).then_some(self.0)
    }

    fn keys(&self) -> Vec<&str> {
        vec![TRACEPARENT]
    }
}

/// An exporter whose HTTP client needs the runtime, which the library's thread has not.
#[derive(Debug)]
struct OnRuntime {
    exporter: Arc<opentelemetry_otlp::SpanExporter>,
    runtime: Handle,
}

impl SpanExporter for OnRuntime {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let exporter = self.exporter.clone();
        let exported = self.runtime.spawn(async move { exporter.export(batch).await }).await;
        exported.unwrap_or(Err(OTelSdkError::AlreadyShutdown))
    }

    fn set_resource(&mut self, resource: &Resource) {
        if let Some(exporter) = Arc::get_mut(&mut self.exporter) {
            exporter.set_resource(resource);
        }
    }
}
