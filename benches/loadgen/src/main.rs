//! Load generator of the SCIM benchmark. Reads one JSON spec on stdin, runs it, prints one JSON
//! result on stdout. Single-threaded on purpose: it must not take both cores of a small machine
//! away from the server it measures.
//!
//! mode "mix":  `concurrency` workers, each with one keep-alive HTTP/1.1 connection, run the list of
//!              steps once per iteration. Closed loop: a worker sends its next request when the
//!              previous answer is complete.
//! mode "page": one worker walks a collection by startIndex or by cursor and counts distinct ids.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{handshake, SendRequest};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashSet};
use std::io::{Read, Write};
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;

#[derive(Deserialize)]
struct StepSpec {
    name: String,
    method: String,
    path: String,
    #[serde(default)]
    body: Option<String>,
    /// file with one body per line; line index is n
    #[serde(default)]
    body_lines: Option<String>,
    #[serde(default)]
    expect: Vec<u16>,
    /// expected totalResults of a list answer
    #[serde(default)]
    total: Option<u64>,
    /// remember the "id" of the answer as ${name} for later steps of the iteration
    #[serde(default)]
    capture: Option<String>,
    /// do this step every k-th iteration only
    #[serde(default)]
    every: Option<u64>,
}

fn d_timeout() -> f64 {
    10.0
}
fn d_one() -> u64 {
    1
}

#[derive(Deserialize)]
struct Spec {
    base: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    mode: String,
    #[serde(default = "d_one")]
    concurrency: u64,
    #[serde(default)]
    duration_s: f64,
    #[serde(default)]
    count: u64,
    #[serde(default = "d_timeout")]
    timeout_s: f64,
    #[serde(default)]
    n_start: u64,
    #[serde(default = "d_one")]
    n_len: u64,
    /// "once": n_start.. without repetition, ends at n_len; "rand": uniform in the range; "seq": wraps
    #[serde(default)]
    n_mode: String,
    #[serde(default)]
    seed: u64,
    #[serde(default)]
    ids: BTreeMap<String, String>,
    #[serde(default)]
    steps: Vec<StepSpec>,
    #[serde(default)]
    capture_file: Option<String>,
    // page mode
    #[serde(default)]
    page_path: String,
    #[serde(default)]
    page_size: u64,
    #[serde(default)]
    cursor: bool,
}

/// Counts the uses of `${seq}` over all workers: a value that no request has sent before.
static SEQ: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);

enum Seg {
    Lit(String),
    Seq,
    N,
    N8,
    X(u32),
    Var(String),
}

fn parse_tpl(s: &str) -> Vec<Seg> {
    let mut out = vec![];
    let mut rest = s;
    while let Some(i) = rest.find("${") {
        if i > 0 {
            out.push(Seg::Lit(rest[..i].to_string()));
        }
        let end = rest[i..].find('}').map(|e| e + i).expect("unclosed ${");
        let name = &rest[i + 2..end];
        out.push(match name {
            "n" => Seg::N,
            "n8" => Seg::N8,
            "seq" => Seg::Seq,
            "x4" => Seg::X(4),
            "x8" => Seg::X(8),
            v => Seg::Var(v.to_string()),
        });
        rest = &rest[end + 1..];
    }
    if !rest.is_empty() {
        out.push(Seg::Lit(rest.to_string()));
    }
    out
}

fn mix64(mut z: u64) -> u64 {
    z = z.wrapping_add(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D049BB133111EB);
    z ^ (z >> 31)
}

struct Step {
    spec: StepSpec,
    method: Method,
    path: Vec<Seg>,
    body: Option<Vec<Seg>>,
    lines: Vec<String>,
    lat: RefCell<Vec<u32>>,
    statuses: RefCell<BTreeMap<String, u64>>,
    errors: Cell<u64>,
    bytes_in: Cell<u64>,
    bytes_out: Cell<u64>,
    sample_error: RefCell<Option<String>>,
}

struct Ctx {
    host: String,
    prefix: String,
    headers: BTreeMap<String, String>,
    timeout: Duration,
    ids: BTreeMap<String, Vec<String>>,
}

