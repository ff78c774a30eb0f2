//! The server's own TLS: handshakes, certificates that change while it runs, and clients that do not speak it.

use axum::Router;
use axum::routing::get;
use rcgen::{CertificateParams, KeyPair};
use rustls_pki_types::ServerName;
use scimd::server::tls::{PairFiles, TlsError};
use scimd::server::{Counts, ServerError, ServerOptions, Tls, run};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{ClientConfig, ProtocolVersion, RootCertStore, SupportedProtocolVersion};
use tokio_rustls::{TlsConnector, rustls};

/// Nothing that these tests wait for takes longer, however busy the machine is.
const PATIENCE: Duration = Duration::from_secs(60);

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

/// The name that certificates are for.
const NAME: &str = "scim.example.com";

/// A new certificate and its key, in PEM, and what a client trusts who knows it.
fn pair() -> (String, String, RootCertStore) {
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(vec![NAME.to_owned()]).expect("a name");
    let certificate = params.self_signed(&key).expect("signs");
    let mut roots = RootCertStore::empty();
    roots.add(certificate.der().clone()).expect("a certificate");
    (certificate.pem(), key.serialize_pem(), roots)
}

struct Running {
    folder: TempDir,
    address: SocketAddr,
    roots: RootCertStore,
    counts: Arc<Counts>,
    stop: oneshot::Sender<()>,
    server: JoinHandle<Result<(), ServerError>>,
}

fn files(folder: &Path) -> PairFiles {
    PairFiles { certificate: folder.join("certificate.pem"), key: folder.join("key.pem") }
}

fn write(files: &PairFiles, certificate: &str, key: &str) {
    std::fs::write(&files.certificate, certificate).expect("written");
    std::fs::write(&files.key, key).expect("written");
}

impl Running {
    async fn start(handshake_timeout: Duration) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let files = files(folder.path());
        let (certificate, key, roots) = pair();
        write(&files, &certificate, &key);
        let tls = Arc::new(Tls::load(files, handshake_timeout).expect("a pair"));
        let followed = tls.clone();
        tokio::spawn(async move { followed.follow(Duration::from_millis(10)).await });
        let options = ServerOptions { tls: Some(tls), ..ServerOptions::default() };
        let counts = options.counts.clone();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let (stop, stopped) = oneshot::channel();
        let router = Router::new().route("/", get(|| async { "hello" }));
        let server = tokio::spawn(run(listener, router, options, async {
            stopped.await.ok();
        }));
        Self { folder, address, roots, counts, stop, server }
    }

    /// Shakes hands as a client that trusts `roots`.
    async fn shake(
        &self,
        roots: &RootCertStore,
        versions: &[&'static SupportedProtocolVersion],
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_protocol_versions(versions).expect("versions");
        let config = config.with_root_certificates(roots.clone()).with_no_client_auth();
        let stream = TcpStream::connect(self.address).await?;
        let name = ServerName::try_from(NAME).expect("a name");
        timeout(PATIENCE, TlsConnector::from(Arc::new(config)).connect(name, stream)).await.expect("an end")
    }

    /// The answer to a client that trusts the certificate of the start.
    async fn hello(&self) -> String {
        let mut stream = self.shake(&self.roots, &[&TLS13, &TLS12]).await.expect("shakes hands");
        exchange(&mut stream).await
    }

    async fn stop(self) -> Result<(), ServerError> {
        self.stop.send(()).expect("running");
        timeout(PATIENCE, self.server).await.expect("it ends").expect("no panic")
    }
}

async fn exchange(stream: &mut TlsStream<TcpStream>) -> String {
    stream.write_all(GET).await.expect("sent");
    let mut answer = String::new();
    // It would fail without a close_notify: a cut answer is noticed.
    timeout(PATIENCE, stream.read_to_string(&mut answer)).await.expect("an answer").expect("a whole one");
    answer
}

async fn until_closed(stream: &mut TcpStream) -> Vec<u8> {
    let mut received = Vec::new();
    let _end = timeout(PATIENCE, stream.read_to_end(&mut received)).await.expect("the server ends the connection");
    received
}

/// Shows P-7.2-01, P-7.2-02, P-7.4-02.
#[tokio::test]
async fn tls_1_2_and_1_3_are_spoken() {
    let server = Running::start(PATIENCE).await;
    for (versions, version) in [([&TLS12], ProtocolVersion::TLSv1_2), ([&TLS13], ProtocolVersion::TLSv1_3)] {
        let mut stream = server.shake(&server.roots, &versions).await.expect("shakes hands");
        assert_eq!(stream.get_ref().1.protocol_version(), Some(version));
        let answer = exchange(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("hello"), "{answer}");
    }
    assert_eq!(server.counts.failed_handshakes(), 0);
    server.stop().await.expect("drains");
}

