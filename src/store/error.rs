//! How the store can fail.

/// A failed store operation. `Display` describes this level; the source, if any, is logged once at the edge.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another resource of the type has the same value of a unique attribute.
    #[error("another resource already has this {attribute}")]
    Uniqueness {
        /// The attribute, as named in the index.
        attribute: String,
    },
    /// As many as may be are there already.
    #[error("there are {limit} already, which is as many as may be")]
    LimitReached {
        /// How many may be.
        limit: u32,
    },
    /// There would be more than may be of what the change adds to.
    #[error("there is as much as may be: {0:?}")]
    Bound(super::Bound),
    /// No owner's account would be left in use.
    #[error("no owner's account would be left")]
    LastOwner,
    /// A Directory, token, account or key of this name exists.
    #[error("there is one of this name already")]
    Exists,
    /// The resource to change is not there.
    #[error("no such resource")]
    NotFound,
    /// The resource is at another version than the commit expects.
    #[error("the resource has changed")]
    VersionConflict,
    /// The schemas of the Directory are others than those that the change was made by.
    #[error("the schemas of the Directory have changed")]
    SchemasChanged,
    /// The resource is not of the source that the change is for.
    #[error("somebody else made the resource")]
    OtherSource,
    /// An operator deleted what is created here, and it may not come again yet.
    #[error("an operator deleted this resource")]
    Barred,
    /// The id is of a resource that was deleted, and none is used again.
    #[error("what had this id was deleted")]
    Spent,
    /// A member to add is no resource of this Directory of an allowed type.
    #[error("there is no resource to be a member with one of these ids")]
    UnknownMember,
    /// No index serves the filter or sort, and to read all resources took too long (D-46).
    #[error("no index serves the filter or sort, and to read all resources took longer than {} ms", limit.as_millis())]
    TooMany {
        /// How long it may take.
        limit: std::time::Duration,
    },
    /// The filter or sort compares what SQL cannot know, such as `meta.location`, which depends on the request.
    #[error("{attribute} cannot be searched or sorted by in this way")]
    Unsupported {
        /// The attribute, as [`crate::scim::schema::Target::name`] spells it, or a sub-attribute by its own name.
        attribute: String,
    },
    /// The statement ran into another's lock and may be tried again.
    #[error("the transaction collided with another")]
    Contention(#[source] sqlx::Error),
    /// The database does not answer.
    #[error("the database is not available")]
    Unavailable(#[source] sqlx::Error),
    /// The disk is full.
    #[error("the database has no space left")]
    Full(#[source] sqlx::Error),
    /// A row does not decode.
    #[error("a row of {table} does not decode")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// What the reader says.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A migration failed.
    #[error("the tables could not be brought up to date")]
    Migrate(#[source] sqlx::migrate::MigrateError),
    /// Anything else that the database refuses; a defect.
    #[error("the database refused a statement")]
    Database(#[source] sqlx::Error),
}
