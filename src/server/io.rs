//! The socket of a connection: it notices when a head begins, times writing, and closes without losing a reply.

use super::progress::{Phase, Progress};
use super::timer::Timer;
use super::{ServerOptions, refusal};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

/// A stream that fails with [`io::ErrorKind::TimedOut`] when the client takes nothing for too long; hyper then ends the
/// connection. When a client has to send is a matter of the connection: see [`Progress::read_deadline`].
#[derive(Debug)]
pub(super) struct TimedStream<T> {
    inner: T,
    progress: Arc<Progress>,
    options: Arc<ServerOptions>,
    linger_timer: Timer,
    write_timer: Timer,
    /// Since when the client has taken nothing.
    write_stalled: Option<Instant>,
    /// A SCIM error that goes out in place of hyper's bare one.
    refusal: Option<Refusal>,
    /// Whether the client has said that it sends no more.
    ended: bool,
    linger: Linger,
}

#[derive(Debug)]
struct Refusal {
    response: Vec<u8>,
    sent: usize,
}

/// How far closing has come (R49).
#[derive(Debug)]
enum Linger {
    NotYet,
    Until { deadline: Instant, bytes_left: usize },
    Over,
}

impl<T> TimedStream<T> {
    pub(super) fn new(inner: T, progress: Arc<Progress>, options: Arc<ServerOptions>) -> Self {
        Self {
            inner,
            progress,
            options,
            linger_timer: Timer::default(),
            write_timer: Timer::default(),
            write_stalled: None,
            refusal: None,
            ended: false,
            linger: Linger::NotYet,
        }
    }

    /// Takes what one attempt to write came to, and fails if nothing has gone out for too long.
    fn timed<R>(&mut self, written: Poll<io::Result<R>>, cx: &mut Context<'_>) -> Poll<io::Result<R>> {
        if written.is_ready() {
            self.write_stalled = None;
            return written;
        }
        let stalled = *self.write_stalled.get_or_insert_with(Instant::now);
        ready!(self.write_timer.poll(stalled + self.options.write_timeout, cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> TimedStream<T> {
    /// Puts a SCIM error in the place of what hyper writes, if that is its bare answer to a head that it could not read.
    /// `Some`: this write is dealt with, and hyper has to believe that its bytes are out.
    fn poll_refusal(&mut self, head: &[u8], cx: &mut Context<'_>) -> Option<Poll<io::Result<()>>> {
        if self.refusal.is_none() {
            if self.progress.phase() != Phase::Head {
                return None;
            }
            let status = refusal::status_of_bare_refusal(head)?;
            self.progress.set_unread(true);
            self.refusal = Some(Refusal { response: refusal::response(status), sent: 0 });
        }
        let refusal = self.refusal.as_mut()?;
        while refusal.sent < refusal.response.len() {
            match Pin::new(&mut self.inner).poll_write(cx, &refusal.response[refusal.sent..]) {
                Poll::Ready(Ok(0)) => return Some(Poll::Ready(Err(io::ErrorKind::WriteZero.into()))),
                Poll::Ready(Ok(sent)) => refusal.sent += sent,
                Poll::Ready(Err(error)) => return Some(Poll::Ready(Err(error))),
                Poll::Pending => return Some(self.timed(Poll::Pending, cx)),
            }
        }
        Some(Poll::Ready(Ok(())))
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for TimedStream<T> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        match Pin::new(&mut this.inner).poll_read(cx, buffer) {
            Poll::Ready(read) => {
                if buffer.filled().len() > before {
                    if matches!(this.progress.phase(), Phase::Fresh | Phase::Idle) {
                        this.progress.enter(Phase::Head);
                    }
                } else {
                    this.ended = true;
                }
                Poll::Ready(read)
            }
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncWrite for TimedStream<T> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if let Some(refused) = this.poll_refusal(bytes, cx) {
            return refused.map_ok(|()| bytes.len());
        }
        let written = Pin::new(&mut this.inner).poll_write(cx, bytes);
        this.timed(written, cx)
    }

    fn poll_write_vectored(self: Pin<&mut Self>, cx: &mut Context<'_>, slices: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if let Some(refused) = this.poll_refusal(slices.first().map_or(&[], |slice| slice), cx) {
            return refused.map_ok(|()| slices.iter().map(|slice| slice.len()).sum());
        }
        let written = Pin::new(&mut this.inner).poll_write_vectored(cx, slices);
        this.timed(written, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let flushed = Pin::new(&mut this.inner).poll_flush(cx);
        this.timed(flushed, cx)
    }

    /// Closes, after reading on for a while if the client may still be sending: closing a socket with unread bytes sends a
    /// reset, and the reset takes the reply away from a client that has not read it yet.
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        loop {
            match &mut this.linger {
                Linger::NotYet => {
                    ready!(Pin::new(&mut this.inner).poll_shutdown(cx))?;
                    this.linger = if this.progress.unread() && !this.ended {
                        let deadline = Instant::now() + this.options.linger_timeout;
                        Linger::Until { deadline, bytes_left: this.options.linger_bytes_max }
                    } else {
                        Linger::Over
                    };
                }
                Linger::Until { deadline, bytes_left } => {
                    let mut scratch = [0; 8 * 1024];
                    let mut buffer = ReadBuf::new(&mut scratch);
                    let over = match Pin::new(&mut this.inner).poll_read(cx, &mut buffer) {
                        Poll::Ready(read) => {
                            *bytes_left = bytes_left.saturating_sub(buffer.filled().len());
                            // A trickle is never pending, so the deadline is looked at here too.
                            read.is_err() || buffer.filled().is_empty() || *bytes_left == 0 || Instant::now() >= *deadline
                        }
                        Poll::Pending => {
                            ready!(this.linger_timer.poll(*deadline, cx));
                            true
                        }
                    };
                    if over {
                        this.linger = Linger::Over;
                    }
                }
                Linger::Over => return Poll::Ready(Ok(())),
            }
        }
    }
}
