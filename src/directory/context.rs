//! What a request works with.

use super::cursors::Cursors;
use super::domains::Domains;
use super::settings::DirectoryBounds;
use super::trace::Trace;
use super::walks::Walks;
use crate::auth::{Access, PasswordHasher, Scopes};
use crate::clock::{Clock, Timestamp};
use crate::config::Config;
use crate::id::{DirectoryId, ResourceId, TokenId};
use crate::metrics::Metrics;
use crate::scim::filter::FilterOptions;
use crate::scim::json::JsonLimits;
use crate::scim::patch::PatchLimits;
use crate::scim::protocol::entity_tag;
use crate::scim::quirks::{LifeCycles, Quirk};
use crate::scim::resource::{Projection, ProjectionRequest, ValueLimits};
use crate::scim::schema::{AttributeList, Registry, ResourceType};
use crate::scim::{ErrorKind, ScimError, Tolerance};
use crate::store::audit::AuditEntry;
use crate::store::{Basis, Change, Commit, Store};
use std::sync::Arc;
use std::time::Duration;

/// A Directory as requests see it: its schemas and its rules, read from its row and its profile.
#[derive(Debug)]
pub struct Directory {
    /// Its number.
    pub id: DirectoryId,
    /// Its name.
    pub name: String,
    /// Its schemas and resource types.
    pub registry: Arc<Registry>,
    /// The revision that they are at, or an earlier one. A change that is made by an earlier one than the Directory's is refused
    /// by the store.
    pub schema_revision: i64,
    /// Where the core bends for its provider.
    pub tolerance: Tolerance,
    /// The indexed attributes, as (resource type, attribute), that are unique in it beyond what the schemas say.
    pub unique: Vec<(String, String)>,
    /// The rewrites of what its provider sends, in order.
    pub quirks: Vec<&'static Quirk>,
    /// The domains that a userName may have, if not any.
    pub domains: Option<Domains>,
    /// What clients may not filter by in a URL, beside passwords.
    pub sensitive: Option<AttributeList>,
    /// What a user may change of itself by `/Me`.
    pub self_service: AttributeList,
    /// How much there may be in it.
    pub bounds: DirectoryBounds,
    /// Whether PATCH of a resource with members answers 200 with the resource instead of 204 (D-63).
    pub patch_answers_with_members: bool,
    /// Whether the request log shows the values of attributes.
    pub log_values: bool,
    /// What becomes of what is deleted, and of what an operator does.
    pub life_cycles: LifeCycles,
}

/// Everything that a verb needs beyond its own arguments.
pub struct Ctx<'a> {
    /// Where resources are.
    pub store: &'a dyn Store,
    /// The Directory.
    pub directory: &'a Directory,
    /// The token that asks; `None` for an operator.
    pub actor: Option<TokenId>,
    /// On whose behalf.
    pub party: Party<'a>,
    /// What it may do.
    pub scopes: &'a Scopes,
    /// The time.
    pub clock: &'a dyn Clock,
    /// What is bounded, and by how much.
    pub limits: &'a Limits,
    /// The Base URL that the request came in by, without a slash at the end; locations and `$ref` begin with it (D-28).
    pub base_url: &'a str,
    /// Hashes passwords.
    pub passwords: &'a PasswordHasher,
    /// What index paging remembers.
    pub walks: &'a Walks,
    /// What cursors are sealed with.
    pub cursors: &'a Cursors,
    /// What is counted and measured.
    pub metrics: &'a Metrics,
    /// Where the request tells about itself.
    pub trace: &'a Trace,
}

/// On whose behalf something is asked. Resources belong to who made them: a provider or an operator.
#[derive(Debug, Clone, Copy)]
pub enum Party<'a> {
    /// The provider, by a client of the Directory.
    Provider,
    /// A user, by a token that stands for it: to itself (RFC 7644 §3.11).
    User,
    /// An operator; what changes comes on record by this entry, which gets its target by the change.
    Operator(&'a AuditEntry),
}

impl Ctx<'_> {
    /// A change of a resource of this type, as the schemas of the Directory make it.
    pub fn commit(&self, resource_type: &ResourceType, now: Timestamp, change: Change) -> Commit {
        let building = resource_type.indexed.iter().any(|indexed| !indexed.ready);
        let basis = Basis { revision: self.directory.schema_revision, building };
        let record = match self.party {
            Party::Provider | Party::User => None,
            Party::Operator(entry) => {
                let target = change.resource().to_string();
                Some(Box::new(AuditEntry { target_name: target.clone(), target, at: now, ..entry.clone() }))
            }
        };
        let bounds = self.directory.bounds.of(resource_type);
        Commit { actor: self.actor, now, basis: Some(basis), bounds, record, change }
    }

    /// Refuses what the token may not do with resources of this type.
    ///
    /// # Errors
    /// - `Forbidden`
    pub fn check_scope(&self, resource_type: &ResourceType, access: Access) -> Result<(), ScimError> {
        if self.scopes.permit(&resource_type.name, access) { Ok(()) } else { Err(out_of_scope(&resource_type.name, access)) }
    }

    /// The address of a resource, if its type is one of this Directory (D-28).
    pub fn location(&self, resource_type: &str, id: ResourceId) -> Option<String> {
        self.directory.registry.resource_type(resource_type).map(|resource_type| self.location_in(resource_type, id))
    }

    /// The address of a resource of `resource_type`.
    pub fn location_in(&self, resource_type: &ResourceType, id: ResourceId) -> String {
        format!("{}{}/{id}", self.base_url, resource_type.endpoint)
    }
}

