//! Every endpoint with its methods, on one page (RFC 7644 §3.2, Table 2).

use super::admin::{self, AdminState};
use super::oauth::{TOKEN_PATH, metadata, token};
use super::path::ScimPath;
use super::{HttpState, health, observe, scim};
use crate::scim::schema::{Registry, ResourceType};
use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::any;
use std::borrow::Cow;
use std::sync::Arc;

/// The whole of HTTP; without `admin`, the admin API is no endpoint.
///
/// Resource types are data, and differ from one Directory to the next, so their endpoints are no routes of axum:
/// everything but health, OAuth and the admin API goes to [`scim::serve`], which asks [`Endpoint::find`] once it knows the
/// caller.
pub fn router(state: Arc<HttpState>, admin: Option<Arc<AdminState>>) -> Router {
    Router::new()
        .route("/healthz", any(health::live))
        .route("/readyz", any(health::ready))
        .route(TOKEN_PATH, any(token::answer))
        .route(metadata::PATH, any(metadata::answer))
        .route(&format!("{}/{{*issuer}}", metadata::PATH), any(metadata::answer))
        .fallback(scim::serve)
        .with_state(state.clone())
        .merge(admin.map(admin::router).unwrap_or_default())
        .layer(from_fn_with_state(state, observe::observe))
}

const DISCOVERY: &str = "GET, HEAD, OPTIONS";
const COLLECTION: &str = "GET, HEAD, OPTIONS, POST";
const RESOURCE: &str = "DELETE, GET, HEAD, OPTIONS, PATCH, PUT";
const POST_ONLY: &str = "OPTIONS, POST";
const ME: &str = "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT";

