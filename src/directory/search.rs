//! Queries of one resource type, or of all (RFC 7644 §3.4.2).

use super::walks::Walk;
use super::{Ctx, ProjectionParams, SearchParams, SearchReply, cursors, order, render, unindexed};
use crate::auth::Access;
use crate::scim::filter::{Filter, ResolvedFilter, sensitive};
use crate::scim::json;
use crate::scim::protocol::LIST_RESPONSE_SCHEMA;
use crate::scim::protocol::search_request::SearchRequest;
use crate::scim::resource::Projection;
use crate::scim::schema::{AttributeList, ResourceType};
use crate::scim::{ErrorKind, ScimError};
use crate::store::{Listing, ListingPage, ListingStart, Part, Position, Query, Sort, SortKey, Start, Stored};
use std::num::IntErrorKind;
use std::sync::Arc;

/// What is searched.
#[derive(Debug, Clone, Copy)]
pub enum Scope<'a> {
    /// The resources of one type.
    Type(&'a Arc<ResourceType>),
    /// All resources of the Directory (§3.4.2.1).
    Root,
}

/// Answers a query whose parameters are those of a URL, with one page of a ListResponse.
///
/// # Errors
/// - `Sensitive`: the filter names what the Directory says is not for URLs, or what nobody may filter by
/// - `InvalidFilter`: see [`Filter::resolve`], [`Filter::resolve_among`]
/// - `InvalidValue`: `startIndex`, `count`, `sortBy` or `sortOrder` make no sense (D-44, D-45)
/// - `InvalidCursor`, `ExpiredCursor`, `InvalidCount`: see [`cursors::open`]
/// - `TooMany`: no index serves the filter or the sort, and to read all resources took too long (D-46)
pub async fn search(ctx: &Ctx<'_>, scope: Scope<'_>, params: &SearchParams) -> Result<SearchReply, ScimError> {
    answer(ctx, scope, params, ctx.directory.sensitive.as_ref()).await
}

/// Answers a query that does not name `unnamed` in its filter.
async fn answer(
    ctx: &Ctx<'_>,
    scope: Scope<'_>,
    params: &SearchParams,
    unnamed: Option<&AttributeList>,
) -> Result<SearchReply, ScimError> {
    let asked = Asked::resolve(ctx, scope, params, unnamed)?;
    if let Some(cursor) = params.cursor.as_deref() {
        return search_by_cursor(ctx, &asked, params, cursor).await;
    }
    let window = Window::parse(ctx, params)?;
    let walk = Walk {
        directory: ctx.directory.id,
        actor: ctx.actor,
        scopes: ctx.scopes,
        resource_type: asked.name(),
        filter: params.filter.as_deref(),
        sort_by: params.sort_by.as_deref(),
        sort_order: params.sort_order.as_deref(),
    };
    let remembered = match window.start_index {
        1 => None,
        start_index => ctx.walks.end_before(&walk, start_index, ctx.clock.now().0),
    };
    let page = asked.page(ctx, remembered, &window).await?;
    let (positions, found) = positions(page.resources);
    let resources = render::mixed(ctx, &asked.projections(), found).await?;
    if let Some(last) = last_of(positions, &resources) {
        ctx.walks.remember(&walk, window.start_index + resources.len() as u64, last, ctx.clock.now().0);
    }
    Ok(SearchReply { body: list_response(page.total, Paging::Index { start_index: window.start_index }, &resources) })
}

/// One page of a walk by cursors (RFC 9865, D-91). The empty cursor leads to the first page.
async fn search_by_cursor(
    ctx: &Ctx<'_>,
    asked: &Asked<'_>,
    params: &SearchParams,
    cursor: &str,
) -> Result<SearchReply, ScimError> {
    if params.start_index.is_some() {
        return Err(ScimError::invalid_value("startIndex and cursor exclude each other"));
    }
    let count = Window::parse(ctx, params).map_err(|error| ScimError { kind: ErrorKind::InvalidCount, ..error })?.count;
    let start = match cursor {
        "" => ListingStart::Offset(0),
        cursor => ListingStart::After(cursors::open(ctx, asked.name(), params, count, cursor).await?),
    };
    // One more than is shown tells whether there is a next page.
    let limit = if count == 0 { 0 } else { count + 1 };
    let mut page = asked.list(ctx, start, limit).await?;
    let found = page.resources.len();
    page.resources.truncate(count as usize);
    let (positions, stored) = positions(page.resources);
    let resources = render::mixed(ctx, &asked.projections(), stored).await?;
    let next = match last_of(positions, &resources) {
        Some(position) if resources.len() < found => Some(cursors::seal(ctx, asked.name(), params, count, &position).await?),
        _ => None,
    };
    Ok(SearchReply { body: list_response(page.total, Paging::Cursor { next: next.as_deref() }, &resources) })
}

