//! Bulk (RFC 7644 §3.7): a body to operations, their references and order, and what they do.

use super::sample;
use super::store::{Memory, NOW};
use scimd::auth::PasswordHasher;
use scimd::auth::scopes::EVERYTHING;
use scimd::clock::ManualClock;
use scimd::config::{Config, PasswordConfig, Sources};
use scimd::directory::cursors::Cursors;
use scimd::directory::trace::Trace;
use scimd::directory::walks::Walks;
use scimd::directory::{BulkReply, Ctx, Directory, Done, Limits, bulk};
use scimd::id::DirectoryId;
use scimd::metrics::Metrics;
use scimd::scim::bulk::{BulkEntry, BulkIds, BulkMethod, BulkRequest, Defined, order, references};
use scimd::scim::filter::FilterOptions;
use scimd::scim::json;
use scimd::scim::quirks::MessageKind;
use scimd::scim::{ErrorKind, ScimError};
use scimd::store::{DirectoryRow, DirectoryStatus};
use serde_json::Value;
use std::collections::{BTreeSet, HashSet};
use std::sync::{Arc, LazyLock};
use tokio::runtime::{Builder, Runtime};

const OPERATIONS_MAX: usize = 100;

/// Runs what waits for nothing but threads of its own.
pub static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Builder::new_current_thread().build().expect("a runtime"));

/// Limits of requests as the default configuration has them, with fewer operations.
pub static LIMITS: LazyLock<Limits> = LazyLock::new(|| {
    let config = Config::load(&Sources::default()).expect("the defaults are valid");
    Limits { bulk_operations_max: OPERATIONS_MAX, ..Limits::from(&config) }
});

/// What is counted.
pub static METRICS: LazyLock<Metrics> = LazyLock::new(|| Metrics::new(Arc::new(ManualClock::new(NOW))));

/// A hasher whose hashes cost next to nothing.
pub static PASSWORDS: LazyLock<PasswordHasher> = LazyLock::new(|| {
    let cheap =
        PasswordConfig { length_min: 1, bytes_max: 1_024, memory_kib: 8, iterations: 1, lanes: 1, concurrent_hashes_max: 1 };
    PasswordHasher::new(&cheap)
});

/// A Directory with the sample schemas and this profile.
pub fn directory(profile: &str) -> Directory {
    let row = DirectoryRow {
        id: DirectoryId(1),
        name: "sample".to_owned(),
        display_name: String::new(),
        provider: profile.to_owned(),
        settings: "{}".to_owned(),
        created: NOW,
        status: DirectoryStatus::Active,
        protected: false,
        revision: 1,
        disconnecting: false,
        schema_revision: 0,
    };
    Directory::load(&row, sample::REGISTRY.clone()).expect("there is such a profile")
}

/// Checks one body.
pub fn check(bytes: &[u8]) {
    let parsed = json::parse(bytes, &LIMITS.json).and_then(|body| BulkRequest::parse(body, OPERATIONS_MAX));
    if let Ok(request) = &parsed {
        check_plan(&request.operations);
    }
    for profile in ["strict", "entra"] {
        check_run(bytes, profile, &parsed);
    }
}

/// The parts of the plan, as `directory::bulk` puts them together.
fn check_plan(entries: &[BulkEntry]) {
    let bulk_ids = defined(entries);
    let posts: HashSet<usize> = bulk_ids.values().map(|defined| defined.operation).collect();
    let mut waits_for = Vec::with_capacity(entries.len());
    for entry in entries {
        let mut waits = BTreeSet::new();
        match &entry.operation {
            Ok(operation) => {
                assert_eq!(operation.id.is_none(), operation.method == BulkMethod::Post);
                assert_eq!(operation.data.is_null(), operation.method == BulkMethod::Delete);
                assert!(!operation.endpoint.is_empty());
                if let Ok(Some(defined)) = references::resolve_id(operation.id.as_deref().unwrap_or_default(), &bulk_ids) {
                    waits.insert(defined.operation);
                }
                waits.extend(referred(operation.method, &operation.data, &bulk_ids));
            }
            Err(error) => assert!(matches!(error.kind, ErrorKind::InvalidSyntax | ErrorKind::InvalidValue), "{error}"),
        }
        assert!(waits.is_subset(&posts.iter().copied().collect()), "{waits:?}");
        waits_for.push(waits.into_iter().collect::<Vec<_>>());
    }
    check_order(&waits_for);
}