/// What a path below a Base URL leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint<'a> {
    /// `/ServiceProviderConfig`
    ServiceProviderConfig,
    /// `/Schemas`
    Schemas,
    /// `/Schemas/{urn}`
    Schema(&'a str),
    /// `/ResourceTypes`
    ResourceTypes,
    /// `/ResourceTypes/{name}`
    ResourceType(&'a str),
    /// `/Users`, `/Groups`, …
    Collection(&'a Arc<ResourceType>),
    /// `/Users/{id}`: the id exactly as decoded, of whatever form (R34).
    Resource(&'a Arc<ResourceType>, &'a str),
    /// `/Users/.search`, …
    Search(&'a Arc<ResourceType>),
    /// The Base URL itself: a query over all types (§3.4.2.1).
    Root,
    /// `/.search`: the same by POST (§3.4.3).
    RootSearch,
    /// `/Me`: the user whom the caller's token stands for.
    Me,
    /// `/Bulk`: many operations in one request (§3.7).
    Bulk,
}

impl<'a> Endpoint<'a> {
    /// What the path leads to among the resource types of `registry`. Names of endpoints are compared without letter
    /// case (D-86). A slash at the end is harmless behind them, but behind an id it would make a second name of the
    /// same resource.
    pub fn find(path: &'a ScimPath<'_>, registry: &'a Registry) -> Option<Self> {
        let (first, second) = match path.segments.as_slice() {
            [] => return Some(Self::Root),
            [first] => (first.as_ref(), None),
            [first, second] if !path.trailing_slash => (first.as_ref(), Some(second.as_ref())),
            _ => return None,
        };
        let is = |name: &str| first.eq_ignore_ascii_case(name);
        if is("ServiceProviderConfig") {
            second.is_none().then_some(Self::ServiceProviderConfig)
        } else if is("Schemas") {
            Some(second.map_or(Self::Schemas, Self::Schema))
        } else if is("ResourceTypes") {
            Some(second.map_or(Self::ResourceTypes, Self::ResourceType))
        } else if is("Bulk") {
            second.is_none().then_some(Self::Bulk)
        } else if is("Me") {
            second.is_none().then_some(Self::Me)
        } else if is(".search") {
            second.is_none().then_some(Self::RootSearch)
        } else {
            let resource_type =
                registry.resource_types.iter().find(|resource_type| resource_type.endpoint.strip_prefix('/').is_some_and(is))?;
            Some(match second {
                None => Self::Collection(resource_type),
                Some(second) if second.eq_ignore_ascii_case(".search") => Self::Search(resource_type),
                Some(id) => Self::Resource(resource_type, id),
            })
        }
    }

    /// Its methods, as the Allow header lists them.
    pub fn allow(&self) -> &'static str {
        match self {
            Self::ServiceProviderConfig | Self::Schemas | Self::Schema(_) | Self::ResourceTypes | Self::ResourceType(_) => {
                DISCOVERY
            }
            Self::Collection(_) => COLLECTION,
            Self::Resource(..) => RESOURCE,
            Self::Root => DISCOVERY,
            Self::Search(_) | Self::RootSearch | Self::Bulk => POST_ONLY,
            Self::Me => ME,
        }
    }

    /// Its path for the log: what it is, never what the client wrote (R31).
    pub fn template(&self) -> &'static str {
        match self {
            Self::ServiceProviderConfig => "/ServiceProviderConfig",
            Self::Schemas => "/Schemas",
            Self::Schema(_) => "/Schemas/{urn}",
            Self::ResourceTypes => "/ResourceTypes",
            Self::ResourceType(_) => "/ResourceTypes/{name}",
            Self::Collection(_) => "/{type}",
            Self::Resource(..) => "/{type}/{id}",
            Self::Root => "/",
            Self::Search(_) => "/{type}/.search",
            Self::RootSearch => "/.search",
            Self::Bulk => "/Bulk",
            Self::Me => "/Me",
        }
    }

    /// The same for the request log, with the endpoint of the type: `/Users/{id}`.
    pub fn path(&self) -> Cow<'static, str> {
        let template = self.template();
        match self.resource_type() {
            Some(resource_type) => template.replacen("/{type}", &resource_type.endpoint, 1).into(),
            None => template.into(),
        }
    }

    /// The resource type that it serves, if it serves one.
    pub fn resource_type(&self) -> Option<&'a Arc<ResourceType>> {
        match *self {
            Self::Collection(resource_type) | Self::Resource(resource_type, _) | Self::Search(resource_type) => {
                Some(resource_type)
            }
            Self::ServiceProviderConfig
            | Self::Schemas
            | Self::Schema(_)
            | Self::ResourceTypes
            | Self::ResourceType(_)
            | Self::Root
            | Self::RootSearch
            | Self::Me
            | Self::Bulk => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, template: &str) {
        let registry = Registry::built_in();
        let parsed = ScimPath::parse(path);
        let found = parsed.as_ref().and_then(|parsed| Endpoint::find(parsed, &registry));
        assert_eq!(found.map_or("none", |endpoint| endpoint.template()), template, "{path}");
    }

    #[test]
    fn endpoints_are_found_in_any_letter_case_and_with_a_slash_at_the_end() {
        for users in ["Users", "users", "USERS", "Users/", "%55sers", "User%73/"] {
            check(&format!("/scim/v2/{users}"), "/{type}");
            check(&format!("/scim/{users}"), "/{type}");
            check(&format!("/directories/acme/scim/v2/{users}"), "/{type}");
        }
        check("/scim/v2/groups/x", "/{type}/{id}");
        check("/scim/v2/serviceproviderconfig/", "/ServiceProviderConfig");
        check("/scim/v2/Schemas/urn%3Aietf%3Aparams%3Ascim%3Aschemas%3Acore%3A2.0%3AUser", "/Schemas/{urn}");
        check("/scim/v2/ResourceTypes/User", "/ResourceTypes/{name}");
        check("/scim/v2", "/");
        check("/scim/v2/", "/");
        check("/scim/v2/Users/.search", "/{type}/.search");
        check("/scim/v2/.search", "/.search");
        check("/scim/v2/Bulk", "/Bulk");
        check("/scim/v2/Me", "/Me");
        check("/scim/v2/Users/v2", "/{type}/{id}");
    }

    #[test]
    fn an_odd_spelling_leads_nowhere() {
        for path in [
            "/scim/v2/User",
            "/scim/v2/Users/x/",
            "/scim/v2/Users/x/y",
            "/scim/v2/Users//x",
            "/scim/v2//Users",
            "/scim/v2/Users//",
            "//scim/v2/Users",
            "/scim/v2/./Users",
            "/scim/v2/x/../Users",
            "/scim/v2/Users;a=b",
            "/scim/v2/Users%2Fx",
            "/scim/v2/Users%00",
            "/scim/v2/Users.scim",
            "/scim/v2/ServiceProviderConfig/x",
            "/scim/v2/Bulk/x",
            "/scim/v2/Me/x",
            "/scim/v2/%FFsers",
            "/scim/v2/v2/Users",
            "/directories/scim/v2/Users",
            "/directories//scim/v2/Users",
            "/Users",
            "/",
            "",
            "*",
        ] {
            check(path, "none");
        }
    }

    #[test]
    fn an_id_is_the_exact_string_between_the_slashes() {
        let registry = Registry::built_in();
        let check = |written: &str, id: &str| {
            let path = format!("/scim/v2/Users/{written}");
            let path = ScimPath::parse(&path).expect("a path");
            let user = registry.resource_type("User").expect("built in");
            assert_eq!(Endpoint::find(&path, &registry), Some(Endpoint::Resource(user, id)), "{written}");
        };
        check("abc", "abc");
        check("ABC", "ABC");
        check("abc%2F", "abc/");
        check("abc%00", "abc\0");
        check("abc%20", "abc ");
        check("abc+", "abc+");
        check("abc%252F", "abc%2F");
        check("%61bc", "abc");
        check("..", "..");
        check("%2e%2e%2fabc", "../abc");
    }
}
