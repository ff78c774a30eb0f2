//! A request's body, with its limit; and what happens to one that nobody read (R49).

use super::error::HttpError;
use axum::body::{Body, Bytes};
use http_body_util::BodyExt;
use hyper::body::Body as _;
use std::error::Error;
use std::io;
use std::time::Duration;
use tokio::time::timeout;

/// The body of a request while it is being answered. Its timers are those of [`crate::server`].
#[derive(Debug)]
pub struct RequestBody {
    inner: Body,
    begun: bool,
    failed: bool,
    /// What was read, for a request that is answered anew.
    read: Option<Bytes>,
}

impl RequestBody {
    /// The body, not read yet.
    pub fn new(inner: Body) -> Self {
        Self { inner, begun: false, failed: false, read: None }
    }

    /// Reads it whole; what was read once is given again.
    ///
    /// # Errors
    /// 413 if it is longer than `bytes_max`, at once if it says so; 408 if it comes too slowly; 400 if it breaks off.
    pub async fn read(&mut self, bytes_max: usize) -> Result<Bytes, HttpError> {
        if let Some(read) = &self.read {
            return Ok(read.clone());
        }
        if self.inner.size_hint().lower() > bytes_max as u64 {
            return Err(HttpError::body_too_large(bytes_max));
        }
        let mut first = Bytes::new();
        let mut whole = Vec::new();
        while let Some(data) = self.next().await? {
            if first.len().max(whole.len()) + data.len() > bytes_max {
                return Err(HttpError::body_too_large(bytes_max));
            }
            // Most bodies come in one piece, which needs no copy.
            if first.is_empty() && whole.is_empty() {
                first = data;
            } else {
                if whole.is_empty() {
                    whole.extend_from_slice(&first);
                }
                whole.extend_from_slice(&data);
            }
        }
        let read = if whole.is_empty() { first } else { whole.into() };
        self.read = Some(read.clone());
        Ok(read)
    }

    /// Whether there is more of it that should be taken before answering.
    ///
    /// A client that waits to be asked (`Expect: 100-continue`) and was not, sends nothing when it reads the answer.
    pub fn is_left(&self, awaits_continue: bool) -> bool {
        !self.failed && !self.inner.is_end_stream() && (self.begun || !awaits_continue)
    }

    /// Reads on and throws away, up to `bytes_max` and for `duration` at most, so that a client that is still sending
    /// gets round to reading the answer. If there is more still, the connection closes after the answer.
    pub async fn drain(&mut self, bytes_max: usize, duration: Duration) {
        let reading = async {
            let mut drained = 0;
            while drained < bytes_max {
                match self.next().await {
                    Ok(Some(data)) => drained += data.len(),
                    Ok(None) | Err(_) => return,
                }
            }
        };
        // Being out of time is one of the ways in which it may end.
        let _timed_out = timeout(duration, reading).await;
    }

    async fn next(&mut self) -> Result<Option<Bytes>, HttpError> {
        self.begun = true;
        loop {
            return match self.inner.frame().await {
                None => Ok(None),
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => Ok(Some(data)),
                    // Trailers mean nothing in SCIM.
                    Err(_trailers) => continue,
                },
                Some(Err(error)) => {
                    self.failed = true;
                    Err(if timed_out(&error) { HttpError::request_timeout() } else { HttpError::body_broken() })
                }
            };
        }
    }
}

fn timed_out(error: &axum::Error) -> bool {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            return error.kind() == io::ErrorKind::TimedOut;
        }
        cause = error.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::StatusCode;
    use futures_util::stream;

    fn pieces(pieces: &'static [&'static str]) -> RequestBody {
        RequestBody::new(Body::from_stream(stream::iter(
            pieces.iter().map(|piece| Ok::<_, io::Error>(Bytes::from_static(piece.as_bytes()))),
        )))
    }

    #[tokio::test]
    async fn a_body_is_read_whole_up_to_its_limit() {
        for (body, expected) in [
            (RequestBody::new(Body::empty()), Ok("")),
            (RequestBody::new(Body::from("1234")), Ok("1234")),
            (RequestBody::new(Body::from("12345")), Err(StatusCode::PAYLOAD_TOO_LARGE)),
            (pieces(&["1", "", "23", "4"]), Ok("1234")),
            (pieces(&["12", "34", "5"]), Err(StatusCode::PAYLOAD_TOO_LARGE)),
            (pieces(&["12345"]), Err(StatusCode::PAYLOAD_TOO_LARGE)),
        ] {
            let mut body = body;
            let read = body.read(4).await;
            assert_eq!(read.as_deref().map_err(HttpError::status), expected.map(str::as_bytes));
            if read.is_ok() {
                assert_eq!(body.read(4).await, read, "for a request that is answered anew");
            }
        }
    }

    #[tokio::test]
    async fn slow_is_408_and_broken_off_is_400() {
        for (kind, status) in
            [(io::ErrorKind::TimedOut, StatusCode::REQUEST_TIMEOUT), (io::ErrorKind::UnexpectedEof, StatusCode::BAD_REQUEST)]
        {
            let failing = stream::iter([Ok(Bytes::from_static(b"{")), Err(io::Error::from(kind))]);
            let mut body = RequestBody::new(Body::from_stream(failing));
            assert_eq!(body.read(10).await.map_err(|error| error.status()), Err(status));
            assert!(!body.is_left(false), "nothing more will come");
        }
    }

    #[tokio::test]
    async fn draining_stops_at_its_limits() {
        let mut body = pieces(&["12", "34", "56"]);
        assert!(body.is_left(false));
        assert!(!body.is_left(true), "the client waits to be asked");
        body.drain(3, Duration::from_secs(5)).await;
        assert_eq!(body.read(10).await.as_deref().expect("the rest"), b"56");
        let mut silent = RequestBody::new(Body::from_stream(stream::pending::<io::Result<Bytes>>()));
        silent.drain(3, Duration::from_millis(1)).await;
    }
}