/// Where each resource stands in the order, and the resources.
fn positions(found: Vec<(Stored, Option<SortKey>)>) -> (Vec<Position>, Vec<Stored>) {
    found.into_iter().map(|(stored, key)| (Position { key, id: stored.id }, stored)).unzip()
}

/// Where the last one that is shown stands.
fn last_of(mut positions: Vec<Position>, shown: &[String]) -> Option<Position> {
    positions.truncate(shown.len());
    positions.pop()
}

/// Answers a query whose parameters are the body of a request (RFC 7644 §3.4.3), so that they are in no URL.
///
/// # Errors
/// - `InvalidSyntax`: the body is no SearchRequest
/// - those of [`search`]; a filter on what is never returned is `InvalidFilter` here (D-42)
pub async fn search_by_post(ctx: &Ctx<'_>, scope: Scope<'_>, body: &[u8]) -> Result<SearchReply, ScimError> {
    let request = SearchRequest::parse(json::parse(body, &ctx.limits.json)?)?;
    let params = SearchParams {
        filter: request.filter,
        sort_by: request.sort_by,
        sort_order: request.sort_order,
        start_index: request.start_index,
        count: request.count,
        cursor: request.cursor,
        attributes: request.attributes,
        excluded_attributes: request.excluded_attributes,
    };
    answer(ctx, scope, &params, None).await.map_err(ScimError::of_filter_in_body)
}

/// What a query means for one type.
struct AskedOfType<'a> {
    resource_type: &'a Arc<ResourceType>,
    filter: Option<ResolvedFilter>,
    sort: Option<Sort>,
    projection: Projection,
}

/// What a query means.
struct Asked<'a> {
    types: Vec<AskedOfType<'a>>,
    root: bool,
    group_depth: u32,
}

impl<'a> Asked<'a> {
    fn resolve(
        ctx: &Ctx<'a>,
        scope: Scope<'a>,
        params: &SearchParams,
        unnamed: Option<&AttributeList>,
    ) -> Result<Self, ScimError> {
        let types: Vec<&'a Arc<ResourceType>> = match scope {
            Scope::Type(resource_type) => vec![resource_type],
            Scope::Root => permitted(ctx)?,
        };
        let filters = resolve_filters(ctx, scope, &types, params.filter.as_deref(), unnamed)?;
        ctx.tell_filter(filters.iter().flatten(), params.filter.as_deref());
        let sorts = order::resolve(&types, params)?;
        let projection = ProjectionParams {
            attributes: params.attributes.as_deref(),
            excluded_attributes: params.excluded_attributes.as_deref(),
        };
        let types = types
            .into_iter()
            .zip(filters)
            .zip(sorts)
            .map(|((resource_type, filter), sort)| {
                Ok(AskedOfType { resource_type, filter, sort, projection: projection.resolve(resource_type)? })
            })
            .collect::<Result<_, ScimError>>()?;
        Ok(Self { types, root: matches!(scope, Scope::Root), group_depth: ctx.limits.group_depth_max })
    }

    /// The name of what is searched.
    fn name(&self) -> &str {
        self.types.first().filter(|_| !self.root).map_or("", |asked| &asked.resource_type.name)
    }

    fn projections(&self) -> Vec<(&ResourceType, Projection)> {
        self.types.iter().map(|asked| (&**asked.resource_type, asked.projection.clone())).collect()
    }

    /// One page, from behind `after` if that is known.
    async fn page(&self, ctx: &Ctx<'_>, after: Option<Position>, window: &Window) -> Result<ListingPage, ScimError> {
        if let ([asked], None | Some(Position { key: None, .. })) = (self.types.as_slice(), &after)
            && asked.sort.is_none()
        {
            let query = Query {
                resource_type: asked.resource_type,
                filter: asked.filter.as_ref(),
                sort: None,
                start: after.map_or(Start::Offset(window.start_index - 1), |position| Start::After(position.id)),
                limit: window.count,
                group_depth: self.group_depth,
            };
            let page = ctx.store.search(ctx.directory.id, &query).await;
            return unindexed::judged(ctx, || self.parts(), page.map(ListingPage::from));
        }
        let start = after.map_or(ListingStart::Offset(window.start_index - 1), ListingStart::After);
        self.list(ctx, start, window.count).await
    }

    async fn list(&self, ctx: &Ctx<'_>, start: ListingStart, limit: u32) -> Result<ListingPage, ScimError> {
        let listing = Listing { parts: self.parts(), start, limit, group_depth: self.group_depth };
        let page = ctx.store.list(ctx.directory.id, &listing).await;
        unindexed::judged(ctx, || self.parts(), page)
    }

    fn parts(&self) -> Vec<Part<'_>> {
        self.types
            .iter()
            .map(|asked| Part { resource_type: asked.resource_type, filter: asked.filter.as_ref(), sort: asked.sort.as_ref() })
            .collect()
    }
}

