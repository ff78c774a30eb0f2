//! The accept loop, the caps on connections, draining.

use super::body::RequestBody;
use super::{ServerOptions, connection, refusal};
use crate::http::client::Peer;
use bytes::Bytes;
use hyper::body::Body;
use hyper::{Request, Response};
use std::collections::HashMap;
use std::convert::Infallible;
use std::error::Error;
use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{Instant, sleep, sleep_until, timeout_at};
use tower::Service;

/// For how long accepting rests after an error such as "too many open files": doubled each time, from the first to the second.
const ACCEPT_BACKOFF: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(1));

/// How long the kernel's queue has to stay empty to count as empty when the server stops accepting.
const BACKLOG_QUIET: Duration = Duration::from_millis(10);

/// For how long the server waits for that, at most, and how many connections it takes meanwhile: more than a queue holds, so
/// that clients who go on connecting take none of the time for draining.
const BACKLOG_MAX: (Duration, usize) = (Duration::from_millis(250), 8_192);

/// Why a server did not end well.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ServerError {
    /// The time for draining was over before the requests were.
    #[error("{connections} connections were cut because they did not end within the drain timeout")]
    Undrained {
        /// How many were cut.
        connections: usize,
    },
}

/// Serves `service` on `listener` until `shutdown` completes, then drains.
///
/// Draining: what the kernel has accepted is still served, requests under way are answered, quiet connections are
/// closed, and nothing new is accepted. `service` is cloned for each request; an axum `Router` is one.
///
/// # Errors
/// [`ServerError::Undrained`]: connections had to be cut.
pub async fn run<S, F, B>(
    listener: TcpListener,
    service: S,
    options: ServerOptions,
    shutdown: impl Future<Output = ()>,
) -> Result<(), ServerError>
where
    S: Service<Request<RequestBody>, Response = Response<B>, Error = Infallible, Future = F> + Clone + Send + Sync + 'static,
    F: Future<Output = Result<Response<B>, Infallible>> + Send + 'static,
    B: Body<Data = Bytes> + Unpin + Send + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let (drain, draining) = watch::channel(false);
    let drain_timeout = options.drain_timeout;
    let mut connections = Connections::new(service, Arc::new(options), draining);
    let mut shutdown = pin!(shutdown);
    let mut backoff = ACCEPT_BACKOFF.0;
    let mut resume = pin!(sleep_until(Instant::now()));
    let mut resting = false;
    loop {
        tokio::select! {
            biased;
            () = &mut shutdown => break,
            Some(ended) = connections.tasks.join_next_with_id() => connections.release(ended),
            () = &mut resume, if resting => resting = false,
            accepted = listener.accept(), if !resting => match accepted {
                Ok((stream, peer)) => {
                    backoff = ACCEPT_BACKOFF.0;
                    connections.admit(stream, peer.ip());
                }
                Err(error) if concerns_one_connection(&error) => {}
                Err(error) => {
                    tracing::warn!(error = %error, "connections cannot be accepted for a moment");
                    resume.as_mut().reset(Instant::now() + backoff);
                    resting = true;
                    backoff = (backoff * 2).min(ACCEPT_BACKOFF.1);
                }
            },
        }
    }

    // The receivers are in `connections`, so somebody listens.
    drain.send_replace(true);
    let deadline = Instant::now() + drain_timeout;
    connections.admit_backlog(&listener).await;
    drop(listener);
    connections.finish(deadline).await
}

/// The connections that are open, and how many of them each address has.
struct Connections<S> {
    service: S,
    options: Arc<ServerOptions>,
    draining: watch::Receiver<bool>,
    tasks: JoinSet<()>,
    addresses: HashMap<Id, IpAddr>,
    per_address: HashMap<IpAddr, usize>,
}

impl<S, F, B> Connections<S>
where
    S: Service<Request<RequestBody>, Response = Response<B>, Error = Infallible, Future = F> + Clone + Send + Sync + 'static,
    F: Future<Output = Result<Response<B>, Infallible>> + Send + 'static,
    B: Body<Data = Bytes> + Unpin + Send + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    fn new(service: S, options: Arc<ServerOptions>, draining: watch::Receiver<bool>) -> Self {
        Self { service, options, draining, tasks: JoinSet::new(), addresses: HashMap::new(), per_address: HashMap::new() }
    }

    fn admit(&mut self, stream: TcpStream, address: IpAddr) {
        let of_address = self.per_address.entry(address).or_default();
        if self.tasks.len() >= self.options.connections_max || *of_address >= self.options.connections_per_address_max {
            if *of_address == 0 {
                self.per_address.remove(&address);
            }
            self.options.counts.refuse();
            if self.options.tls.is_none() {
                // Best effort: whoever does not take it at once gets a closed connection.
                let _sent = stream.try_write(&refusal::response(503));
            }
            return;
        }
        *of_address += 1;
        // Without it a small reply may wait for the acknowledgement of the one before.
        let _set = stream.set_nodelay(true);
        let task = connection::accept(stream, Peer(address), self.service.clone(), self.options.clone(), self.draining.clone());
        let id = self.tasks.spawn(task).id();
        self.addresses.insert(id, address);
        self.options.counts.set_open(self.tasks.len());
    }

    fn release(&mut self, ended: Result<(Id, ()), JoinError>) {
        self.options.counts.set_open(self.tasks.len());
        let id = match &ended {
            Ok((id, ())) => *id,
            Err(error) => {
                tracing::error!(error = %error, "the task of a connection failed");
                error.id()
            }
        };
        let Some(address) = self.addresses.remove(&id) else { return };
        if let Some(of_address) = self.per_address.get_mut(&address) {
            *of_address -= 1;
            if *of_address == 0 {
                self.per_address.remove(&address);
            }
        }
    }

    /// Takes the connections that the kernel has accepted: closing the listener would reset them.
    async fn admit_backlog(&mut self, listener: &TcpListener) {
        let mut end = pin!(sleep(BACKLOG_MAX.0));
        let mut quiet = pin!(sleep(BACKLOG_QUIET));
        let mut taken = 0;
        while taken < BACKLOG_MAX.1 {
            tokio::select! {
                // The timers come last: they count only when the queue is empty.
                biased;
                Some(ended) = self.tasks.join_next_with_id() => self.release(ended),
                accepted = listener.accept() => {
                    taken += 1;
                    quiet.as_mut().reset(Instant::now() + BACKLOG_QUIET);
                    match accepted {
                        Ok((stream, peer)) => self.admit(stream, peer.ip()),
                        Err(error) if concerns_one_connection(&error) => {}
                        Err(_) => return,
                    }
                }
                () = &mut quiet => return,
                () = &mut end => return,
            }
        }
    }

    async fn finish(mut self, deadline: Instant) -> Result<(), ServerError> {
        let all = async { while self.tasks.join_next().await.is_some() {} };
        if timeout_at(deadline, all).await.is_ok() {
            return Ok(());
        }
        let connections = self.tasks.len();
        self.tasks.shutdown().await;
        Err(ServerError::Undrained { connections })
    }
}

/// Whether an error of `accept` is that of the connection in question, and the next one may be fine.
fn concerns_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::Interrupted
    )
}
