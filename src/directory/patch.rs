//! PATCH (RFC 7644 §3.5.2).

use super::{
    Ctx, Precondition, ProjectionParams, ResourceReply, body, domains, life_cycle, load, members, render, self_service, update,
};
use crate::id::ResourceId;
use crate::scim::patch::{self, MemberPatch, Operation, PatchContext, Patched};
use crate::scim::schema::ResourceType;
use crate::scim::{ErrorKind, ScimError};
use crate::store::{Change, Committed, MemberChange, PasswordChange, StoreError, Stored, Update};

/// Applies the operations of a request body to a resource, all or none.
///
/// A resource without members is answered with as stored; one with members with 204, unless the client asks for a
/// representation (D-63). Operations on members alone are one commit that never reads the resource, so that their cost is
/// that of the change and parallel ones all land (R16).
///
/// # Errors
/// - those of [`patch::apply()`]
/// - `NotFound`, `PreconditionFailed`: as for reading with If-Match
/// - `Uniqueness`: another resource has the value of a unique attribute
/// - `Forbidden`: somebody else made it, or an operator holds it; or a user changes of itself what it may not
pub async fn patch(
    ctx: &Ctx<'_>,
    resource_type: &ResourceType,
    id: &str,
    body: &[u8],
    if_match: &Precondition,
    projection: ProjectionParams<'_>,
    prefer_representation: bool,
) -> Result<ResourceReply, ScimError> {
    let with_body = resource_type.membership.is_none()
        || prefer_representation
        || ctx.directory.patch_answers_with_members
        || projection.is_given();
    let projection = projection.resolve(resource_type)?;
    let id = ResourceId::parse(id).ok_or_else(ScimError::resource_not_found)?;
    let operations = body::operations(ctx, resource_type, body)?;
    match store(ctx, resource_type, id, operations, if_match).await? {
        stored if !with_body => Ok(render::no_content(ctx, resource_type, id, stored.version())),
        PatchedResource::Members(_) => {
            let stored = load::stored(ctx, resource_type, &id.to_string(), &Precondition::None).await?;
            render::one(ctx, resource_type, stored, &projection, &[]).await
        }
        PatchedResource::Read(stored, sent) => render::one(ctx, resource_type, *stored, &projection, &sent).await,
    }
}

/// A resource after its PATCH.
pub enum PatchedResource {
    /// Only members changed, without anybody reading the resource, which is at this version now.
    Members(i64),
    /// As stored, with the attributes that the client sent.
    Read(Box<Stored>, Vec<String>),
}

impl PatchedResource {
    /// Its version.
    pub fn version(&self) -> i64 {
        match self {
            Self::Members(version) => *version,
            Self::Read(stored, _) => stored.version,
        }
    }
}

/// Applies operations to a resource, all or none.
///
/// # Errors
/// As [`patch()`].
pub async fn store(
    ctx: &Ctx<'_>,
    resource_type: &ResourceType,
    id: ResourceId,
    operations: Vec<Operation>,
    if_match: &Precondition,
) -> Result<PatchedResource, ScimError> {
    ctx.tell_resource(resource_type, id);
    let id_text = id.to_string();
    let patch_context = PatchContext {
        tolerance: &ctx.directory.tolerance,
        limits: &ctx.limits.values,
        filter: &ctx.limits.filter,
        id: &id_text,
    };
    let (operations, members) = patch::membership::split(operations, resource_type, &patch_context)?;

    if operations.is_empty() && !members.is_empty() && !members.needs_members() {
        let change = members::change(resource_type, id, &members)?;
        let committed = commit_members(ctx, resource_type, id, change, if_match).await?;
        return Ok(PatchedResource::Members(committed.version));
    }

    let mut request =
        Request { ctx, resource_type, id, operations, members, context: patch_context, if_match, password_hash: None };
    for _ in 0..=ctx.limits.commit_retries_max {
        match request.attempt().await {
            Ok(Some((stored, sent))) => return Ok(PatchedResource::Read(Box::new(stored), sent)),
            Ok(None) => {}
            Err(error) if error.kind == ErrorKind::NotFound => {
                life_cycle::unassigned_by_patch(ctx, resource_type, id, &request.operations, &request.context).await?;
                return Err(error);
            }
            Err(error) => return Err(error),
        }
    }
    Err(update::too_busy())
}

