//! The description of the admin API, made of its code (OpenAPI 3.1), and a page to try it.

use super::problem::Kind;
use super::{BASE, accounts, audit, clients, definitions, directories, keys, providers, requests, resources, session, tokens};
use axum::Json;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use std::sync::LazyLock;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::path::{Operation, Parameter, ParameterIn, PathItem};
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{OpenApi as Document, Ref, RefOr};
use utoipa::{Modify, OpenApi};

#[derive(OpenApi)]
#[openapi(
    info(title = "scimd admin API", description = "What operators do: Directories, tokens, accounts, the record of it all."),
    servers((url = "/admin/api/v1")),
    security(("apiKey" = [])),
    modifiers(&EveryOperation),
    components(schemas(super::problem::ProblemBody)),
    tags(
        (name = "session", description = "Signing in with a password, and who one is"),
        (name = "accounts", description = "Operators' accounts"),
        (name = "keys", description = "API keys of accounts"),
        (name = "providers", description = "The profiles that a Directory can have"),
        (name = "directories", description = "Directories: one for each connected provider"),
        (name = "tokens", description = "Tokens of a Directory"),
        (name = "clients", description = "OAuth clients of a Directory"),
        (name = "definitions", description = "Schemas and resource types of a Directory"),
        (name = "resources", description = "Users and groups of a Directory"),
        (name = "requests", description = "What became of SCIM requests"),
        (name = "audit", description = "The record of what operators did"),
    ),
    paths(
        session::sign_in,
        session::sign_out,
        session::me,
        accounts::list,
        accounts::create,
        accounts::show,
        accounts::edit,
        accounts::delete,
        accounts::set_password,
        accounts::remove_password,
        keys::list,
        keys::create,
        keys::delete,
        providers::list,
        directories::list,
        directories::create,
        directories::show,
        directories::edit,
        directories::delete,
        directories::pause,
        directories::resume,
        directories::disable,
        tokens::list,
        tokens::create,
        tokens::show,
        tokens::edit,
        tokens::delete,
        tokens::activate,
        tokens::deactivate,
        tokens::renew,
        tokens::revoke,
        clients::create,
        clients::set_keys,
        definitions::list,
        definitions::add,
        definitions::remove,
        resources::list,
        resources::create,
        resources::show,
        resources::replace,
        resources::delete,
        resources::disable,
        resources::enable,
        resources::set_password,
        resources::change_members,
        resources::deleted,
        resources::purge,
        requests::list,
        requests::follow,
        audit::list,
        audit::export,
        audit::verify,
    )
)]
struct AdminApi;

/// What holds for every operation, said once: how it is authorised, and the problems that it can have.
struct EveryOperation;

impl Modify for EveryOperation {
    fn modify(&self, document: &mut Document) {
        let components = document.components.get_or_insert_default();
        let mut scheme = Http::new(HttpAuthScheme::Bearer);
        scheme.description = Some("An API key of an operator's account: `scimdkey_…`".to_owned());
        components.add_security_scheme("apiKey", SecurityScheme::Http(scheme));
        for (path, item) in &mut document.paths.paths {
            for operation in operations(item) {
                operation.operation_id = operation.operation_id.take().map(|id| unique(&id, operation));
                let is_open = path == "/session" && operation.request_body.is_some();
                for kind in problems(operation, is_open) {
                    let (_, status, title) = kind.facts();
                    let responses = &mut operation.responses.responses;
                    responses.entry(status.as_str().to_owned()).or_insert_with(|| problem(title));
                }
                if has(operation, |parameter| parameter.name == "If-None-Match") {
                    let same = ResponseBuilder::new().description("It is as If-None-Match says").build();
                    operation.responses.responses.insert(StatusCode::NOT_MODIFIED.as_str().to_owned(), same.into());
                }
            }
        }
    }
}

/// The problems that an operation can have beside those of its own.
fn problems(operation: &Operation, is_open: bool) -> Vec<Kind> {
    let mut kinds = vec![Kind::Malformed, Kind::Internal, Kind::Unavailable];
    if !is_open {
        kinds.extend([Kind::Unauthorized, Kind::Forbidden, Kind::TooManyRequests]);
    }
    // What a path names may not be there, nor a Directory that a query names.
    if has(operation, |parameter| matches!(parameter.parameter_in, ParameterIn::Path) || parameter.name == "directory") {
        kinds.push(Kind::NotFound);
    }
    if has(operation, |parameter| parameter.name == "If-Match") {
        kinds.push(Kind::PreconditionFailed);
    }
    if operation.request_body.is_some() {
        kinds.extend([Kind::TooLarge, Kind::UnsupportedMediaType, Kind::Invalid]);
    }
    kinds
}

fn has(operation: &Operation, is_it: impl Fn(&Parameter) -> bool) -> bool {
    operation.parameters.iter().flatten().any(|parameter| match parameter {
        RefOr::T(parameter) => is_it(parameter),
        RefOr::Ref(_) => false,
    })
}

fn problem(title: &str) -> RefOr<utoipa::openapi::Response> {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    ResponseBuilder::new().description(title).content("application/problem+json", content).build().into()
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete].into_iter().flatten()
}

/// The id of an operation: functions of different modules have the same name, so the tag stands before it.
fn unique(id: &str, operation: &Operation) -> String {
    let tag = operation.tags.iter().flatten().next().map_or("", String::as_str);
    format!("{tag}.{id}")
}

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    let mut document = AdminApi::openapi();
    document.info.version = env!("CARGO_PKG_VERSION").to_owned();
    serde_json::to_value(document).unwrap_or_else(|_| json!({}))
});

/// The description, as OpenAPI 3.1.
pub async fn document() -> Json<&'static Value> {
    Json(&DOCUMENT)
}

/// The page: nothing on it comes from elsewhere, and what it is given stays in it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";

/// A page to read the description and try the API, with an API key that is entered there.
pub async fn page() -> Response {
    let page = include_str!("docs/page.html").replace("{{base}}", BASE).replace("{{problems}}", &problem_list());
    let headers = [(CONTENT_TYPE, "text/html; charset=utf-8"), (CONTENT_SECURITY_POLICY, POLICY), (CACHE_CONTROL, "no-cache")];
    (headers, page).into_response()
}

/// What the addresses of problems lead to.
fn problem_list() -> String {
    let item = |kind: Kind| {
        let (word, status, title) = kind.facts();
        format!("<dt id=\"{word}\">{} {word}</dt><dd>{title}.</dd>", status.as_u16())
    };
    Kind::ALL.into_iter().map(item).collect()
}

/// The script of the page.
pub async fn script() -> Response {
    let headers = [(CONTENT_TYPE, "text/javascript; charset=utf-8"), (CACHE_CONTROL, "no-cache")];
    (headers, include_str!("docs/page.js")).into_response()
}

/// Its style.
pub async fn style() -> Response {
    ([(CONTENT_TYPE, "text/css; charset=utf-8"), (CACHE_CONTROL, "no-cache")], include_str!("docs/page.css")).into_response()
}