fn render(t: &[Seg], n: u64, ctx: &Ctx, caps: &BTreeMap<String, String>, out: &mut String) {
    use std::fmt::Write as _;
    for s in t {
        match s {
            Seg::Lit(l) => out.push_str(l),
            Seg::N => {
                let _ = write!(out, "{n}");
            }
            Seg::N8 => {
                let _ = write!(out, "{n:08}");
            }
            Seg::Seq => {
                let _ = write!(out, "{}", SEQ.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
            }
            Seg::X(4) => {
                let _ = write!(out, "{:04}", mix64(n) % 10_000);
            }
            Seg::X(_) => {
                let _ = write!(out, "{:08x}", mix64(n) as u32);
            }
            Seg::Var(v) => {
                if let Some(c) = caps.get(v) {
                    out.push_str(c)
                } else if let Some(list) = ctx.ids.get(v) {
                    if let Some(x) = list.get(n as usize % list.len().max(1)) {
                        out.push_str(x)
                    }
                } else {
                    panic!("unknown placeholder {v}")
                }
            }
        }
    }
}

type Conn = SendRequest<Full<Bytes>>;

async fn connect(ctx: &Ctx) -> Result<Conn, String> {
    let s = TcpStream::connect(&ctx.host).await.map_err(|e| format!("connect: {e}"))?;
    s.set_nodelay(true).ok();
    let (snd, c) = handshake(TokioIo::new(s)).await.map_err(|e| format!("handshake: {e}"))?;
    tokio::task::spawn_local(async move {
        let _ = c.await;
    });
    Ok(snd)
}

struct Answer {
    status: u16,
    body: Bytes,
}

async fn send(
    conn: &mut Option<Conn>,
    ctx: &Ctx,
    method: &Method,
    path: &str,
    body: Option<String>,
) -> Result<Answer, String> {
    let fut = async {
        // A server may close an idle or a used-up connection: one reconnect is no error.
        let mut fresh = false;
        loop {
            if conn.as_ref().is_none_or(|c| c.is_closed()) {
                *conn = Some(connect(ctx).await?);
                fresh = true;
            }
            let c = conn.as_mut().unwrap();
            if c.ready().await.is_err() {
                *conn = None;
                if fresh {
                    return Err("connection not ready".to_string());
                }
                continue;
            }
            let mut b = Request::builder()
                .method(method.clone())
                .uri(format!("{}{}", ctx.prefix, path))
                .header("host", &ctx.host)
                .header("accept", "application/scim+json");
            for (k, v) in &ctx.headers {
                b = b.header(k, v);
            }
            if body.is_some() {
                b = b.header("content-type", "application/scim+json");
            }
            let req = b
                .body(Full::new(Bytes::from(body.clone().unwrap_or_default())))
                .map_err(|e| format!("request: {e}"))?;
            match c.send_request(req).await {
                Ok(r) => {
                    let status = r.status().as_u16();
                    let body = r
                        .into_body()
                        .collect()
                        .await
                        .map_err(|e| format!("body: {e}"))?
                        .to_bytes();
                    return Ok(Answer { status, body });
                }
                Err(e) => {
                    *conn = None;
                    if fresh || !(e.is_canceled() || e.is_closed() || e.is_incomplete_message()) {
                        return Err(format!("send: {e}"));
                    }
                }
            }
        }
    };
    match tokio::time::timeout(ctx.timeout, fut).await {
        Ok(r) => r,
        Err(_) => {
            *conn = None;
            Err("timeout".into())
        }
    }
}

#[derive(Deserialize)]
struct Probe {
    #[serde(default, rename = "totalResults")]
    total: Option<u64>,
    #[serde(default)]
    id: Option<String>,
}

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(default, rename = "totalResults")]
    total: Option<u64>,
    #[serde(default, rename = "Resources", borrow)]
    resources: Vec<&'a RawValue>,
    #[serde(default, rename = "nextCursor")]
    next: Option<String>,
}

#[derive(Deserialize)]
struct OnlyId {
    id: String,
}

#[derive(Serialize)]
struct Lat {
    mean_us: f64,
    p50_us: u32,
    p90_us: u32,
    p95_us: u32,
    p99_us: u32,
    max_us: u32,
}

