//! From a connection to a stream, within a time.

use super::Tls;
use crate::server::{ServerOptions, refusal};
use std::io;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_rustls::server::TlsStream;

/// Bytes of a request by plain HTTP that are read so that its refusal arrives (R49).
const PLAIN_BYTES_MAX: u64 = 64 * 1024;

/// Shakes hands. `None`: the client did not in its time, or not as it should; that concerns nobody else. When the server drains, who
/// has not begun a request in its grace has none under way.
pub(in crate::server) async fn shake(
    stream: TcpStream,
    tls: &Tls,
    options: &ServerOptions,
    mut draining: watch::Receiver<bool>,
) -> Option<TlsStream<TcpStream>> {
    let shaken = async {
        if is_plain_http(&stream).await? {
            return refuse(stream).await.map(|()| None);
        }
        tls.acceptor.accept(stream).await.map(Some)
    };
    let drained = async {
        let _ = draining.wait_for(|draining| *draining).await;
        sleep(options.drain_idle_grace).await;
    };
    let shaken = tokio::select! {
        biased;
        shaken = timeout(tls.handshake_timeout, shaken) => shaken,
        () = drained => return None,
    };
    match shaken {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => {
            options.counts.handshake_failed();
            tracing::debug!(error = %error, "a TLS handshake failed");
            None
        }
        Err(_) => {
            options.counts.handshake_failed();
            tracing::debug!("a TLS handshake took too long");
            None
        }
    }
}

/// Whether the client begins with the name of a method: a handshake begins with the byte 22.
async fn is_plain_http(stream: &TcpStream) -> io::Result<bool> {
    let mut first = [0];
    Ok(stream.peek(&mut first).await? == 1 && first[0].is_ascii_uppercase())
}

/// Says that this is no place for plain HTTP, and closes without losing that.
async fn refuse(mut stream: TcpStream) -> io::Result<()> {
    stream.write_all(&refusal::plain_http()).await?;
    stream.shutdown().await?;
    let mut rest = stream.take(PLAIN_BYTES_MAX);
    let mut scratch = [0; 4096];
    while rest.read(&mut scratch).await? > 0 {}
    Ok(())
}
