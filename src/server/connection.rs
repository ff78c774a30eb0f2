//! The life of one connection.

use super::ServerOptions;
use super::body::{ReplyBody, RequestBody};
use super::io::TimedStream;
use super::progress::{Phase, Progress};
use super::timer::Timer;
use super::tls::handshake;
use crate::http::client::Peer;
use bytes::Bytes;
use hyper::body::{Body, Incoming};
use hyper::header::{CONNECTION, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::error::Error;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::sleep;
use tower::Service;

/// What hyper may have read of a connection beyond a head that is at its limit.
const READ_AHEAD_BYTES: usize = 16 * 1024;

/// Serves a connection, behind TLS if the server has it.
pub(super) async fn accept<S, B>(
    stream: TcpStream,
    peer: Peer,
    service: S,
    options: Arc<ServerOptions>,
    draining: watch::Receiver<bool>,
) where
    S: Service<Request<RequestBody>, Response = Response<B>, Error = Infallible> + Clone,
    B: Body<Data = Bytes> + Unpin + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let Some(tls) = &options.tls else { return serve(stream, peer, service, options, draining).await };
    if let Some(stream) = handshake::shake(stream, tls, &options, draining.clone()).await {
        // Boxed, so that a connection without TLS takes no room for one with it.
        Box::pin(serve(stream, peer, service, options, draining)).await;
    }
}

/// Serves the requests of a connection until either side ends it, a timer goes off, or the server drains.
async fn serve<T, S, B>(stream: T, peer: Peer, service: S, options: Arc<ServerOptions>, mut draining: watch::Receiver<bool>)
where
    T: AsyncRead + AsyncWrite + Unpin,
    S: Service<Request<RequestBody>, Response = Response<B>, Error = Infallible> + Clone,
    B: Body<Data = Bytes> + Unpin + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let progress = Arc::new(Progress::new());
    let io = TokioIo::new(TimedStream::new(stream, progress.clone(), options.clone()));
    let drain = draining.clone();
    let answer = service_fn(|request: Request<Incoming>| {
        progress.enter(Phase::Exchange);
        let mut request = request.map(|body| RequestBody::new(body, progress.clone(), options.clone()));
        request.extensions_mut().insert(peer);
        let reply = service.clone().call(request);
        let (progress, drain) = (progress.clone(), drain.clone());
        async move {
            let mut response = reply.await?;
            if *drain.borrow() {
                response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Ok::<_, Infallible>(response.map(|body| ReplyBody::new(body, progress)))
        }
    });
    let connection = http1::Builder::new()
        // The timers are those of the stream; hyper's own knows neither silent connections nor bodies.
        .header_read_timeout(None)
        .max_header_size(options.head_bytes_max)
        .max_buf_size(options.head_bytes_max + READ_AHEAD_BYTES)
        .serve_connection(io, answer);
    let mut watched = Watched { connection: pin!(connection), timer: Timer::default(), progress: &progress, options: &options };

    tokio::select! {
        () = watched.ended() => return,
        _ = draining.wait_for(|draining| *draining) => {}
    }
    // Every reply from here on closes its connection. A request may be under way on a quiet one, and hyper closes those
    // at once when it is told to; so it is told later, and not in the middle of a head.
    loop {
        tokio::select! {
            // What has come by the end of the grace is read before the end is noticed.
            biased;
            () = watched.ended() => return,
            () = sleep(options.drain_idle_grace) => {}
        }
        if progress.phase() != Phase::Head {
            break;
        }
    }
    watched.connection.as_mut().graceful_shutdown();
    watched.ended().await;
}

/// A connection and the timer of the phase that it is in.
///
/// The timer is not inside the stream, because hyper does not read again when a reply is sent and a read is pending.
struct Watched<'a, C> {
    connection: Pin<&'a mut C>,
    timer: Timer,
    progress: &'a Progress,
    options: &'a ServerOptions,
}

impl<C: Future> Watched<'_, C> {
    /// Waits until the connection has ended, or the client has let its time go by. How it ended (a broken or timed-out
    /// connection) concerns nobody but the client.
    async fn ended(&mut self) {
        poll_fn(|cx| {
            // First the connection, so that the deadline is that of the phase which it has come to.
            if self.connection.as_mut().poll(cx).is_ready() {
                return Poll::Ready(());
            }
            match self.progress.read_deadline(self.options) {
                Some(deadline) => self.timer.poll(deadline, cx),
                None => Poll::Pending,
            }
        })
        .await;
    }
}