fn lat(v: &mut [u32]) -> Option<Lat> {
    if v.is_empty() {
        return None;
    }
    v.sort_unstable();
    let q = |p: f64| v[(((v.len() as f64) * p).ceil() as usize).clamp(1, v.len()) - 1];
    Some(Lat {
        mean_us: v.iter().map(|x| *x as f64).sum::<f64>() / v.len() as f64,
        p50_us: q(0.50),
        p90_us: q(0.90),
        p95_us: q(0.95),
        p99_us: q(0.99),
        max_us: v[v.len() - 1],
    })
}

fn pct(s: &str) -> String {
    let mut o = String::new();
    for b in s.bytes() {
        if b.is_ascii_alphanumeric() || b"-_.~".contains(&b) {
            o.push(b as char)
        } else {
            o.push_str(&format!("%{b:02X}"))
        }
    }
    o
}

async fn run(spec: Spec) -> serde_json::Value {
    let rest = spec.base.strip_prefix("http://").expect("only http:// base urls");
    let (host, prefix) = match rest.find('/') {
        Some(i) => (rest[..i].to_string(), rest[i..].trim_end_matches('/').to_string()),
        None => (rest.to_string(), String::new()),
    };
    let ids = spec
        .ids
        .iter()
        .map(|(k, f)| {
            let t = std::fs::read_to_string(f).unwrap_or_default();
            (k.clone(), t.lines().map(|l| l.to_string()).collect())
        })
        .collect();
    let ctx = Rc::new(Ctx {
        host: if host.contains(':') { host } else { format!("{host}:80") },
        prefix,
        headers: spec.headers.clone(),
        timeout: Duration::from_secs_f64(spec.timeout_s),
        ids,
    });
    if spec.mode == "page" {
        return page(&spec, &ctx).await;
    }
    let steps: Rc<Vec<Step>> = Rc::new(
        spec.steps
            .into_iter()
            .map(|s| Step {
                method: Method::from_bytes(s.method.as_bytes()).unwrap(),
                path: parse_tpl(&s.path),
                body: s.body.as_deref().map(parse_tpl),
                lines: s
                    .body_lines
                    .as_ref()
                    .map(|f| std::fs::read_to_string(f).unwrap().lines().map(String::from).collect())
                    .unwrap_or_default(),
                spec: s,
                lat: RefCell::new(vec![]),
                statuses: RefCell::new(BTreeMap::new()),
                errors: Cell::new(0),
                bytes_in: Cell::new(0),
                bytes_out: Cell::new(0),
                sample_error: RefCell::new(None),
            })
            .collect(),
    );
    let issued = Rc::new(Cell::new(0u64));
    let abort = Rc::new(Cell::new(false));
    let captured: Rc<RefCell<Vec<(u64, String)>>> = Rc::new(RefCell::new(vec![]));
    let start = Instant::now();
    let deadline = if spec.duration_s > 0.0 {
        Some(start + Duration::from_secs_f64(spec.duration_s))
    } else {
        None
    };
    let (n_start, n_len, count) = (spec.n_start, spec.n_len.max(1), spec.count);
    let mode = match spec.n_mode.as_str() {
        "rand" => 1,
        "seq" => 2,
        _ => 0,
    };
    let seed = spec.seed;
    let keep = spec.capture_file.is_some();
    let mut tasks = vec![];
    for _ in 0..spec.concurrency {
        let (ctx, steps, issued, abort, captured) =
            (ctx.clone(), steps.clone(), issued.clone(), abort.clone(), captured.clone());
        tasks.push(tokio::task::spawn_local(async move {
            let mut conn: Option<Conn> = None;
            loop {
                if abort.get() || deadline.is_some_and(|d| Instant::now() >= d) {
                    break;
                }
                let k = issued.get();
                if (count > 0 && k >= count) || (mode == 0 && k >= n_len) {
                    break;
                }
                issued.set(k + 1);
                let n = match mode {
                    1 => n_start + mix64(seed.wrapping_mul(0x1000193).wrapping_add(k)) % n_len,
                    2 => n_start + k % n_len,
                    _ => n_start + k,
                };
                let mut caps: BTreeMap<String, String> = BTreeMap::new();
                for st in steps.iter() {
                    if st.spec.every.is_some_and(|e| k % e != 0) {
                        continue;
                    }
                    let mut path = String::with_capacity(256);
                    render(&st.path, n, &ctx, &caps, &mut path);
                    let body = if !st.lines.is_empty() {
                        Some(st.lines[n as usize % st.lines.len()].clone())
                    } else {
                        st.body.as_ref().map(|b| {
                            let mut s = String::with_capacity(1600);
                            render(b, n, &ctx, &caps, &mut s);
                            s
                        })
                    };
                    st.bytes_out.set(st.bytes_out.get() + body.as_ref().map_or(0, |b| b.len() as u64));
                    let t0 = Instant::now();
                    let r = send(&mut conn, &ctx, &st.method, &path, body).await;
                    let us = t0.elapsed().as_micros().min(u32::MAX as u128) as u32;
                    st.lat.borrow_mut().push(us);
                    let mut bad: Option<String> = None;
                    match r {
                        Ok(a) => {
                            *st.statuses.borrow_mut().entry(a.status.to_string()).or_default() += 1;
                            st.bytes_in.set(st.bytes_in.get() + a.body.len() as u64);
                            let ok = if st.spec.expect.is_empty() {
                                (200..300).contains(&a.status)
                            } else {
                                st.spec.expect.contains(&a.status)
                            };
                            if !ok {
                                bad = Some(format!(
                                    "{} {}",
                                    a.status,
                                    String::from_utf8_lossy(&a.body[..a.body.len().min(300)])
                                ));
                            } else if st.spec.total.is_some() || st.spec.capture.is_some() {
                                match serde_json::from_slice::<Probe>(&a.body) {
                                    Ok(p) => {
                                        if st.spec.total.is_some() && p.total != st.spec.total {
                                            bad = Some(format!(
                                                "totalResults {:?}, expected {:?}",
                                                p.total, st.spec.total
                                            ));
                                        }
                                        if let (Some(c), Some(id)) = (&st.spec.capture, p.id) {
                                            if keep {
                                                captured.borrow_mut().push((n, id.clone()));
                                            }
                                            caps.insert(c.clone(), id);
                                        }
                                    }
                                    Err(e) => bad = Some(format!("answer is not JSON: {e}")),
                                }
                            }
                        }
                        Err(e) => {
                            let key = if e == "timeout" { "timeout" } else { "io" };
                            *st.statuses.borrow_mut().entry(key.into()).or_default() += 1;
                            bad = Some(e);
                        }
                    }
                    if let Some(b) = bad {
                        st.errors.set(st.errors.get() + 1);
                        st.sample_error.borrow_mut().get_or_insert(b);
                        let (e, c) = (st.errors.get(), st.lat.borrow().len() as u64);
                        if e >= 50 && e * 10 > c * 9 {
                            abort.set(true);
                        }
                        break;
                    }
                }
            }
        }));
    }
    for t in tasks {
        t.await.unwrap();
    }
    let wall = start.elapsed().as_secs_f64();
    if let Some(f) = &spec.capture_file {
        let mut v = captured.borrow_mut();
        v.sort();
        let mut o = std::io::BufWriter::new(std::fs::File::create(f).unwrap());
        for (n, id) in v.iter() {
            writeln!(o, "{n}\t{id}").unwrap();
        }
    }
    let mut requests = 0u64;
    let mut errors = 0u64;
    let mut js = vec![];
    for s in steps.iter() {
        let c = s.lat.borrow().len() as u64;
        requests += c;
        errors += s.errors.get();
        js.push(serde_json::json!({
            "name": s.spec.name, "requests": c, "errors": s.errors.get(),
            "rps": (c - s.errors.get()) as f64 / wall,
            "statuses": *s.statuses.borrow(), "latency": lat(&mut s.lat.borrow_mut()),
            "bytes_in": s.bytes_in.get(), "bytes_out": s.bytes_out.get(),
            "sample_error": *s.sample_error.borrow(),
        }));
    }
    serde_json::json!({
        "wall_s": wall, "iterations": issued.get(), "requests": requests, "errors": errors,
        "rps": (requests - errors) as f64 / wall, "aborted": abort.get(), "steps": js,
    })
}

