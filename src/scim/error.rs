//! Every way in which a request can fail (RFC 7644 §3.12).

/// What kind of failure it is; `http` turns it into a status and a `scimType`.
///
/// The first group carries a `scimType` of RFC 7644 Table 9.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The filter does not parse, or an operator does not fit its attribute (400).
    InvalidFilter,
    /// An unindexed filter or sort would exceed the scan budget (400, D-46).
    TooMany,
    /// Another resource has the value already (409, D-72).
    Uniqueness,
    /// The attribute may not be changed like this (400).
    Mutability,
    /// The body is not JSON, or not of the request's schema (400).
    InvalidSyntax,
    /// The PATCH path is malformed or names no attribute (400, D-68).
    InvalidPath,
    /// The PATCH path selects nothing to operate on (400).
    NoTarget,
    /// A value is missing or does not fit its attribute (400).
    InvalidValue,
    /// The cursor is not of this search (400, RFC 9865 §2.1).
    InvalidCursor,
    /// The cursor was issued too long ago (400).
    ExpiredCursor,
    /// `count` makes no sense in cursor paging, or is not the one that the walk began with (400).
    InvalidCount,
    /// The protocol version of the URL is not supported (400, D-82).
    InvalidVers,
    /// The URL would hold personal or secret information (403, D-42).
    Sensitive,
    /// No or no valid credentials (401).
    Unauthorized,
    /// The credentials do not permit this (403).
    Forbidden,
    /// No such resource or endpoint (404).
    NotFound,
    /// The endpoint has no such method (405).
    MethodNotAllowed,
    /// No acceptable media type (406).
    NotAcceptable,
    /// An operation that this one refers to has failed (409, D-89).
    Conflict,
    /// The resource is not at the version of If-Match (412, D-73).
    PreconditionFailed,
    /// The request or one of its parts is larger than a limit (413).
    PayloadTooLarge,
    /// The body has a media type other than JSON (415).
    UnsupportedMediaType,
    /// Too many requests (429).
    TooManyRequests,
    /// The server failed; the client reads one fixed sentence, the log has the cause (500).
    Internal,
    /// The operation is not supported (501).
    NotImplemented,
    /// The database is away or the server is draining (503).
    Unavailable,
    /// The schemas of the Directory changed while the request was being answered; nothing was done (503).
    SchemasChanged,
    /// The disk is full (507).
    InsufficientStorage,
}

/// A failed request: its kind, and a sentence for the client.
///
/// `detail` says what was wrong, where, and what would be right. It may quote the client's input, of which `quoted` then tells,
/// so that a log can leave it out; it never holds SQL, another Directory's data, a token or a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct ScimError {
    /// What kind of failure it is.
    pub kind: ErrorKind,
    /// The sentence that the client reads.
    pub detail: String,
    /// The parts of `detail` that are the client's own text.
    pub quoted: Vec<Quoted>,
}

/// The client's own text in a [`ScimError`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Quoted {
    /// What ought to be the name of an attribute or a path to one.
    Name(String),
    /// Anything else.
    Value(String),
}

impl ScimError {
    /// An error of `kind` that says `detail`.
    pub fn new(kind: ErrorKind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), quoted: Vec::new() }
    }

    /// Says that `text`, which is part of the detail, is the client's own.
    #[must_use]
    pub fn quoting(mut self, text: impl Into<String>) -> Self {
        self.quoted.push(Quoted::Value(text.into()));
        self
    }

    /// Says that `name`, which is part of the detail, is what the client calls an attribute.
    #[must_use]
    pub fn naming(mut self, name: impl Into<String>) -> Self {
        self.quoted.push(Quoted::Name(name.into()));
        self
    }

    /// The same error with another detail, in which its own stands somewhere.
    #[must_use]
    pub fn with_detail(self, detail: String) -> Self {
        Self { detail, ..self }
    }

    /// The error of a filter that stands in a body instead of a URL: there, one on what is never returned is `invalidFilter`
    /// (D-42).
    #[must_use]
    pub fn of_filter_in_body(self) -> Self {
        if self.kind == ErrorKind::Sensitive { Self { kind: ErrorKind::InvalidFilter, ..self } } else { self }
    }

    /// `invalidFilter`: see [`ErrorKind::InvalidFilter`].
    pub fn invalid_filter(detail: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidFilter, detail)
    }

    /// `invalidSyntax`: see [`ErrorKind::InvalidSyntax`].
    pub fn invalid_syntax(detail: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidSyntax, detail)
    }

    /// `invalidValue`: see [`ErrorKind::InvalidValue`].
    pub fn invalid_value(detail: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidValue, detail)
    }

    /// `invalidPath`: see [`ErrorKind::InvalidPath`].
    pub fn invalid_path(detail: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidPath, detail)
    }

    /// `noTarget`: see [`ErrorKind::NoTarget`].
    pub fn no_target(detail: impl Into<String>) -> Self {
        Self::new(ErrorKind::NoTarget, detail)
    }

    /// `mutability`: see [`ErrorKind::Mutability`].
    pub fn mutability(detail: impl Into<String>) -> Self {
        Self::new(ErrorKind::Mutability, detail)
    }

    /// `uniqueness`: another resource already has this `attribute`.
    pub fn uniqueness(attribute: &str) -> Self {
        Self::new(ErrorKind::Uniqueness, format!("another resource already has this {attribute}"))
    }

    /// 503: what the request was made into is not what the schemas of now would make of it.
    pub fn schemas_changed() -> Self {
        Self::new(ErrorKind::SchemasChanged, "the schemas of the Directory changed while the request arrived; send it again")
    }

    /// 404 for a resource: the same words whether it never was, is gone, or belongs to another Directory.
    pub fn resource_not_found() -> Self {
        Self::new(ErrorKind::NotFound, "no such resource")
    }
}
