//! `scimd health`: a probe for containers, whose image has no other HTTP client.

use super::arguments::Arguments;
use super::failure::Failure;
use super::session;
use crate::server::tls::probe::connect;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long the server may take to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(3);

/// Where a status line ends at the latest, in bytes.
const STATUS_LINE_BYTES_MAX: u64 = 256;

/// Asks the server at the listen address for `/healthz`.
///
/// # Errors
/// It does not answer, or not with 200.
pub async fn run(arguments: &Arguments) -> Result<(), Failure> {
    let server = session::configuration(arguments)?.server;
    let (listen, tls) = (server.listen, server.tls.is_some());
    let advice = "Is a server running here with the same configuration?";
    match probe(listen, tls).await {
        Ok(200) => Ok(()),
        Ok(status) => Err(Failure::new(format!("the server at {listen} answers {status} to /healthz"), advice)),
        Err(error) => Err(Failure::new(format!("the server at {listen} does not answer: {error}"), advice)),
    }
}

/// The status that the server on this machine, listening on `listen`, answers to `GET /healthz`; with `tls`, over TLS.
///
/// # Errors
/// There is none, it does not answer in time, or it does not speak HTTP.
pub async fn probe(listen: SocketAddr, tls: bool) -> io::Result<u16> {
    let exchange = async {
        let stream = TcpStream::connect(reachable(listen)).await?;
        if tls { ask(connect(stream).await?).await } else { ask(stream).await }
    };
    timeout(ANSWER_TIMEOUT, exchange).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
}

async fn ask(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> io::Result<u16> {
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await?;
    let mut head = Vec::new();
    stream.take(STATUS_LINE_BYTES_MAX).read_to_end(&mut head).await?;
    status(&head).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "it does not speak HTTP"))
}

/// An address to connect to: a server that listens on every address listens on the loopback address too.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(address) if address.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(address) if address.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        address => address,
    };
    SocketAddr::new(ip, listen.port())
}

/// `200` of `HTTP/1.1 200 OK`.
fn status(head: &[u8]) -> Option<u16> {
    let code = head.strip_prefix(b"HTTP/1.1 ")?.get(..3)?;
    std::str::from_utf8(code).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    async fn server(answer: &'static [u8]) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            let mut request = [0; 64];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(answer).await;
        });
        address
    }

    #[tokio::test]
    async fn the_status_is_read() {
        assert_eq!(probe(server(b"HTTP/1.1 200 OK\r\n\r\n").await, false).await.expect("an answer"), 200);
        assert_eq!(probe(server(b"HTTP/1.1 503 Service Unavailable\r\n\r\n").await, false).await.expect("an answer"), 503);
    }

    #[tokio::test]
    async fn what_does_not_speak_http_is_no_server() {
        assert_eq!(probe(server(b"SSH-2.0-x\r\n").await, false).await.expect_err("no HTTP").kind(), io::ErrorKind::InvalidData);
        assert!(probe(server(b"").await, false).await.is_err());
    }

    #[test]
    fn every_address_includes_loopback() {
        let check = |listen: &str, reached: &str| {
            assert_eq!(reachable(listen.parse().expect("an address")), reached.parse().expect("an address"));
        };
        check("0.0.0.0:80", "127.0.0.1:80");
        check("[::]:80", "[::1]:80");
        check("10.0.0.1:80", "10.0.0.1:80");
    }
}
