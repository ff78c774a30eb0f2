//! What can be asked of the store.

use crate::clock::Timestamp;
use crate::id::ResourceId;
use crate::scim::filter::ResolvedFilter;
use crate::scim::schema::{ResourceType, ShownType, Target};
use crate::store::Source;
use serde_json::{Map, Value};
use std::time::Duration;

/// One page of the resources of one type.
#[derive(Debug, Clone)]
pub struct Query<'a> {
    /// The type searched.
    pub resource_type: &'a ResourceType,
    /// What must hold; `None`: all.
    pub filter: Option<&'a ResolvedFilter>,
    /// By what to sort; `None`: by id.
    pub sort: Option<&'a Sort>,
    /// Where the page begins.
    pub start: Start,
    /// How many resources the page holds at most; 0 asks for the total alone.
    pub limit: u32,
    /// How many groups deep a filter on memberships looks, as [`super::Store::memberships`] does.
    pub group_depth: u32,
}

/// Sorting by one attribute; ties by id ascending (D-44).
#[derive(Debug, Clone, PartialEq)]
pub struct Sort {
    /// The attribute: not complex, not `returned: never`. Of a multi-valued one the primary element counts, else the first.
    pub target: Target,
    /// Descending order; resources without a value come first then, last otherwise (P-3.4.2.3-05).
    pub descending: bool,
}

/// Where a page begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// After skipping this many.
    Offset(u64),
    /// After this id; only without `sort`. What index paging remembers of a walk, so that a deep page costs no more than the first.
    After(ResourceId),
}

/// One page of the resources of one or several types, in one order over all of them.
#[derive(Debug, Clone)]
pub struct Listing<'a> {
    /// The types, at least one, each once; each with what is asked of it.
    pub parts: Vec<Part<'a>>,
    /// Where the page begins.
    pub start: ListingStart,
    /// How many resources the page holds at most; 0 asks for the total alone.
    pub limit: u32,
    /// How many groups deep a filter on memberships looks, as [`super::Store::memberships`] does.
    pub group_depth: u32,
}

/// What a [`Listing`] asks of one type.
#[derive(Debug, Clone)]
pub struct Part<'a> {
    /// The type.
    pub resource_type: &'a ResourceType,
    /// What must hold; `None`: all.
    pub filter: Option<&'a ResolvedFilter>,
    /// By what to sort. All parts sort in the same direction, and by values of the same kind. `None` while another part
    /// sorts: the resources of this type have no value.
    pub sort: Option<&'a Sort>,
}

/// Where a page of a [`Listing`] begins.
#[derive(Debug, Clone, PartialEq)]
pub enum ListingStart {
    /// After skipping this many.
    Offset(u64),
    /// After this place in the order, whether or not the resource that was there still is.
    After(Position),
}

/// A place in the order of a [`Listing`].
#[derive(Debug, Clone, PartialEq)]
pub struct Position {
    /// What the resource there is sorted by; `None`: it has no value, or nothing is sorted by but the id.
    pub key: Option<SortKey>,
    /// The resource's id.
    pub id: ResourceId,
}

/// A value that resources are sorted by, as the database compares it.
#[derive(Debug, Clone, PartialEq)]
pub enum SortKey {
    /// The comparison key of a text, or of a dateTime.
    Text(String),
    /// Milliseconds since 1970; on SQLite also a boolean.
    Integer(i64),
    /// A number.
    Number(f64),
    /// A boolean.
    Boolean(bool),
}

/// A page of a [`Listing`].
#[derive(Debug, Clone, PartialEq)]
pub struct ListingPage {
    /// How many resources match in all.
    pub total: u64,
    /// As of [`Page`].
    pub scanned: Option<Duration>,
    /// Those of the page, in order, each with what it is sorted by.
    pub resources: Vec<(Stored, Option<SortKey>)>,
}

/// A page of results.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// How many resources match in all.
    pub total: u64,
    /// For how long the database read what no index finds; `None`: indexes served the search.
    pub scanned: Option<Duration>,
    /// Those of the page, in order.
    pub resources: Vec<Stored>,
}

/// The page of one type in the order of the id.
impl From<Page> for ListingPage {
    fn from(page: Page) -> Self {
        let resources = page.resources.into_iter().map(|stored| (stored, None)).collect();
        Self { total: page.total, scanned: page.scanned, resources }
    }
}

/// A resource as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its id.
    pub id: ResourceId,
    /// The name of its type.
    pub resource_type: String,
    /// The text of its [`crate::scim::resource::Document`].
    pub document: String,
    /// The revision behind `meta.version`; counts from 1.
    pub version: i64,
    /// `meta.created`.
    pub created: Timestamp,
    /// `meta.lastModified`.
    pub last_modified: Timestamp,
    /// Whether it is a member of any group, so that most users need no second statement.
    pub is_member: bool,
    /// Who made it.
    pub source: Source,
    /// Whether an operator disabled it and no client enables it.
    pub held: bool,
}

/// A resource as another one points at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Its id.
    pub id: ResourceId,
    /// The name of its type.
    pub resource_type: String,
    /// What to show: its `displayName`, if it has one.
    pub display: Option<String>,
}

/// That a resource is in a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// The member.
    pub member: ResourceId,
    /// The group.
    pub group: ResourceId,
    /// The name of the group's type.
    pub group_type: String,
    /// The group's `displayName`.
    pub display: Option<String>,
    /// The group's attribute that is shown as `value`, if one is and it has a value.
    pub value: Option<String>,
    /// The group's attribute that is shown as `type`, if one is and it has a value.
    pub kind: Option<String>,
    /// Whether it is a member itself, not only through another group.
    pub direct: bool,
}

/// For each type, as a JSON object, the attribute that `name` says to be shown of it.
pub(super) fn shown_names(shown: &[&ShownType], name: impl Fn(&ShownType) -> Option<&str>) -> String {
    let names = shown.iter().filter_map(|shown| Some((shown.name.to_string(), Value::from(name(shown)?))));
    Value::Object(names.collect::<Map<_, _>>()).to_string()
}
