//! The record of what operators did.

use super::AdminState;
use super::caller::{Caller, Viewing};
use super::extract::Query;
use super::page::{self, Page};
use super::problem::{Kind, Problem};
use crate::admin::audit::{self, Entry};
use crate::admin::directories;
use crate::clock::Timestamp;
use crate::store::OperatorStore;
use crate::store::audit::AuditFilter;
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::{Deserialize, Serialize};
use std::io;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// How many rows of an export are read at a time.
const EXPORT_ROWS: u32 = 500;

/// Which acts are asked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// Those in one Directory, by its name.
    directory: Option<String>,
    /// Those of one name, such as `token.create`, or, with a dot at the end, all that begin so: `token.`
    act: Option<String>,
    /// Those of one actor.
    actor: Option<String>,
    /// Those from this moment on.
    #[param(format = DateTime)]
    since: Option<String>,
    /// Those before this moment.
    #[param(format = DateTime)]
    until: Option<String>,
    /// How many items the page has at most.
    #[param(minimum = 1, maximum = 500, default = 100)]
    limit: Option<u32>,
    /// The `next` of the page before; without it, the first page.
    cursor: Option<String>,
}

/// How the record is written out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// A JSON object a line.
    #[default]
    Jsonl,
    /// Comma-separated values (RFC 4180).
    Csv,
}

/// Which acts are written out, and how.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ExportQuery {
    /// JSON Lines or CSV.
    #[param(inline, value_type = Option<Format>)]
    format: Option<Format>,
    /// Those in one Directory, by its name.
    directory: Option<String>,
    /// Those of one name, such as `token.create`, or, with a dot at the end, all that begin so: `token.`
    act: Option<String>,
    /// Those of one actor.
    actor: Option<String>,
    /// Those from this moment on.
    #[param(format = DateTime)]
    since: Option<String>,
    /// Those before this moment.
    #[param(format = DateTime)]
    until: Option<String>,
}

/// What a look at the whole chain found.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Verification {
    /// How many rows there are.
    rows: u64,
    /// Whether all of them are as they were written.
    intact: bool,
    /// The number of the first row that is not, or does not stand behind the one before it, or is missing.
    broken: Option<i64>,
    /// The number of the last row.
    last: Option<i64>,
    /// Its hash; who keeps it elsewhere can tell later whether rows at the end are missing.
    last_hash: Option<String>,
}

/// List acts
///
/// The record of what operators did, the latest first.
#[utoipa::path(get, path = "/audit", tag = "audit", params(AuditQuery), responses(
    (status = 200, description = "A page of acts", body = Page<Entry>),
))]
pub async fn list(
    State(state): State<Arc<AdminState>>,
    _: Caller<Viewing>,
    Query(query): Query<AuditQuery>,
) -> Result<Json<Page<Entry>>, Problem> {
    let limit = page::limit(query.limit)?;
    let before = query.cursor.as_deref().map(page::key::<i64>).transpose()?;
    let AuditQuery { directory, act, actor, since, until, .. } = query;
    let filter = filter(&state, directory, act, actor, since, until).await?;
    let rows = state.store.audit(&filter, before, limit + 1).await?;
    Ok(Json(page::page(rows, limit, |row| row.seq.to_string(), |row| Entry::of(&row))))
}

/// Write the record out
///
/// The latest first, as a stream: JSON Lines or CSV.
#[utoipa::path(get, path = "/audit/export", tag = "audit", params(ExportQuery), responses(
    (status = 200, description = "The record", content((String = "application/jsonl"), (String = "text/csv"))),
))]
pub async fn export(
    State(state): State<Arc<AdminState>>,
    _: Caller<Viewing>,
    Query(query): Query<ExportQuery>,
) -> Result<Response, Problem> {
    let ExportQuery { format, directory, act, actor, since, until } = query;
    let format = format.unwrap_or_default();
    let filter = filter(&state, directory, act, actor, since, until).await?;
    let (media_type, name) = match format {
        Format::Jsonl => ("application/jsonl", "attachment; filename=\"audit.jsonl\""),
        Format::Csv => ("text/csv; charset=utf-8", "attachment; filename=\"audit.csv\""),
    };
    let body = Body::from_stream(lines(state.store.clone(), filter, format));
    Ok(([(CONTENT_TYPE, media_type), (CONTENT_DISPOSITION, name)], body).into_response())
}

/// Verify the record
///
/// Goes through the whole chain of hashes.
#[utoipa::path(get, path = "/audit/verification", tag = "audit", responses(
    (status = 200, description = "What was found", body = Verification),
))]
pub async fn verify(State(state): State<Arc<AdminState>>, _: Caller<Viewing>) -> Result<Json<Verification>, Problem> {
    let found = audit::verify(&*state.store).await?;
    let (last, last_hash) = found.last.unzip();
    Ok(Json(Verification { rows: found.rows, intact: found.broken.is_none(), broken: found.broken, last, last_hash }))
}

async fn filter(
    state: &AdminState,
    directory: Option<String>,
    act: Option<String>,
    actor: Option<String>,
    since: Option<String>,
    until: Option<String>,
) -> Result<AuditFilter, Problem> {
    let moment = |text: Option<String>| {
        let parsed = text.map(|text| Timestamp::parse_rfc3339(&text).ok_or(()));
        let malformed = |()| Problem::new(Kind::Malformed, "the query: a moment is written as 2030-01-31T00:00:00Z");
        parsed.transpose().map_err(malformed)
    };
    let (since, until) = (moment(since)?, moment(until)?);
    if [&act, &actor].into_iter().flatten().any(|text| text.contains('\0')) {
        return Err(Problem::new(Kind::Malformed, "the query: act and actor have no NUL character"));
    }
    let directory = match directory {
        Some(name) => Some(directories::find(&*state.store, &name).await?.id),
        None => None,
    };
    Ok(AuditFilter { directory, act, actor, since, until })
}

/// The record in lines, read as fast as they are taken.
fn lines(
    store: Arc<dyn OperatorStore>,
    filter: AuditFilter,
    format: Format,
) -> impl futures_util::Stream<Item = Result<String, io::Error>> {
    let first = if format == Format::Csv { format!("{}\r\n", audit::CSV_HEADER) } else { String::new() };
    stream::try_unfold((Some(None), first), move |(before, mut text)| {
        let (store, filter) = (store.clone(), filter.clone());
        async move {
            // The end has been reached.
            let Some(before) = before else { return Ok(None) };
            let rows = store.audit(&filter, before, EXPORT_ROWS).await.map_err(|error| {
                tracing::error!(error = %error, "an export of the record was cut short");
                io::Error::other("the record could not be read to its end")
            })?;
            for row in &rows {
                match format {
                    Format::Jsonl => text.push_str(&format!("{}\n", audit::to_json(row))),
                    Format::Csv => text.push_str(&format!("{}\r\n", audit::to_csv(row))),
                }
            }
            let is_more = rows.len() == EXPORT_ROWS as usize;
            let next = rows.last().filter(|_| is_more).map(|row| Some(row.seq));
            Ok(Some((text, (next, String::new()))))
        }
    })
}
