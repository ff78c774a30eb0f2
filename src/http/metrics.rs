//! The metrics, on a listener of their own: who may reach that may read them.

use crate::metrics::{MEDIA_TYPE, Metrics};
use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use std::sync::Arc;

/// `GET /metrics`, and nothing else.
pub fn router(metrics: Arc<Metrics>) -> Router {
    Router::new().route("/metrics", get(async move || ([(CONTENT_TYPE, MEDIA_TYPE)], metrics.text())))
}