/// The filter as each type of `scope` understands it.
fn resolve_filters(
    ctx: &Ctx<'_>,
    scope: Scope<'_>,
    types: &[&Arc<ResourceType>],
    text: Option<&str>,
    unnamed: Option<&AttributeList>,
) -> Result<Vec<Option<ResolvedFilter>>, ScimError> {
    let Some(text) = text else { return Ok(vec![None; types.len()]) };
    let mut options = ctx.limits.filter.clone();
    options.value_path_suffix = ctx.directory.tolerance.value_path_suffix;
    let filter = Filter::parse(text, &options)?;
    if let Some(unnamed) = unnamed {
        types.iter().try_for_each(|resource_type| sensitive::check(unnamed, &filter, resource_type))?;
    }
    match scope {
        Scope::Type(resource_type) => Ok(vec![Some(filter.resolve(resource_type, &ctx.directory.tolerance)?)]),
        Scope::Root => {
            let types: Vec<Arc<ResourceType>> = types.iter().copied().cloned().collect();
            Ok(filter.resolve_among(&types, &ctx.directory.tolerance)?.into_iter().map(Some).collect())
        }
    }
}

/// The types that a search of all of them goes over: those that the token may look at.
fn permitted<'a>(ctx: &Ctx<'a>) -> Result<Vec<&'a Arc<ResourceType>>, ScimError> {
    let types = &ctx.directory.registry.resource_types;
    let permitted: Vec<_> = types.iter().filter(|one| ctx.scopes.permit(&one.name, Access::Read)).collect();
    if permitted.is_empty() {
        Err(ScimError::new(ErrorKind::Forbidden, "the token has no scope to read any type of resources"))
    } else {
        Ok(permitted)
    }
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
        if start_index > START_INDEX_MAX {
            let detail = format!("startIndex is greater than {START_INDEX_MAX}, the greatest that there is");
            return Err(ScimError::invalid_value(detail));
        }
        // What is below the range counts as its least, what is above as its greatest (§3.4.2.4, D-45).
        let count = match integer("count", params.count.as_deref())? {
            None => ctx.limits.page_size_default,
            Some(count) => u32::try_from(count.max(0)).unwrap_or(u32::MAX),
        };
        let start_index = u64::try_from(start_index).expect("at least 1 and at most START_INDEX_MAX");
        Ok(Self { start_index, count: count.min(ctx.limits.page_size_max) })
    }
}

/// The greatest startIndex: answers repeat it, and clients read numbers of 64 bits.
const START_INDEX_MAX: i128 = i64::MAX as i128;

/// An integer of any length; one that is longer than any range is as good as the end of this one.
fn integer(name: &str, text: Option<&str>) -> Result<Option<i128>, ScimError> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else { return Ok(None) };
    text.parse::<i128>().map(Some).or_else(|error| match error.kind() {
        IntErrorKind::PosOverflow => Ok(Some(i128::MAX)),
        IntErrorKind::NegOverflow => Ok(Some(i128::MIN)),
        _ => Err(ScimError::invalid_value(format!("{name} is an integer, not {text}")).quoting(text)),
    })
}

/// What a ListResponse says of the page's place.
enum Paging<'a> {
    Index { start_index: u64 },
    Cursor { next: Option<&'a str> },
}

/// The JSON text of a ListResponse around resources that are text already.
fn list_response(total: u64, paging: Paging<'_>, resources: &[String]) -> String {
    let mut body = String::with_capacity(160 + resources.iter().map(|resource| resource.len() + 1).sum::<usize>());
    body.push_str(r#"{"schemas":[""#);
    body.push_str(LIST_RESPONSE_SCHEMA);
    body.push_str(r#""],"totalResults":"#);
    body.push_str(&total.to_string());
    match paging {
        Paging::Index { start_index } => {
            body.push_str(r#","startIndex":"#);
            body.push_str(&start_index.to_string());
        }
        // A cursor has characters only that JSON leaves as they are.
        Paging::Cursor { next: Some(next) } => body.push_str(&format!(r#","nextCursor":"{next}""#)),
        Paging::Cursor { next: None } => {}
    }
    body.push_str(r#","itemsPerPage":"#);
    body.push_str(&resources.len().to_string());
    body.push_str(r#","Resources":["#);
    body.push_str(&resources.join(","));
    body.push_str("]}");
    body
}