async fn page(spec: &Spec, ctx: &Ctx) -> serde_json::Value {
    let mut conn = None;
    let (mut start_index, mut pages, mut items, mut bytes) = (1u64, 0u64, 0u64, 0u64);
    let mut seen: HashSet<String> = HashSet::new();
    let mut lats: Vec<u32> = vec![];
    let mut cursor: Option<String> = None;
    let mut error: Option<String> = None;
    let mut total = None;
    let mut stop = "end";
    let t0 = Instant::now();
    loop {
        if spec.duration_s > 0.0 && t0.elapsed().as_secs_f64() > spec.duration_s {
            stop = "time budget";
            break;
        }
        let sep = if spec.page_path.contains('?') { '&' } else { '?' };
        let path = if spec.cursor {
            format!(
                "{}{}count={}&cursor={}",
                spec.page_path,
                sep,
                spec.page_size,
                cursor.as_deref().map(pct).unwrap_or_default()
            )
        } else {
            format!("{}{}startIndex={}&count={}", spec.page_path, sep, start_index, spec.page_size)
        };
        let t = Instant::now();
        let a = match send(&mut conn, ctx, &Method::GET, &path, None).await {
            Ok(a) => a,
            Err(e) => {
                error = Some(e);
                break;
            }
        };
        lats.push(t.elapsed().as_micros() as u32);
        if a.status != 200 {
            error = Some(format!("{} {}", a.status, String::from_utf8_lossy(&a.body[..a.body.len().min(300)])));
            break;
        }
        bytes += a.body.len() as u64;
        let p: Page = match serde_json::from_slice(&a.body) {
            Ok(p) => p,
            Err(e) => {
                error = Some(format!("not a list: {e}"));
                break;
            }
        };
        pages += 1;
        total = p.total.or(total);
        let n = p.resources.len() as u64;
        items += n;
        for r in &p.resources {
            if let Ok(i) = serde_json::from_str::<OnlyId>(r.get()) {
                seen.insert(i.id);
            }
        }
        if spec.cursor {
            match p.next {
                Some(c) if !c.is_empty() => cursor = Some(c),
                _ => break,
            }
        } else {
            start_index += n;
            if n == 0 || total.is_some_and(|t| start_index > t) {
                break;
            }
        }
    }
    let wall = t0.elapsed().as_secs_f64();
    let edge = (lats.len() / 10).max(1);
    let mean = |v: &[u32]| v.iter().map(|x| *x as f64).sum::<f64>() / v.len().max(1) as f64;
    let (first, last) = if lats.is_empty() {
        (0.0, 0.0)
    } else {
        (mean(&lats[..edge]), mean(&lats[lats.len() - edge..]))
    };
    serde_json::json!({
        "wall_s": wall, "pages": pages, "items": items, "distinct": seen.len(), "total": total,
        "bytes_in": bytes, "items_per_s": items as f64 / wall, "error": error, "stopped": stop,
        "first_pages_us": first, "last_pages_us": last, "latency": lat(&mut lats),
    })
}