/// The answer to a token that may not do this (P-7.7-03).
pub fn out_of_scope(resource_type: &str, access: Access) -> ScimError {
    let missing = match access {
        Access::Read => "read",
        Access::Write => "write",
    };
    ScimError::new(ErrorKind::Forbidden, format!("the token lacks the scope {resource_type}:{missing}"))
}

/// The limits of requests, from the configuration.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Resources in a page if the client does not say.
    pub page_size_default: u32,
    /// Resources in a page at most.
    pub page_size_max: u32,
    /// Members in a page of groups, beyond which it ends early; one group is there at least, with all its members.
    pub page_members_max: u32,
    /// Seconds for which a cursor leads on (RFC 9865 §4).
    pub cursor_lifetime_s: i64,
    /// Bytes of a request body at most.
    pub body_bytes_max: usize,
    /// Operations of a bulk request at most.
    pub bulk_operations_max: usize,
    /// Bytes of the body of a bulk request at most.
    pub bulk_bytes_max: usize,
    /// How bodies are read.
    pub json: JsonLimits,
    /// How large values may be.
    pub values: ValueLimits,
    /// How filters are read.
    pub filter: FilterOptions,
    /// How large a PATCH may be.
    pub patch: PatchLimits,
    /// How many groups deep `User.groups` looks (D-69).
    pub group_depth_max: u32,
    /// How often an update is tried again after a version conflict that no If-Match asked for.
    pub commit_retries_max: u32,
    /// From when on a search that no index serves is logged.
    pub unindexed_search_logged: Duration,
}

impl From<&Config> for Limits {
    fn from(Config { limits: config, log, .. }: &Config) -> Self {
        Self {
            page_size_default: config.page_size_default,
            page_size_max: config.page_size_max,
            page_members_max: config.page_members_max,
            cursor_lifetime_s: config.cursor_lifetime_s,
            body_bytes_max: config.body_bytes_max,
            bulk_operations_max: config.bulk_operations_max,
            bulk_bytes_max: config.bulk_bytes_max,
            json: JsonLimits {
                depth_max: config.json_depth_max,
                array_len_max: config.json_array_len_max,
                keys_max: config.json_keys_max,
                string_bytes_max: config.string_bytes_max,
                ..JsonLimits::default()
            },
            values: ValueLimits {
                string_bytes_max: config.string_bytes_max,
                elements_max: config.values_max,
                members_max: config.members_max,
                patch_elements_max: config.patch_values_max,
                ..ValueLimits::default()
            },
            filter: FilterOptions {
                text_bytes_max: config.filter_bytes_max,
                depth_max: config.filter_depth_max,
                terms_max: config.filter_terms_max,
                ..FilterOptions::default()
            },
            patch: PatchLimits { operations_max: config.patch_operations_max },
            group_depth_max: config.group_depth_max,
            commit_retries_max: config.commit_retries_max,
            unindexed_search_logged: log.unindexed_search,
        }
    }
}

/// The query parameters that choose what an answer holds (RFC 7644 §3.9), as sent.
#[derive(Debug, Clone, Copy, Default)]
pub struct ProjectionParams<'a> {
    /// `attributes`
    pub attributes: Option<&'a str>,
    /// `excludedAttributes`
    pub excluded_attributes: Option<&'a str>,
}

impl ProjectionParams<'_> {
    /// Whether the client chose at all.
    pub fn is_given(&self) -> bool {
        [self.attributes, self.excluded_attributes].into_iter().flatten().any(|names| !names.trim().is_empty())
    }

    /// What they mean for `resource_type`.
    ///
    /// # Errors
    /// - `InvalidValue`: both are given; they exclude each other (D-48)
    pub fn resolve(&self, resource_type: &ResourceType) -> Result<Projection, ScimError> {
        Ok(ProjectionRequest::parse(self.attributes, self.excluded_attributes)?.resolve(resource_type))
    }
}

/// The parameters of a query (RFC 7644 §3.4.2), as sent; the verb parses and judges them.
#[derive(Debug, Clone, Default)]
pub struct SearchParams {
    /// `filter`
    pub filter: Option<String>,
    /// `sortBy`
    pub sort_by: Option<String>,
    /// `sortOrder`
    pub sort_order: Option<String>,
    /// `startIndex`
    pub start_index: Option<String>,
    /// `count`
    pub count: Option<String>,
    /// `cursor` (RFC 9865); empty: the first page.
    pub cursor: Option<String>,
    /// `attributes`
    pub attributes: Option<String>,
    /// `excludedAttributes`
    pub excluded_attributes: Option<String>,
}

/// A condition of the request on the version of the resource: If-Match, If-None-Match (RFC 7644 §3.14, D-27).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Precondition {
    /// None given.
    #[default]
    None,
    /// `*`: any version.
    Any,
    /// One of these versions; a tag that the server never issued is left out, so the list may be empty.
    OneOf(Vec<i64>),
}

impl Precondition {
    /// Reads entity tags, joined by commas, or `*`. Compared weakly, so `"3"` and `W/"3"` are the same (D-27).
    ///
    /// What is no tag of this server's making matches nothing, and is not an error: the client may have it from elsewhere.
    pub fn parse(tags: &str) -> Self {
        if tags.trim() == "*" { Self::Any } else { Self::OneOf(tags.split(',').filter_map(entity_tag::parse).collect()) }
    }

    /// Whether a resource at `version` satisfies it.
    pub fn holds(&self, version: i64) -> bool {
        match self {
            Self::None | Self::Any => true,
            Self::OneOf(versions) => versions.contains(&version),
        }
    }
}
