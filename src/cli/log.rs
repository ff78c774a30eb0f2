//! `scimd log`: what became of requests.

use super::arguments::Arguments;
use super::expiry::{self, Moment};
use super::failure::Failure;
use super::output;
use super::session::Session;
use crate::admin::requests::{self, Tail};
use crate::admin::{AdminError, directories};
use crate::app;
use crate::clock::Clock as _;
use crate::id::{DirectoryId, ResourceId};
use crate::store::requests::{Recorder, RequestFilter, RequestLog, RequestRow};
use clap::Args;
use serde_json::Value;
use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// How long to wait before a log that is away is asked again.
const PAUSE: Duration = Duration::from_secs(1);

/// `scimd log …`
#[derive(Args)]
pub struct LogArguments {
    /// Requests of this Directory.
    #[arg(long)]
    pub directory: Option<String>,
    /// Requests with a token of this name.
    #[arg(long)]
    pub token: Option<String>,
    /// Requests with this status: 404, or 4xx for a class.
    #[arg(long, value_parser = statuses)]
    pub status: Option<(u16, u16)>,
    /// Requests about the resource with this id.
    #[arg(long, value_name = "ID", value_parser = resource)]
    pub resource: Option<ResourceId>,
    /// The request with this id, as answers have it in X-Request-Id.
    #[arg(long, value_name = "ID")]
    pub request: Option<Uuid>,
    /// Requests that came from then on: a moment, 2030-01-31T00:00:00Z, or how long ago: 30m, 12h, 7d.
    #[arg(long, value_name = "TIME", value_parser = expiry::moment)]
    pub since: Option<Moment>,
    /// Requests that came before then.
    #[arg(long, value_name = "TIME", value_parser = expiry::moment)]
    pub until: Option<Moment>,
    /// How many requests at most, the last ones.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=500))]
    pub limit: u32,
    /// Go on with requests as they come.
    #[arg(long)]
    pub follow: bool,
    /// Print JSON, one object a line.
    #[arg(long)]
    pub json: bool,
}

/// Shows the last entries, and with `--follow` those that come.
///
/// # Errors
/// There is no such Directory, or the log cannot be read.
pub async fn run(arguments: &Arguments, wanted: &LogArguments) -> Result<(), Failure> {
    let session = Session::open(arguments).await?;
    let done = show(&session, wanted).await;
    session.close(done).await
}

async fn show(session: &Session, wanted: &LogArguments) -> Result<(), Failure> {
    let log = app::request_log(&session.config).map_err(AdminError::from)?;
    let filter = filter(session, wanted).await?;
    let mut names = requests::directory_names(session.store.as_ref()).await?;
    let mut rows = requests::page(log.as_ref(), &filter, None, wanted.limit).await?;
    rows.reverse();
    for row in &rows {
        print(row, &names, wanted.json)?;
    }
    if !wanted.follow && rows.len() == wanted.limit as usize {
        output::note("There may be earlier ones: --limit shows up to 500, and --until those before a moment.");
    }
    if wanted.follow {
        let after = rows.last().map(|row| row.seq);
        follow(session, log.clone(), filter, after, &mut names, wanted.json).await?;
    }
    log.close().await;
    Ok(())
}

async fn filter(session: &Session, wanted: &LogArguments) -> Result<RequestFilter, Failure> {
    let directory = match &wanted.directory {
        Some(name) => Some(directories::find(session.store.as_ref(), name).await?.id),
        None => None,
    };
    let now = session.clock.now();
    Ok(RequestFilter {
        directory,
        token_name: wanted.token.clone(),
        status: wanted.status,
        resource: wanted.resource,
        request_id: wanted.request,
        since: wanted.since.map(|moment| moment.at(now)),
        until: wanted.until.map(|moment| moment.at(now)),
    })
}

/// Prints entries as they come, until nobody reads them any more or the command is interrupted.
async fn follow(
    session: &Session,
    log: Arc<dyn RequestLog>,
    filter: RequestFilter,
    after: Option<i64>,
    names: &mut HashMap<DirectoryId, String>,
    json: bool,
) -> Result<(), Failure> {
    let mut tail = Tail::open(log, filter, after, Recorder::off().news()).await?;
    loop {
        let row = match tail.next().await {
            Ok(row) => row,
            Err(error) => {
                output::note(&format!("the log cannot be read, and is asked again: {error}"));
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        requests::learn_name(session.store.as_ref(), names, &row).await?;
        match print(&row, names, json) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
            printed => printed?,
        }
    }
}

fn print(row: &RequestRow, names: &HashMap<DirectoryId, String>, json: bool) -> io::Result<()> {
    let entry = requests::to_json(row, names);
    if json {
        return output::line(&entry.to_string());
    }
    lines(row, &entry).iter().try_for_each(|line| output::line(line))
}

/// An entry for people: a line for what became of it, and one for each thing that it tells.
fn lines(row: &RequestRow, json: &Value) -> Vec<String> {
    let entry = &row.entry;
    let path = match entry.resource {
        Some(resource) if entry.path.contains("{id}") => entry.path.replace("{id}", &resource.to_string()),
        Some(resource) => format!("{} {resource}", entry.path),
        None => entry.path.to_string(),
    };
    let text = |pointer: &str| json.pointer(pointer).and_then(Value::as_str).unwrap_or("-");
    let mut lines = vec![format!(
        "{}  {}  {} {path}  {}  {}  {:.1} ms  {}",
        entry.at.to_rfc3339(),
        entry.status,
        entry.method,
        text("/directory"),
        text("/tokenName"),
        requests::duration_ms(entry.duration_us),
        entry.request_id,
    )];
    let mut add = |name: &str, value: String| lines.push(format!("    {name:9} {value}"));
    if let Some(filter) = &entry.filter {
        add("filter", filter.clone());
    }
    if json.get("refusal").is_some() {
        let kind = [text("/refusal/scimType"), text("/refusal/credentials")].into_iter().find(|kind| *kind != "-");
        let kind = kind.map(|kind| format!("{kind}: ")).unwrap_or_default();
        add("refused", format!("{kind}{}", text("/refusal/detail")));
        add("mend", text("/refusal/advice").to_owned());
    }
    for name in ["quirks", "ignored", "changes", "members", "unchanged", "operationsTotal", "operations", "shortened"] {
        if let Some(value) = json.get(name) {
            add(name, in_words(value));
        }
    }
    lines
}

/// A list of texts with commas in between; all else as JSON.
fn in_words(value: &Value) -> String {
    let texts: Option<Vec<&str>> = value.as_array().and_then(|elements| elements.iter().map(Value::as_str).collect());
    texts.map_or_else(|| value.to_string(), |texts| texts.join(", "))
}

fn statuses(text: &str) -> Result<(u16, u16), String> {
    requests::statuses(text).ok_or_else(|| "a status is a number such as 404, or a class such as 4xx".to_owned())
}

fn resource(text: &str) -> Result<ResourceId, String> {
    ResourceId::parse(text).ok_or_else(|| "an id has 36 characters, as answers show it".to_owned())
}
