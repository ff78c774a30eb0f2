//! What the server promises about sockets, whatever runs on it: every client state has an end, answers are not lost, and
//! draining drops no request.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{any, get, post};
use http_body_util::BodyExt;
use scimd::server::{ServerError, ServerOptions, run};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Nothing that these tests wait for takes longer, however busy the machine is.
const PATIENCE: Duration = Duration::from_secs(60);

/// The timers that a test is not about: it would lose its patience first.
const NEVER: Duration = Duration::from_secs(3_600);

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";

/// Timers that do not go off; each test shortens the one that it is about.
fn options() -> ServerOptions {
    ServerOptions {
        first_byte_timeout: NEVER,
        head_timeout: NEVER,
        body_timeout: NEVER,
        body_grace: NEVER,
        idle_timeout: NEVER,
        write_timeout: NEVER,
        linger_timeout: NEVER,
        drain_idle_grace: Duration::from_millis(50),
        drain_timeout: NEVER,
        ..ServerOptions::default()
    }
}

struct Running {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    server: JoinHandle<Result<(), ServerError>>,
    /// Told when `/slow` has begun.
    begun: Arc<Notify>,
    /// Lets `/slow` answer.
    go_on: Arc<Notify>,
}

impl Running {
    async fn start(options: ServerOptions) -> Self {
        let (begun, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let slow = {
            let (begun, go_on) = (begun.clone(), go_on.clone());
            move || async move {
                begun.notify_one();
                go_on.notified().await;
                "slow"
            }
        };
        let router = Router::new()
            .route("/", get(|| async { "hello" }))
            .route("/slow", get(slow))
            .route("/echo", post(echo))
            .route("/refuse", any(|| async { (StatusCode::PAYLOAD_TOO_LARGE, "refused") }))
            .route("/big", get(|| async { Body::from(Bytes::from(vec![b'x'; 32 << 20])) }));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let (stop, stopped) = oneshot::channel();
        let server = tokio::spawn(run(listener, router, options, async {
            stopped.await.ok();
        }));
        Self { address, stop, server, begun, go_on }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.expect("accepted")
    }

    /// Stops the server and returns how it ended.
    async fn stop(self) -> Result<(), ServerError> {
        self.stop.send(()).expect("running");
        timeout(PATIENCE, self.server).await.expect("it ends").expect("no panic")
    }
}

/// Answers with the length of the body, or with why it could not be read.
async fn echo(request: Request) -> impl IntoResponse {
    match request.into_body().collect().await {
        Ok(body) => (StatusCode::OK, body.to_bytes().len().to_string()),
        Err(error) => (StatusCode::REQUEST_TIMEOUT, error.to_string()),
    }
}

/// All that comes until the server closes.
async fn until_closed(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut received = Vec::new();
    // A reset ends the connection as well.
    let _end = timeout(PATIENCE, stream.read_to_end(&mut received)).await.expect("the server ends the connection");
    String::from_utf8_lossy(&received).into_owned()
}

/// Returns when the server accepts no more.
async fn until_refused(address: SocketAddr) {
    let refused = async { while TcpStream::connect(address).await.is_ok() {} };
    timeout(PATIENCE, refused).await.expect("nothing new is accepted");
}

/// Reads one reply that ends with `end`.
async fn reply(stream: &mut TcpStream, end: &str) -> String {
    let mut received = Vec::new();
    while !received.ends_with(end.as_bytes()) {
        let read = timeout(PATIENCE, stream.read_buf(&mut received)).await.expect("a reply").expect("no error");
        assert_ne!(read, 0, "closed after {:?}", String::from_utf8_lossy(&received));
    }
    String::from_utf8_lossy(&received).into_owned()
}

/// Sends a byte of `bytes` every 20 ms until the server has had enough.
fn dribble(mut writer: tokio::net::tcp::OwnedWriteHalf, bytes: &'static [u8]) -> JoinHandle<()> {
    tokio::spawn(async move {
        for byte in bytes.iter().cycle() {
            if writer.write_all(&[*byte]).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
}

/// Asserts that a timer was waited for that began after `before`. That it goes off at all is what [`PATIENCE`] shows.
#[track_caller]
fn no_sooner_than(milliseconds: u64, before: Instant) {
    // Timers count in milliseconds.
    let elapsed = before.elapsed() + Duration::from_millis(2);
    assert!(elapsed >= Duration::from_millis(milliseconds), "{elapsed:?}, and not {milliseconds} ms");
}

#[tokio::test]
async fn a_silent_connection_ends_after_the_first_byte_timeout() {
    let server = Running::start(ServerOptions { first_byte_timeout: Duration::from_millis(200), ..options() }).await;
    let before = Instant::now();
    assert_eq!(until_closed(&mut server.connect().await).await, "");
    no_sooner_than(200, before);
}

#[tokio::test]
async fn a_dribbled_head_ends_after_the_head_timeout_however_steadily_it_comes() {
    let server = Running::start(ServerOptions { head_timeout: Duration::from_millis(300), ..options() }).await;
    let before = Instant::now();
    let (mut reader, writer) = server.connect().await.into_split();
    let dribbler = dribble(
        writer,
        b"GET / HTTP/1.1\r\nX-Dribble: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    );
    until_closed(&mut reader).await;
    no_sooner_than(300, before);
    dribbler.abort();
}

#[tokio::test]
async fn an_idle_connection_ends_after_the_idle_timeout_and_not_before() {
    let (first_byte_timeout, idle_timeout) = (Duration::from_millis(300), Duration::from_millis(1_000));
    let server = Running::start(ServerOptions { first_byte_timeout, idle_timeout, ..options() }).await;
    let chatting = async {
        loop {
            if let Some(stream) = chat(&server, first_byte_timeout, idle_timeout).await {
                return stream;
            }
        }
    };
    let mut stream = timeout(PATIENCE, chatting).await.expect("the machine is not always that slow");
    let before = Instant::now();
    stream.write_all(GET).await.expect("sent");
    reply(&mut stream, "hello").await;
    assert_eq!(until_closed(&mut stream).await, "");
    no_sooner_than(1_000, before);
}

/// Sends requests for longer than the idle timeout, with a tenth of it between them. `None`: the machine was so slow that
/// one came later than a timer allows, which shows nothing.
async fn chat(server: &Running, first_byte_timeout: Duration, idle_timeout: Duration) -> Option<TcpStream> {
    // The server begins to wait after `since`.
    let (mut since, mut allowed) = (Instant::now(), first_byte_timeout);
    let mut stream = server.connect().await;
    for _ in 0..12 {
        let before = Instant::now();
        let sent = stream.write_all(GET).await;
        if since.elapsed() >= allowed {
            return None;
        }
        sent.expect("sent in time");
        assert!(reply(&mut stream, "hello").await.starts_with("HTTP/1.1 200"));
        (since, allowed) = (before, idle_timeout);
        tokio::time::sleep(idle_timeout / 10).await;
    }
    (since.elapsed() < allowed).then_some(stream)
}

#[tokio::test]
async fn a_second_head_has_its_own_timeout() {
    let server = Running::start(ServerOptions { head_timeout: Duration::from_millis(200), ..options() }).await;
    let mut stream = server.connect().await;
    stream.write_all(GET).await.expect("sent");
    reply(&mut stream, "hello").await;
    let before = Instant::now();
    stream.write_all(b"GET / HT").await.expect("sent");
    until_closed(&mut stream).await;
    no_sooner_than(200, before);
}

#[tokio::test]
async fn a_body_that_stops_ends_after_the_grace() {
    let timers = ServerOptions { body_grace: Duration::from_millis(200), ..options() };
    let server = Running::start(timers).await;
    let mut stream = server.connect().await;
    let before = Instant::now();
    stream.write_all(b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc").await.expect("sent");
    assert!(reply(&mut stream, "timed out").await.starts_with("HTTP/1.1 408"));
    no_sooner_than(200, before);
}

#[tokio::test]
async fn a_body_that_dribbles_ends_whatever_it_earns() {
    let timers = ServerOptions {
        body_grace: Duration::from_millis(100),
        body_timeout: Duration::from_millis(500),
        body_rate_min: 1,
        linger_timeout: Duration::from_millis(100),
        ..options()
    };
    let server = Running::start(timers).await;
    let mut stream = server.connect().await;
    let before = Instant::now();
    // Ten bytes at once earn ten seconds.
    stream.write_all(b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n0123456789").await.expect("sent");
    let (mut reader, writer) = stream.into_split();
    let dribbler = dribble(writer, b"x");
    let received = until_closed(&mut reader).await;
    assert!(received.starts_with("HTTP/1.1 408"), "{received:?}");
    no_sooner_than(500, before);
    dribbler.abort();
}

#[tokio::test]
async fn a_client_that_takes_nothing_of_a_reply_is_cut() {
    let server = Running::start(ServerOptions { write_timeout: Duration::from_millis(300), ..options() }).await;
    let mut stream = server.connect().await;
    let before = Instant::now();
    stream.write_all(b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("sent");
    let mut status = [0; 12];
    timeout(PATIENCE, stream.read_exact(&mut status)).await.expect("it begins").expect("no error");
    // It ends only when the connection does.
    assert_eq!(server.stop().await, Ok(()));
    no_sooner_than(300, before);
    let received = until_closed(&mut stream).await;
    assert!(received.len() < 32 << 20, "all of it came");
}

#[tokio::test]
async fn the_answer_to_a_body_that_nobody_reads_arrives() {
    let server = Running::start(options()).await;
    let body = vec![b'x'; 8 << 20];
    let length = format!("Content-Length: {}\r\n\r\n", body.len());
    for (framing, prefix) in [(length.as_str(), ""), ("Transfer-Encoding: chunked\r\n\r\n", "800000\r\n")] {
        for _ in 0..10 {
            let mut stream = server.connect().await;
            stream.write_all(format!("POST /refuse HTTP/1.1\r\nHost: x\r\n{framing}{prefix}").as_bytes()).await.expect("sent");
            // As clients do that look for an answer only when all is sent.
            stream.write_all(&body).await.expect("the server takes it");
            let received = until_closed(&mut stream).await;
            assert!(received.starts_with("HTTP/1.1 413") && received.ends_with("refused"), "{received:?}");
        }
    }
}

#[tokio::test]
async fn lingering_has_an_end() {
    let timers = ServerOptions { linger_timeout: Duration::from_millis(200), ..options() };
    let server = Running::start(timers).await;
    let mut stream = server.connect().await;
    stream.write_all(b"POST /refuse HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\nabc").await.expect("sent");
    let received = until_closed(&mut stream).await;
    assert!(received.ends_with("refused"), "{received:?}");
    // The server's half is closed; when the other half is too, writing fails.
    let gone = async {
        while stream.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, gone).await.expect("the server lets go");
}

#[tokio::test]
async fn what_is_no_http_is_refused_with_a_scim_error() {
    let server = Running::start(options()).await;
    let long = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "x".repeat(70_000));
    let fields = format!("GET / HTTP/1.1\r\nHost: x\r\nX-Long: {}\r\n\r\n", "x".repeat(120_000));
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "X: y\r\n".repeat(500));
    let cases: [(&[u8], &str); 6] = [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "400"),
        (b"nonsense\r\n\r\n", "400"),
        (b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n", "400"),
        (long.as_bytes(), "414"),
        (fields.as_bytes(), "431"),
        (many.as_bytes(), "431"),
    ];
    for (request, status) in cases {
        let mut stream = server.connect().await;
        let _sent = stream.write_all(request).await;
        let received = until_closed(&mut stream).await;
        let shown = String::from_utf8_lossy(&request[..request.len().min(40)]).into_owned();
        assert!(received.starts_with(&format!("HTTP/1.1 {status} ")), "{shown:?}: {received:?}");
        let (_, body) = received.split_once("\r\n\r\n").expect("a body");
        let body: serde_json::Value = serde_json::from_str(body).expect("JSON");
        assert_eq!(body["status"], status, "{shown:?}");
        assert_eq!(body["schemas"][0], "urn:ietf:params:scim:api:messages:2.0:Error");
    }
}

#[tokio::test]
async fn connections_above_a_cap_are_shed_and_room_is_used_again() {
    for timers in
        [ServerOptions { connections_max: 2, ..options() }, ServerOptions { connections_per_address_max: 2, ..options() }]
    {
        let server = Running::start(timers).await;
        let mut first = server.connect().await;
        first.write_all(GET).await.expect("sent");
        reply(&mut first, "hello").await;
        let mut second = server.connect().await;
        second.write_all(GET).await.expect("sent");
        reply(&mut second, "hello").await;
        let received = until_closed(&mut server.connect().await).await;
        assert!(received.starts_with("HTTP/1.1 503 ") && received.contains("Retry-After"), "{received:?}");

        drop(first);
        let room = async {
            loop {
                let mut third = server.connect().await;
                // It may be shed still, for as long as the server has not noticed.
                let _sent = third.write_all(GET).await;
                let mut received = vec![0; 12];
                if third.read_exact(&mut received).await.is_ok() && received == b"HTTP/1.1 200" {
                    return;
                }
            }
        };
        timeout(PATIENCE, room).await.expect("there is room again");
    }
}

#[tokio::test]
async fn draining_answers_what_is_under_way_and_closes_what_is_quiet() {
    let server = Running::start(options()).await;
    let (begun, go_on, address) = (server.begun.clone(), server.go_on.clone(), server.address);
    let mut idle = server.connect().await;
    idle.write_all(GET).await.expect("sent");
    reply(&mut idle, "hello").await;
    let mut busy = server.connect().await;
    busy.write_all(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("sent");
    begun.notified().await;

    let stopping = tokio::spawn(server.stop());
    assert_eq!(until_closed(&mut idle).await, "");
    until_refused(address).await;
    assert!(!stopping.is_finished(), "it waits for the request");
    go_on.notify_one();
    let received = until_closed(&mut busy).await;
    assert!(received.starts_with("HTTP/1.1 200") && received.ends_with("slow"), "{received:?}");
    assert!(received.contains("connection: close"), "{received:?}");
    assert_eq!(stopping.await.expect("no panic"), Ok(()));
}

#[tokio::test]
async fn a_request_that_crosses_the_signal_is_answered() {
    let server = Running::start(ServerOptions { drain_idle_grace: NEVER, ..options() }).await;
    let address = server.address;
    let mut idle = server.connect().await;
    idle.write_all(GET).await.expect("sent");
    reply(&mut idle, "hello").await;
    let mut fresh = server.connect().await;
    let stopping = tokio::spawn(server.stop());
    until_refused(address).await;
    for stream in [&mut idle, &mut fresh] {
        stream.write_all(GET).await.expect("sent");
        let received = until_closed(stream).await;
        assert!(received.starts_with("HTTP/1.1 200") && received.ends_with("hello"), "{received:?}");
    }
    assert_eq!(stopping.await.expect("no panic"), Ok(()));
}

/// On one thread, so that the test can hold the server up.
#[tokio::test]
async fn a_request_that_is_there_when_the_grace_ends_is_answered() {
    const CLIENTS: usize = 16;
    const GRACE: Duration = Duration::from_millis(500);
    let round = async || {
        let server = Running::start(ServerOptions { drain_idle_grace: GRACE, ..options() }).await;
        let address = server.address;
        let mut clients = Vec::new();
        for _ in 0..CLIENTS {
            let mut client = server.connect().await;
            client.write_all(GET).await.expect("sent");
            reply(&mut client, "hello").await;
            clients.push(client);
        }
        // The grace begins after this.
        let before = Instant::now();
        let stopping = tokio::spawn(server.stop());
        until_refused(address).await;
        for client in &clients {
            // Without giving way to the server.
            if client.try_write(GET).is_err() {
                break;
            }
        }
        if before.elapsed() >= GRACE {
            return false;
        }
        std::thread::sleep(GRACE);
        for client in &mut clients {
            let received = until_closed(client).await;
            assert!(received.starts_with("HTTP/1.1 200") && received.ends_with("hello"), "{received:?}");
        }
        assert_eq!(stopping.await.expect("no panic"), Ok(()));
        true
    };
    // A machine that is too slow to send in time shows nothing.
    let shown = async { while !round().await {} };
    timeout(PATIENCE, shown).await.expect("the machine is not always that slow");
}

#[tokio::test]
async fn clients_that_go_on_connecting_do_not_keep_a_server_from_ending_and_are_served_until_then() {
    let server = Running::start(ServerOptions { connections_per_address_max: 4, ..options() }).await;
    let (address, begun) = (server.address, Arc::new(Notify::new()));
    let connecting = tokio::task::spawn_blocking({
        let begun = begun.clone();
        move || {
            // One after the other, so that no more than one counts.
            for served in 0.. {
                let Ok(mut stream) = std::net::TcpStream::connect(address) else { break };
                let received = exchange(&mut stream);
                // Whom the end of the server meets half-way, it resets.
                assert!(received.is_empty() || received.starts_with("HTTP/1.1 200"), "after {served} others: {received:?}");
                begun.notify_one();
            }
        }
    });
    timeout(PATIENCE, begun.notified()).await.expect("the first is served");
    assert_eq!(server.stop().await, Ok(()));
    connecting.await.expect("every client is served");
}

/// Sends a request on a connection of its own; all that comes.
fn exchange(stream: &mut std::net::TcpStream) -> String {
    use std::io::{Read as _, Write as _};
    let mut received = Vec::new();
    let _sent = stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    let _end = stream.read_to_end(&mut received);
    String::from_utf8_lossy(&received).into_owned()
}

#[tokio::test]
async fn draining_ends_at_its_timeout_and_says_what_it_cut() {
    let server = Running::start(ServerOptions { drain_timeout: Duration::from_millis(300), ..options() }).await;
    let begun = server.begun.clone();
    let mut busy = server.connect().await;
    busy.write_all(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("sent");
    begun.notified().await;
    assert_eq!(server.stop().await, Err(ServerError::Undrained { connections: 1 }));
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let server = Running::start(options()).await;
    let mut stream = server.connect().await;
    stream
        .write_all(b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .await
        .expect("sent");
    let received = until_closed(&mut stream).await;
    assert!(received.contains("\r\n\r\n3HTTP/1.1 200") && received.ends_with("hello"), "{received:?}");
}
