//! Sockets, timers, draining: from a listener to a service of requests, and nothing that knows what a request means.
//!
//! `axum::serve` sets no timer at all: a client that sends a byte a minute keeps its connection for ever (R24). So this
//! module accepts by itself, lets hyper speak HTTP/1.1, and puts a clock beside every state that a client can be in:
//!
//! ```text
//! accepted ─first byte─▶ Head ─head complete─▶ Exchange ─reply sent─▶ Idle
//!  10 s                  15 s                  body: 30 s and a rate   75 s
//!                         ▲                    write: 30 s each         │
//!                         └────────────────────first byte───────────────┘
//! ```
//!
//! - [`options`]: all limits and timers
//! - [`run`](mod@run): the accept loop, the caps on connections, draining
//! - [`signal`]: SIGTERM and SIGINT
//! - [`tls`]: TLS, when the server ends it itself
//! - [`counts`]: what is counted of connections
//! - `connection`: the life of one connection, and the timers of what the client has to send
//! - `progress`: the state that its parts share
//! - `io`: the socket: when a head begins, the timer of writing, how to close
//! - `body`: the request's body, with its timer, and the reply's, whose end is noticed
//! - `refusal`: answers in SCIM's form to what never became a request

mod body;
mod connection;
pub mod counts;
mod io;
pub mod options;
mod progress;
mod refusal;
pub mod run;
pub mod signal;
mod timer;
pub mod tls;

pub use counts::Counts;
pub use options::ServerOptions;
pub use run::{ServerError, run};
pub use signal::shutdown_signal;
pub use tls::Tls;