/// `loadgen --static PORT`: a bare hyper server with a fixed 1 KB answer, single-threaded.
async fn serve_static(port: u16) {
    let body = Bytes::from(format!("{{\"id\":\"{}\"}}", "x".repeat(1013)));
    let l = tokio::net::TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    loop {
        let (s, _) = l.accept().await.unwrap();
        s.set_nodelay(true).ok();
        let body = body.clone();
        tokio::task::spawn_local(async move {
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(
                    TokioIo::new(s),
                    hyper::service::service_fn(move |r: Request<hyper::body::Incoming>| {
                        let body = body.clone();
                        async move {
                            let _ = r.into_body().collect().await;
                            Ok::<_, hyper::Error>(
                                hyper::Response::builder()
                                    .header("content-type", "application/scim+json")
                                    .body(Full::new(body))
                                    .unwrap(),
                            )
                        }
                    }),
                )
                .await;
        });
    }
}

fn main() {
    let rt = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let local = tokio::task::LocalSet::new();
    let args: Vec<String> = std::env::args().collect();
    if args.get(1).map(|s| s.as_str()) == Some("--static") {
        local.block_on(&rt, serve_static(args[2].parse().unwrap()));
        return;
    }
    let mut s = String::new();
    std::io::stdin().read_to_string(&mut s).unwrap();
    let spec: Spec = serde_json::from_str(&s).expect("bad spec");
    let out = local.block_on(&rt, run(spec));
    println!("{out}");
}
