//! What a request answers with, before `http` makes a response of it.

/// An answer about one resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceReply {
    /// Its `meta.location`.
    pub location: String,
    /// Its revision; `meta.version` and the ETag are `W/"<version>"` (D-26).
    pub version: i64,
    /// The JSON text of the resource; `None`: 204 No Content (D-63).
    pub body: Option<String>,
}

/// An answer to a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchReply {
    /// The JSON text of the ListResponse.
    pub body: String,
}
