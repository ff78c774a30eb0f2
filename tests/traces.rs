//! Traces: what reaches a collector, whose traces go on here, and that a collector that is away costs nobody anything.
#![expect(clippy::panic, reason = "tests fail by panicking")]

#[path = "support/process.rs"]
mod process;

use process::{Installation, PATIENCE, Process};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// A collector: an HTTP server that keeps what is posted to it.
struct Collector {
    address: SocketAddr,
    bodies: Arc<Mutex<Vec<u8>>>,
}

impl Collector {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("bound");
        let bodies = Arc::new(Mutex::new(Vec::new()));
        let kept = bodies.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (mut stream, kept) = (BufReader::new(stream.expect("a connection")), kept.clone());
                std::thread::spawn(move || while take(&mut stream, &kept).is_some() {});
            }
        });
        Self { address, bodies }
    }

    fn has(&self, part: &[u8]) -> bool {
        let bodies = self.bodies.lock().expect("not poisoned");
        bodies.windows(part.len()).any(|window| window == part)
    }
}

/// Reads one request; `None` when the client is gone.
fn take(stream: &mut BufReader<std::net::TcpStream>, kept: &Mutex<Vec<u8>>) -> Option<()> {
    let (mut head, mut length) = (String::new(), 0);
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    for line in head.to_lowercase().lines() {
        if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.parse().expect("a number");
        }
    }
    assert!(head.starts_with("POST /v1/traces HTTP/1.1\r\n"), "{head}");
    assert!(head.to_lowercase().contains("content-type: application/x-protobuf\r\n"), "{head}");
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    kept.lock().expect("not poisoned").extend(body);
    stream.get_mut().write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n").ok()
}

fn get(installation: &Installation, server: &Process, path: &str, trace: &str) -> u16 {
    let mut client = installation.connect(server).expect("connects");
    let head = client.head("GET", path, &format!("traceparent: 00-{trace}-00f067aa0ba902b7-01\r\ntracestate: MARKER=MARKER"));
    client.stream.get_mut().write_all(head.as_bytes()).expect("sent");
    client.reply().expect("an answer").status
}

fn bytes(trace: &str) -> Vec<u8> {
    (0..trace.len()).step_by(2).map(|at| u8::from_str_radix(&trace[at..at + 2], 16).expect("hexadecimal")).collect()
}

fn configured(installation: &Installation, server: &str, endpoint: SocketAddr, traces: &str) {
    installation.configure(&format!("{server}\n[traces]\nendpoint = \"http://{endpoint}\"\n{traces}\n"));
}

/// Runs a server that is asked once, to its end.
fn run(installation: &Installation) {
    let mut server = installation.start("info");
    assert_eq!(get(installation, &server, "/Users?filter=userName%20eq%20%22MARKER%22", TRACE), 200);
    server.terminate();
    assert!(server.wait().success());
}

on_both_back_ends_as_a_process! {
    fn requests_and_what_they_ask_of_the_store_are_spans(installation: Installation) {
        let collector = Collector::start();
        configured(&installation, "", collector.address, "");
        run(&installation);
        for part in ["service.name", "scimd", "GET /{type}", "http.route", "http.response.status_code", "store.token", "store.search"] {
            assert!(collector.has(part.as_bytes()), "{part}");
        }
        for part in ["MARKER", installation.token.as_str()] {
            assert!(!collector.has(part.as_bytes()), "{part}");
        }
        assert!(!collector.has(&bytes(TRACE)), "the peer is not trusted");
        let log = std::fs::read_to_string(installation.log()).expect("a log");
        assert!(!log.contains("otel."), "spans of traces are not for the log: {log}");
    }

    fn a_trace_that_comes_by_a_trusted_proxy_goes_on(installation: Installation) {
        let collector = Collector::start();
        configured(&installation, "trusted_proxies = [\"127.0.0.1\"]", collector.address, "sampling_ratio = 0");
        run(&installation);
        assert!(collector.has(&bytes(TRACE)), "the proxy has decided that it is kept");
        assert!(!collector.has(b"MARKER"));
    }

    fn a_trace_of_anybody_goes_on_if_that_is_set(installation: Installation) {
        let collector = Collector::start();
        configured(&installation, "", collector.address, "continue_any = true");
        run(&installation);
        assert!(collector.has(&bytes(TRACE)));
    }

    fn none_of_the_traces_is_kept_at_a_ratio_of_0(installation: Installation) {
        let collector = Collector::start();
        configured(&installation, "", collector.address, "sampling_ratio = 0.0");
        run(&installation);
        assert!(!collector.has(b"service.name"));
    }

    fn a_collector_that_is_away_or_never_answers_costs_no_request(installation: Installation) {
        let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let gone = TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("bound");
        for endpoint in [gone, silent.local_addr().expect("bound")] {
            configured(&installation, "", endpoint, "");
            let mut server = installation.start("info");
            let mut client = installation.connect(&server).expect("connects");
            let started = Instant::now();
            // More than the queue holds, and for longer than it takes to send the first batch.
            for _ in 0..1_000 {
                client.send("GET", "/Users?count=1", None).expect("an answer").expect(200);
            }
            assert!(started.elapsed() < PATIENCE);
            drop(client);
            let ending = Instant::now();
            server.terminate();
            assert!(server.wait().success());
            assert!(ending.elapsed() < Duration::from_secs(40), "{:?}", ending.elapsed());
        }
    }
}
