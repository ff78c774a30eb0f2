//! Bulk (RFC 7644 §3.7): many operations in one request, each of which succeeds or fails by itself.
//!
//! Operations run in request order, except that one that refers to a new resource waits for it (D-89). Neighbours whose
//! order nobody can tell run at the same time, so that their commits share the database's work.
//!
//! - [`prepare`]: from the request to tasks, all references replaced
//! - `wave`: which neighbours may run at the same time
//! - `run`: one task; the tasks of a cycle

mod prepare;
mod run;
mod wave;

use super::Ctx;
use super::body;
use super::trace::{Report, Trace};
use crate::scim::bulk::{BulkRequest, order};
use crate::scim::{ErrorKind, ScimError};
use futures_util::future::join_all;
use prepare::{Prepared, Task};

/// How many operations run at the same time.
const CONCURRENT_MAX: usize = 64;

/// The answer to one operation.
#[derive(Debug, Clone, PartialEq)]
pub struct BulkReply {
    /// Its method as sent, if that is a string.
    pub method: Option<String>,
    /// Its bulkId as sent, if that is a string.
    pub bulk_id: Option<String>,
    /// The address of its resource; `None` if it was to create one and failed.
    pub location: Option<String>,
    /// What became of it.
    pub outcome: Result<Done, ScimError>,
    /// What it told about itself.
    pub report: Report,
}

/// How an operation succeeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// The resource is new, at this version.
    Created(i64),
    /// It is at this version.
    Updated(i64),
    /// It is gone.
    Deleted,
}

/// Runs a bulk request, and gives the answers to the operations that were run, in request order.
///
/// Once `failOnErrors` operations have failed, the rest is left undone. A request may take long, so `may_go_on` is asked
/// before each step: once it says no, the rest fails with its reason. What has begun is finished, a cycle too, if the caller
/// does not drop this future.
///
/// # Errors
/// Nothing was run then.
/// - `InvalidSyntax`, `InvalidValue`: the body is no bulk request
/// - `PayloadTooLarge`: it has too many operations
pub async fn bulk<G>(ctx: &Ctx<'_>, bytes: &[u8], may_go_on: impl Fn() -> G) -> Result<Vec<BulkReply>, ScimError>
where
    G: Future<Output = Result<(), ScimError>>,
{
    let request = BulkRequest::parse(body::json(ctx, bytes)?, ctx.limits.bulk_operations_max)?;
    let failures_max = request.fail_on_errors.unwrap_or(usize::MAX);
    let traces: Vec<Trace> = request.operations.iter().map(|_| ctx.trace.part()).collect();
    let mut prepared = prepare::all(ctx, request.operations, &traces).await;
    let waits_for: Vec<Vec<usize>> = prepared.iter().map(|one| one.waits_for.clone()).collect();
    let steps = order::steps(&waits_for);
    let mut outcomes: Vec<Option<Result<Done, ScimError>>> = vec![None; prepared.len()];
    let mut failures = 0;
    let mut next = 0;
    let mut halted = None;
    while next < steps.len() && failures < failures_max {
        if halted.is_none() {
            halted = may_go_on().await.err();
        }
        // If all of them fail, it is the last that reaches the limit.
        let room = CONCURRENT_MAX.min(failures_max - failures);
        let wave = wave::take(ctx.directory, &steps[next..], &prepared, room);
        next += wave.len();
        let mut tasks = Vec::with_capacity(wave.len());
        for operation in wave.iter().flatten() {
            let task = take(&mut prepared, *operation, &outcomes);
            tasks.push((*operation, halted.clone().map_or(task, Err)));
        }
        let done = match wave {
            [cycle] if cycle.len() > 1 => run::cycle(ctx, tasks, &traces).await,
            _ => {
                let traces = &traces;
                let run =
                    |(operation, task)| async move { (operation, run::one(&ctx.traced_by(&traces[operation]), task).await) };
                join_all(tasks.into_iter().map(run)).await
            }
        };
        for (operation, outcome) in done {
            failures += usize::from(outcome.is_err());
            outcomes[operation] = Some(outcome);
        }
    }
    let replies = prepared.into_iter().zip(outcomes).zip(&traces);
    Ok(replies.filter_map(|((one, outcome), trace)| Some(one.reply(outcome?, trace.take()))).collect())
}

/// What is to be run for an operation, now that its turn has come.
fn take(prepared: &mut [Prepared], operation: usize, outcomes: &[Option<Result<Done, ScimError>>]) -> Result<Task, ScimError> {
    let one = &mut prepared[operation];
    let task = std::mem::replace(&mut one.task, Err(ScimError::new(ErrorKind::Internal, "an operation was to run twice")))?;
    if one.refers_to.iter().any(|other| matches!(outcomes[*other], Some(Err(_)))) {
        return Err(run::dependency_failed());
    }
    Ok(task)
}