/// Shows P-7.2-02.
#[tokio::test]
async fn tls_1_1_is_refused() {
    let server = Running::start(PATIENCE).await;
    // A ClientHello of TLS 1.1 (RFC 4346 §7.4.1.2) with a cipher suite of its time and no extensions.
    let mut hello = vec![0x16, 3, 2, 0, 45, 1, 0, 0, 41, 3, 2];
    hello.extend([7; 32]);
    hello.extend([0, 0, 2, 0xc0, 0x13, 1, 0]);
    let mut stream = TcpStream::connect(server.address).await.expect("accepted");
    stream.write_all(&hello).await.expect("sent");
    let alert = until_closed(&mut stream).await;
    // The alert protocol_version, or one that says the same of what is missing in the hello; no ServerHello.
    assert_eq!(alert.first(), Some(&21), "{alert:?}");
    assert_eq!(server.counts.failed_handshakes(), 1);
    assert!(server.hello().await.ends_with("hello"), "others are not disturbed");
}

#[tokio::test]
async fn plain_http_is_answered_with_what_would_be_right() {
    let server = Running::start(PATIENCE).await;
    let mut stream = TcpStream::connect(server.address).await.expect("accepted");
    stream.write_all(GET).await.expect("sent");
    let answer = String::from_utf8(until_closed(&mut stream).await).expect("text");
    assert!(answer.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{answer}");
    assert!(answer.contains("urn:ietf:params:scim:api:messages:2.0:Error") && answer.contains("https://"), "{answer}");
    // And who speaks neither is told nothing.
    let mut stream = TcpStream::connect(server.address).await.expect("accepted");
    stream.write_all(b"\x00\x01\x02\x03\x04\x05\x06\x07").await.expect("sent");
    let answer = until_closed(&mut stream).await;
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
    assert!(server.hello().await.ends_with("hello"));
}

#[tokio::test]
async fn a_handshake_has_a_time_and_delays_nobody_else() {
    let server = Running::start(Duration::from_millis(300)).await;
    let mut silent = TcpStream::connect(server.address).await.expect("accepted");
    let mut slow = TcpStream::connect(server.address).await.expect("accepted");
    slow.write_all(&[0x16, 3, 1, 2]).await.expect("sent");
    let mut others = 0;
    while server.counts.failed_handshakes() < 2 {
        // These may lose their own time on a busy machine, but they do not wait for the slow ones.
        if let Ok(mut stream) = server.shake(&server.roots, &[&TLS13]).await {
            assert!(exchange(&mut stream).await.ends_with("hello"));
            others += 1;
        }
    }
    assert!(others > 0, "nobody else was served meanwhile");
    assert_eq!(until_closed(&mut silent).await, b"");
    until_closed(&mut slow).await;
}

#[tokio::test]
async fn draining_does_not_wait_for_who_does_not_shake_hands() {
    let server = Running::start(Duration::from_secs(3_600)).await;
    let _silent = TcpStream::connect(server.address).await.expect("accepted");
    assert!(server.hello().await.ends_with("hello"));
    assert_eq!(server.stop().await, Ok(()));
}

#[tokio::test]
async fn a_new_pair_is_taken_without_a_restart_and_a_bad_one_is_not() {
    let server = Running::start(PATIENCE).await;
    let files = files(server.folder.path());
    let mut open = server.shake(&server.roots, &[&TLS13]).await.expect("shakes hands");

    // A certificate without its key, no certificate, no file at all: the old pair stays.
    let (certificate, key, roots) = pair();
    for bad in [certificate.as_str(), "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        std::fs::write(&files.certificate, bad).expect("written");
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(server.hello().await.ends_with("hello"));
    }
    std::fs::remove_file(&files.certificate).expect("removed");
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(server.hello().await.ends_with("hello"));

    write(&files, &certificate, &key);
    let renewed = async {
        loop {
            match server.shake(&roots, &[&TLS13]).await {
                Ok(stream) => return stream,
                Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
    };
    let mut stream = timeout(PATIENCE, renewed).await.expect("the new certificate is shown");
    assert!(exchange(&mut stream).await.ends_with("hello"));
    assert!(server.shake(&server.roots, &[&TLS13]).await.is_err(), "the old one is not shown any more");
    assert!(exchange(&mut open).await.ends_with("hello"), "who was connected stays");
}

#[test]
fn what_is_wrong_with_a_pair_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let files = files(folder.path());
    let load = |files: &PairFiles| Tls::load(files.clone(), PATIENCE).expect_err("wrong");
    assert!(matches!(load(&files), TlsError::Unreadable { .. }));
    let ((certificate, key, _), (_, other, _)) = (pair(), pair());
    write(&files, "", &key);
    assert!(matches!(load(&files), TlsError::NoCertificate(_)));
    write(&files, &certificate, &certificate);
    assert!(matches!(load(&files), TlsError::NoKey(_)));
    write(&files, &certificate, &other);
    let error = load(&files);
    assert!(matches!(error, TlsError::Mismatch), "{error}");
    assert!(!error.to_string().contains("PRIVATE"));
    write(&files, &certificate, &key);
    Tls::load(files, PATIENCE).expect("right");
}
