//! scimd: a standalone SCIM 2.0 server (RFC 7643, RFC 7644).
//!
//! Identity providers push users and groups over SCIM; each connected provider is a *Directory* with its
//! own Base URL, tokens and rules. The modules below are in reading order, and a module may use only those
//! above it (`tests/architecture.rs` holds them to that):
//!
//! - [`id`], [`clock`], [`config`]: what everything else is told, never asks for
//! - [`metrics`], [`telemetry`]: what is counted; the log and the traces
//! - [`scim`]: the language of the RFCs. Pure: no I/O, no clock, no async
//! - [`store`]: the contract with PostgreSQL and SQLite, and both of them
//! - [`auth`]: who is calling
//! - [`directory`]: what a SCIM client may do inside one Directory; the only place with control flow
//! - [`admin`]: what an operator may do
//! - [`http`]: router, extractors, replies
//! - [`server`]: sockets, timers, draining
//! - [`app`]: the parts of a running server, wired
//! - [`cli`]: the commands

pub mod admin;
pub mod app;
pub mod auth;
pub mod cli;
pub mod clock;
pub mod config;
pub mod directory;
pub mod http;
pub mod id;
pub mod metrics;
pub mod scim;
pub mod server;
pub mod store;
pub mod telemetry;