/// Commits set operations on members, without reading the resource unless If-Match names several versions.
pub async fn commit_members(
    ctx: &Ctx<'_>,
    resource_type: &ResourceType,
    id: ResourceId,
    members: MemberChange,
    if_match: &Precondition,
) -> Result<Committed, ScimError> {
    let expected_version = match if_match {
        Precondition::None | Precondition::Any => None,
        Precondition::OneOf(versions) => match versions.as_slice() {
            [version] => Some(*version),
            _ => Some(load::stored(ctx, resource_type, &id.to_string(), if_match).await?.version),
        },
    };
    let asked = members.clone();
    let update = Update {
        resource_type: resource_type.name.to_string(),
        id,
        expected_version,
        document: None,
        password: PasswordChange::Keep,
        members,
        member_types: members::types(ctx, resource_type),
        source: life_cycle::changeable(ctx),
        held: None,
    };
    let change = Change::Update(Box::new(update));
    let mut commit = ctx.commit(resource_type, ctx.clock.now(), change);
    ctx.put_on_record(&mut commit, resource_type, None, &asked);
    match ctx.store.commit(ctx.directory.id, commit).await {
        Ok(committed) => {
            if committed.changed {
                ctx.tell_members(resource_type, &asked);
            } else {
                ctx.tell_unchanged();
            }
            Ok(committed)
        }
        Err(StoreError::UnknownMember) => Err(members::unknown(ctx, resource_type, &asked.add).await),
        Err(StoreError::OtherSource) => Err(life_cycle::others(ctx)),
        Err(error) => Err(error.into()),
    }
}

/// Takes members into a resource and others out of it, on behalf of an operator.
///
/// # Errors
/// - `NotFound`: there is none with this id
/// - `InvalidValue`: a member is not there, or is the group itself
/// - `Forbidden`: somebody else made it
pub async fn change_members(
    ctx: &Ctx<'_>,
    resource_type: &ResourceType,
    id: ResourceId,
    members: MemberChange,
) -> Result<(), ScimError> {
    members::refuse_itself(resource_type, id, &members.add)?;
    commit_members(ctx, resource_type, id, members, &Precondition::None).await.map(drop)
}

/// A PATCH that depends on the resource: attempted until nobody comes in between.
struct Request<'a> {
    ctx: &'a Ctx<'a>,
    resource_type: &'a ResourceType,
    id: ResourceId,
    operations: Vec<Operation>,
    members: MemberPatch,
    context: PatchContext<'a>,
    if_match: &'a Precondition,
    /// The hash of the new password, once it was computed: it costs more than all the rest.
    password_hash: Option<String>,
}

impl Request<'_> {
    /// Reads, applies, commits. `None`: somebody changed the resource in between.
    async fn attempt(&mut self) -> Result<Option<(Stored, Vec<String>)>, ScimError> {
        let Self { ctx, resource_type, id, if_match, .. } = *self;
        let stored = load::stored(ctx, resource_type, &id.to_string(), if_match).await?;
        life_cycle::check_source(ctx, &stored)?;
        let before = load::document(&stored)?;
        let Patched { document, password, sent, ignored } =
            patch::apply(&before, &self.operations, resource_type, &self.context)?;
        domains::check(ctx.directory.domains.as_ref(), resource_type, Some(&before), &document)?;
        life_cycle::check_held(ctx, &stored, &document)?;
        self_service::check(ctx, resource_type, &before, &document, password.is_some())?;
        // Members that were named by id commute with what others do; nothing else does.
        let depends = *if_match != Precondition::None || self.members.needs_members();
        let mut members = self.members.clone();
        if members.needs_members() {
            let newcomers = members::newcomers(ctx, &members).await?;
            members.resolve_matching(&members::current(ctx, id).await?, &newcomers)?;
        }
        let members = members::change(resource_type, id, &members)?;
        let password = match password {
            None => PasswordChange::Keep,
            Some(None) => PasswordChange::Remove,
            Some(Some(password)) => PasswordChange::Set(self.hash(&password).await?),
        };
        let added = members.add.clone();
        let wanted = update::Wanted::by(ctx, document, password, members);
        match update::commit(ctx, resource_type, &stored, wanted, depends).await {
            Ok(stored) => {
                body::report_ignored(ctx, &ignored);
                Ok(Some((stored, sent)))
            }
            Err(StoreError::VersionConflict) => Ok(None),
            Err(StoreError::UnknownMember) => Err(members::unknown(ctx, resource_type, &added).await),
            Err(error) => Err(error.into()),
        }
    }

    /// The hash of the password, which is the same one in each attempt.
    async fn hash(&mut self, password: &str) -> Result<String, ScimError> {
        let hash = match self.password_hash.take() {
            Some(hash) => hash,
            None => self.ctx.passwords.hash(password).await?,
        };
        Ok(self.password_hash.insert(hash).clone())
    }
}
