//! An operator's place of work in one Directory.

use super::operator::Act;
use super::{AdminError, Operator, directories};
use crate::auth::{PasswordHasher, Scopes};
use crate::clock::SystemClock;
use crate::directory::cursors::Cursors;
use crate::directory::trace::Trace;
use crate::directory::walks::Walks;
use crate::directory::{Ctx, Directory, Limits, Party, definitions};
use crate::metrics::Metrics;
use crate::scim::ScimError;
use crate::scim::schema::ResourceType;
use crate::store::{DirectoryRow, DirectoryStatus};
use std::sync::Arc;

/// A type of resources that operators manage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Users.
    User,
    /// Groups.
    Group,
}

impl Kind {
    /// The name of the resource type.
    pub fn name(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Group => "Group",
        }
    }

    /// The attribute that people call one by.
    pub fn name_attribute(self) -> &'static str {
        match self {
            Self::User => "userName",
            Self::Group => "displayName",
        }
    }
}

/// An operator at work on the resources of a Directory: by the verbs of its clients, so that what an operator writes is
/// judged by the same schemas and the same rules.
pub struct Desk<'a> {
    /// Who works.
    pub operator: &'a Operator<'a>,
    /// Where.
    pub row: &'a DirectoryRow,
    pub(super) directory: Directory,
    pub(super) limits: &'a Limits,
    passwords: &'a PasswordHasher,
    scopes: Scopes,
    walks: Walks,
    cursors: Cursors,
    metrics: Metrics,
    trace: Trace,
    base_url: String,
}

impl<'a> Desk<'a> {
    /// Reads the rules and schemas of the Directory.
    ///
    /// # Errors
    /// [`AdminError::Settings`], [`AdminError::Definition`].
    pub async fn open(
        operator: &'a Operator<'a>,
        row: &'a DirectoryRow,
        limits: &'a Limits,
        passwords: &'a PasswordHasher,
    ) -> Result<Self, AdminError> {
        let rows = definitions::read(operator.store, Some(row.id)).await?;
        let registry = definitions::registry(&rows).map_err(AdminError::Definition)?;
        Ok(Self {
            operator,
            row,
            directory: Directory::load(row, registry).map_err(AdminError::Settings)?,
            limits,
            passwords,
            scopes: Scopes::default(),
            walks: Walks::default(),
            cursors: Cursors::default(),
            // What operators do is on record; it is neither counted nor in the log of clients' requests.
            metrics: Metrics::new(Arc::new(SystemClock)),
            trace: Trace::default(),
            // Nobody follows the locations in answers to an operator.
            base_url: format!("/directories/{}/scim/v2", row.name),
        })
    }

    /// The type of the Directory that is of this kind.
    pub(super) fn resource_type(&self, kind: Kind) -> &Arc<ResourceType> {
        self.directory.registry.resource_type(kind.name()).expect("User and Group are built in, and are never taken away")
    }

    /// Does what changes one resource; it comes on record with it, which says of what Directory and resource.
    ///
    /// # Errors
    /// [`AdminError::Gone`]: nothing changes any more in a Directory that is being deleted. Whoever read it before is refused by the
    /// store, as its schema revision has moved.
    pub(super) async fn act<T>(
        &self,
        act: Act<'_>,
        work: impl AsyncFnOnce(&Ctx<'_>) -> Result<T, ScimError>,
    ) -> Result<T, AdminError> {
        self.check_there()?;
        let operator = self.operator;
        let entry = operator.entry(Act { directory: Some(self.row), ..act });
        let ctx = Ctx {
            store: operator.store,
            directory: &self.directory,
            actor: None,
            party: Party::Operator(&entry),
            scopes: &self.scopes,
            clock: operator.clock,
            limits: self.limits,
            base_url: &self.base_url,
            passwords: self.passwords,
            walks: &self.walks,
            cursors: &self.cursors,
            metrics: &self.metrics,
            trace: &self.trace,
        };
        Ok(work(&ctx).await?)
    }

    /// The secret of the Directory for one purpose.
    ///
    /// # Errors
    /// As [`directories::secret`]; [`AdminError::Gone`]: there is nothing more to come.
    pub(super) async fn secret(&self, purpose: &str) -> Result<[u8; 32], AdminError> {
        self.check_there()?;
        directories::secret(self.operator.store, self.row.id, purpose).await
    }

    fn check_there(&self) -> Result<(), AdminError> {
        match self.row.status {
            DirectoryStatus::Deleting => Err(AdminError::Gone(self.row.name.clone())),
            DirectoryStatus::Active | DirectoryStatus::Paused | DirectoryStatus::Disabled => Ok(()),
        }
    }
}
