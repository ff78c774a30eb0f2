//! The request's body, with its timer, and the reply's, whose end is noticed.

use super::ServerOptions;
use super::progress::{Phase, Progress};
use super::timer::Timer;
use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::Instant;

/// A request's body that has to arrive in time and at a minimum rate.
///
/// One that does not fails with [`io::ErrorKind::TimedOut`]. The time counts from the first reading on, because
/// what the server did before is not the client's fault.
#[derive(Debug)]
pub struct RequestBody {
    inner: Incoming,
    progress: Arc<Progress>,
    options: Arc<ServerOptions>,
    started: Option<Instant>,
    received: u64,
    timer: Timer,
}

impl RequestBody {
    pub(super) fn new(inner: Incoming, progress: Arc<Progress>, options: Arc<ServerOptions>) -> Self {
        progress.set_unread(!inner.is_end_stream());
        Self { inner, progress, options, started: None, received: 0, timer: Timer::default() }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let this = self.get_mut();
        let started = *this.started.get_or_insert_with(Instant::now);
        match Pin::new(&mut this.inner).poll_frame(cx) {
            Poll::Ready(frame) => {
                if let Some(Ok(frame)) = &frame {
                    this.received += frame.data_ref().map_or(0, |data| data.len() as u64);
                }
                if frame.is_none() || this.inner.is_end_stream() {
                    this.progress.set_unread(false);
                }
                Poll::Ready(frame.map(|frame| frame.map_err(io::Error::other)))
            }
            Poll::Pending => match this.timer.poll(deadline(started, this.received, &this.options), cx) {
                Poll::Ready(()) => Poll::Ready(Some(Err(io::ErrorKind::TimedOut.into()))),
                Poll::Pending => Poll::Pending,
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// Until when the next bytes have to come, `received` bytes after `started`.
fn deadline(started: Instant, received: u64, options: &ServerOptions) -> Instant {
    match received.saturating_mul(1_000).checked_div(u64::from(options.body_rate_min)) {
        Some(earned_ms) => {
            started + options.body_timeout.min(options.body_grace.saturating_add(Duration::from_millis(earned_ms)))
        }
        None => started + options.body_timeout,
    }
}

/// A reply's body; when it is gone, the connection is idle.
#[derive(Debug)]
pub(super) struct ReplyBody<B> {
    inner: B,
    progress: Arc<Progress>,
}

impl<B> ReplyBody<B> {
    pub(super) fn new(inner: B, progress: Arc<Progress>) -> Self {
        Self { inner, progress }
    }
}

impl<B: Body + Unpin> Body for ReplyBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        Pin::new(&mut self.inner).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl<B> Drop for ReplyBody<B> {
    fn drop(&mut self) {
        self.progress.enter(Phase::Idle);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_has_the_grace_then_its_rate_and_never_more_than_the_timeout() {
        let options = ServerOptions {
            body_timeout: Duration::from_secs(30),
            body_grace: Duration::from_secs(10),
            body_rate_min: 1_000,
            ..ServerOptions::default()
        };
        let started = Instant::now();
        let seconds = |received| (deadline(started, received, &options) - started).as_secs();
        assert_eq!(seconds(0), 10);
        assert_eq!(seconds(999), 10);
        assert_eq!(seconds(5_000), 15);
        assert_eq!(seconds(20_000), 30);
        assert_eq!(seconds(u64::MAX), 30);
        let anyhow = ServerOptions { body_rate_min: 0, ..options };
        assert_eq!((deadline(started, 0, &anyhow) - started).as_secs(), 30);
    }
}
