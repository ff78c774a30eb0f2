//! Searches that no index serves: what the log says of them, and what a client reads of one that was stopped (D-46).

use super::Ctx;
use crate::scim::{ErrorKind, ScimError};
use crate::store::{ListingPage, Part, StoreError};
use std::time::Duration;

/// A page that was read for `parts`, or the error; writes a line to the log if that took long because no index serves it.
/// `parts` is called only when there is something to say.
///
/// # Errors
/// - `TooMany`: it took longer than a search may that no index serves
/// - what else the store reports
pub(super) fn judged<'q>(
    ctx: &Ctx<'_>,
    parts: impl Fn() -> Vec<Part<'q>>,
    read: Result<ListingPage, StoreError>,
) -> Result<ListingPage, ScimError> {
    match read {
        Ok(page) => {
            if let Some(duration) = page.scanned.filter(|duration| *duration >= ctx.limits.unindexed_search_logged) {
                log(ctx, &parts(), duration, Some(&page));
            }
            Ok(page)
        }
        Err(StoreError::TooMany { limit }) => {
            let parts = parts();
            log(ctx, &parts, limit, None);
            Err(ScimError::new(ErrorKind::TooMany, stopped(&parts, limit)))
        }
        Err(error) => Err(error.into()),
    }
}

/// One line, without a value of any resource or of the client (R31). `page`: what was found; `None`: it was stopped.
fn log(ctx: &Ctx<'_>, parts: &[Part<'_>], duration: Duration, page: Option<&ListingPage>) {
    let message = match page {
        Some(_) => "no index serves a search, which took long",
        None => "no index serves a search, which was stopped",
    };
    tracing::warn!(
        directory.id = ctx.directory.id.0,
        resource.r#type = joined(parts, " ", |part| Some(part.resource_type.name.to_string())),
        filter = joined(parts, "; ", |part| part.filter.map(|filter| filter.shape())),
        sort = joined(parts, "; ", |part| part.sort.map(|sort| sort.target.name())),
        duration_ms = duration.as_secs_f64() * 1_000.0,
        rows = page.map(|page| page.resources.len()),
        total = page.map(|page| page.total),
        "{message}"
    );
}

/// What `say` says of the parts; `None` if nothing of any.
fn joined(parts: &[Part<'_>], between: &str, say: impl Fn(&Part<'_>) -> Option<String>) -> Option<String> {
    let mut said: Vec<String> = parts.iter().filter_map(say).collect();
    said.dedup();
    (!said.is_empty()).then(|| said.join(between))
}

fn stopped(parts: &[Part<'_>], limit: Duration) -> String {
    let indexed = joined(parts, "; ", |part| {
        let names = part.resource_type.indexed.iter().filter(|indexed| indexed.ready).map(|indexed| &*indexed.name);
        let names: Vec<&str> = ["id", "meta.created", "meta.lastModified"].into_iter().chain(names).collect();
        Some(format!("of {}: {}", part.resource_type.name, names.join(", ")))
    });
    format!(
        "no index serves this filter or sort, and to read all resources takes longer than {} ms \
         (database.unindexed_search_timeout_ms). Filter by an attribute that is indexed, with eq, sw, gt, ge, lt or le. \
         Indexed are, {}",
        limit.as_millis(),
        indexed.unwrap_or_default()
    )
}