fn defined(entries: &[BulkEntry]) -> BulkIds {
    let mut bulk_ids = BulkIds::new();
    for (operation, bulk_id) in entries.iter().enumerate().filter_map(|(place, entry)| Some((place, entry.defines()?))) {
        let id = sample::id(1_000 + operation as u128).to_string();
        let location = format!("{}/Users/{id}", sample::BASE_URL);
        let other = bulk_ids.insert(bulk_id.to_owned(), Defined { operation, id, location });
        assert_eq!(other, None, "bulkIds are unique");
    }
    bulk_ids
}

/// The POSTs that a body refers to. What is replaced once has no reference left.
fn referred(method: BulkMethod, data: &Value, bulk_ids: &BulkIds) -> BTreeSet<usize> {
    let kind = match method {
        BulkMethod::Post => MessageKind::Create,
        BulkMethod::Put => MessageKind::Replace,
        BulkMethod::Patch => MessageKind::Patch,
        BulkMethod::Delete => return BTreeSet::new(),
    };
    let filter = FilterOptions::default();
    let mut all = BTreeSet::new();
    for resource_type in sample::resource_types() {
        let mut data = data.clone();
        match references::resolve(&mut data, kind, resource_type, bulk_ids, &filter) {
            Ok(referred) => {
                let resolved = data.clone();
                let again = references::resolve(&mut data, kind, resource_type, &BulkIds::new(), &filter);
                assert_eq!((again, &data), (Ok(BTreeSet::new()), &resolved));
                all.extend(referred);
            }
            Err(error) => assert_eq!(error.kind, ErrorKind::InvalidValue, "{error}"),
        }
    }
    all
}

/// Each operation is in one step, and no step comes before one that it waits for.
fn check_order(waits_for: &[Vec<usize>]) {
    let steps = order::steps(waits_for);
    let mut step_of = vec![None; waits_for.len()];
    for (number, step) in steps.iter().enumerate() {
        assert!(step.is_sorted() && !step.is_empty(), "{steps:?}");
        for operation in step {
            assert_eq!(step_of[*operation].replace(number), None, "{steps:?}");
        }
    }
    assert!(step_of.iter().all(Option::is_some), "{steps:?}");
    for (operation, awaited) in waits_for.iter().enumerate() {
        assert!(awaited.iter().all(|other| step_of[*other] <= step_of[operation]), "{steps:?} {waits_for:?}");
    }
}

/// The whole, on a store in memory: each operation is answered, and what is answered is what happened.
fn check_run(bytes: &[u8], profile: &str, parsed: &Result<BulkRequest, ScimError>) {
    let directory = directory(profile);
    let store = Memory::new(&directory);
    let before = store.ids();
    let ctx = Ctx {
        store: &store,
        directory: &directory,
        actor: None,
        party: scimd::directory::Party::Provider,
        scopes: &EVERYTHING,
        clock: &ManualClock::new(NOW),
        limits: &LIMITS,
        base_url: sample::BASE_URL,
        passwords: &PASSWORDS,
        walks: &Walks::default(),
        cursors: &Cursors::default(),
        metrics: &METRICS,
        trace: &Trace::default(),
    };
    let replies = RUNTIME.block_on(bulk(&ctx, bytes, || std::future::ready(Ok(()))));
    let (request, replies) = match (parsed, replies) {
        (Ok(request), Ok(replies)) => (request, replies),
        (parsed, replies) => {
            assert_eq!(parsed.as_ref().err(), replies.as_ref().err());
            return assert_eq!(store.ids(), before);
        }
    };
    let failures = replies.iter().filter(|reply| reply.outcome.is_err()).count();
    match request.fail_on_errors {
        Some(max) if failures >= max => {}
        Some(_) | None => assert_eq!(replies.len(), request.operations.len()),
    }
    let mut expected = before;
    replies.iter().filter(|reply| matches!(reply.outcome, Ok(Done::Created(_)))).for_each(|reply| {
        assert!(expected.insert(id_of(reply)), "{reply:?}");
    });
    replies.iter().filter(|reply| matches!(reply.outcome, Ok(Done::Deleted))).for_each(|reply| {
        assert!(expected.remove(&id_of(reply)), "{reply:?}");
    });
    assert_eq!(store.ids(), expected);
    replies.iter().filter_map(|reply| reply.outcome.as_ref().err()).for_each(check_refusal);
}

fn id_of(reply: &BulkReply) -> String {
    let location = reply.location.as_deref().expect("who succeeds has a location");
    location.rsplit('/').next().unwrap_or_default().to_owned()
}

fn check_refusal(error: &ScimError) {
    use ErrorKind::{Conflict, NotFound, PreconditionFailed, Uniqueness};
    if ![Conflict, NotFound, PreconditionFailed, Uniqueness].contains(&error.kind) {
        super::patch::check_refusal(error);
    }
}
