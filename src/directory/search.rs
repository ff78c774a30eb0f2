//! Queries of one resource type (RFC 7644 §3.4.2).

use super::walks::Walk;
use super::{Ctx, ProjectionParams, SearchParams, SearchReply, render};
use crate::id::ResourceId;
use crate::scim::filter::{Filter, ResolvedFilter};
use crate::scim::json;
use crate::scim::protocol::LIST_RESPONSE_SCHEMA;
use crate::scim::protocol::search_request::SearchRequest;
use crate::scim::schema::path::Resolved;
use crate::scim::schema::{AttributeType, ResourceType, Returned};
use crate::scim::{ErrorKind, ScimError};
use crate::store::{Query, Sort, Start};

/// Answers a query with one page of a ListResponse.
///
/// # Errors
/// - `InvalidFilter`, `Sensitive`: see [`Filter::resolve`]
/// - `InvalidValue`: `startIndex`, `count`, `sortBy` or `sortOrder` make no sense (D-44, D-45)
pub async fn search(ctx: &Ctx<'_>, resource_type: &ResourceType, params: &SearchParams) -> Result<SearchReply, ScimError> {
    let filter = resolve_filter(ctx, resource_type, params.filter.as_deref())?;
    let sort = resolve_sort(resource_type, params)?;
    let projection =
        ProjectionParams { attributes: params.attributes.as_deref(), excluded_attributes: params.excluded_attributes.as_deref() }
            .resolve(resource_type)?;
    let window = Window::parse(ctx, params)?;

    let walk = Walk {
        directory: ctx.directory.id,
        actor: ctx.actor,
        resource_type: &resource_type.name,
        filter: params.filter.as_deref(),
    };
    let remembered = match sort {
        None if window.start_index > 1 => ctx.walks.end_before(&walk, window.start_index, ctx.clock.now().0),
        _ => None,
    };
    let query = Query {
        resource_type,
        filter: filter.as_ref(),
        sort: sort.as_ref(),
        start: remembered.map_or(Start::Offset(window.start_index - 1), Start::After),
        limit: window.count,
    };
    let page = ctx.store.search(ctx.directory.id, &query).await?;

    let shown = page.resources.len();
    if let (None, Some(last)) = (&sort, page.resources.last()) {
        remember(ctx, &walk, window.start_index + shown as u64, last.id);
    }
    let resources = render::page(ctx, resource_type, page.resources, &projection, &[]).await?;
    Ok(SearchReply { body: list_response(page.total, window.start_index, shown, &resources) })
}

/// Answers a query whose parameters are the body of a request (RFC 7644 §3.4.3), so that they are in no URL.
///
/// # Errors
/// - `InvalidSyntax`: the body is no SearchRequest
/// - those of [`search`]; a filter on what is never returned is `InvalidFilter` here (D-42)
pub async fn search_by_post(ctx: &Ctx<'_>, resource_type: &ResourceType, body: &[u8]) -> Result<SearchReply, ScimError> {
    let request = SearchRequest::parse(json::parse(body, &ctx.limits.json)?)?;
    let params = SearchParams {
        filter: request.filter,
        sort_by: request.sort_by,
        sort_order: request.sort_order,
        start_index: request.start_index.map(|index| index.to_string()),
        count: request.count.map(|count| count.to_string()),
        attributes: request.attributes,
        excluded_attributes: request.excluded_attributes,
    };
    search(ctx, resource_type, &params).await.map_err(|error| match error.kind {
        ErrorKind::Sensitive => ScimError::invalid_filter(error.detail),
        _ => error,
    })
}

fn remember(ctx: &Ctx<'_>, walk: &Walk<'_>, next_start_index: u64, last: ResourceId) {
    ctx.walks.remember(walk, next_start_index, last, ctx.clock.now().0);
}

fn resolve_filter(ctx: &Ctx<'_>, resource_type: &ResourceType, text: Option<&str>) -> Result<Option<ResolvedFilter>, ScimError> {
    let Some(text) = text else { return Ok(None) };
    let mut options = ctx.limits.filter.clone();
    options.value_path_suffix = ctx.directory.tolerance.value_path_suffix;
    let filter = Filter::parse(text, &options)?;
    filter.resolve(resource_type, &ctx.directory.tolerance).map(Some)
}

fn resolve_sort(resource_type: &ResourceType, params: &SearchParams) -> Result<Option<Sort>, ScimError> {
    let Some(sort_by) = params.sort_by.as_deref().map(str::trim).filter(|name| !name.is_empty()) else { return Ok(None) };
    let descending = match params.sort_order.as_deref().map(str::trim) {
        None | Some("") => false,
        Some(order) if order.eq_ignore_ascii_case("ascending") => false,
        Some(order) if order.eq_ignore_ascii_case("descending") => true,
        Some(order) => {
            return Err(ScimError::invalid_value(format!("sortOrder is ascending or descending, not {order}")));
        }
    };
    let Some(Resolved::Attribute(mut target)) = resource_type.resolve(sort_by) else {
        return Err(ScimError::invalid_value(format!("sortBy: {} has no attribute {sort_by}", resource_type.name)));
    };
    if target.leaf().attribute_type == AttributeType::Complex {
        target.sub =
            Some(target.attribute.sub_attribute("value").cloned().ok_or_else(|| {
                ScimError::invalid_value(format!("sortBy: {sort_by} is complex; name one of its sub-attributes"))
            })?);
    }
    if target.leaf().returned == Returned::Never || target.attribute.returned == Returned::Never {
        return Err(ScimError::invalid_value(format!("sortBy: {sort_by} is never returned, so nothing is sorted by it")));
    }
    Ok(Some(Sort { target, descending }))
}

/// Which part of the results is asked for (RFC 7644 §3.4.2.4, D-45).
struct Window {
    /// Counts from 1.
    start_index: u64,
    count: u32,
}

impl Window {
    fn parse(ctx: &Ctx<'_>, params: &SearchParams) -> Result<Self, ScimError> {
        let start_index = integer("startIndex", params.start_index.as_deref())?.unwrap_or(1).max(1);
        let count = match integer("count", params.count.as_deref())? {
            None => ctx.limits.page_size_default,
            Some(count) => u32::try_from(count.max(0)).unwrap_or(u32::MAX),
        };
        Ok(Self { start_index: start_index.unsigned_abs(), count: count.min(ctx.limits.page_size_max) })
    }
}

fn integer(name: &str, text: Option<&str>) -> Result<Option<i64>, ScimError> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else { return Ok(None) };
    text.parse::<i64>()
        .map(Some)
        .map_err(|_| ScimError::new(ErrorKind::InvalidValue, format!("{name} is an integer, not {text}")))
}

/// The JSON text of a ListResponse around resources that are text already.
fn list_response(total: u64, start_index: u64, items: usize, resources: &[String]) -> String {
    let mut body = String::with_capacity(160 + resources.iter().map(|resource| resource.len() + 1).sum::<usize>());
    body.push_str(r#"{"schemas":[""#);
    body.push_str(LIST_RESPONSE_SCHEMA);
    body.push_str(r#""],"totalResults":"#);
    body.push_str(&total.to_string());
    body.push_str(r#","startIndex":"#);
    body.push_str(&start_index.to_string());
    body.push_str(r#","itemsPerPage":"#);
    body.push_str(&items.to_string());
    body.push_str(r#","Resources":["#);
    body.push_str(&resources.join(","));
    body.push_str("]}");
    body
}
