//! Tokens in requests and answers.

use super::AdminState;
use super::accounts::moment;
use super::problem::{Kind, Problem};
use crate::admin::tokens::{Lifetime, State as TokenState};
use crate::auth::Scopes;
use crate::clock::Timestamp;
use crate::store::operator::TokenUse;
use crate::store::{TokenKind, TokenRow};
use serde::{Deserialize, Deserializer, Serialize};
use std::time::Duration;
use utoipa::ToSchema;

/// Whether a token is good.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = TokenState)]
pub enum StateWord {
    /// It is.
    Active,
    /// Not until it is activated.
    Inactive,
    /// Not any more: its time is over.
    Expired,
    /// Never again.
    Revoked,
}

/// What a token is for.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = TokenKind)]
pub enum KindWord {
    /// It is shown with each request.
    Bearer,
    /// It is exchanged for short-lived tokens (OAuth client credentials).
    Client,
}

/// A token, without its secret.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Token)]
pub struct TokenView {
    /// Its number.
    id: i64,
    /// Its name.
    name: String,
    /// What it is for.
    kind: KindWord,
    /// Whether it is good.
    state: StateWord,
    /// What it may do; empty: everything.
    scopes: Vec<String>,
    /// The id of the user whom it stands for, if for one.
    user: Option<String>,
    /// When it was created.
    #[schema(format = DateTime)]
    created: String,
    /// From when on it is refused; null: never.
    #[schema(format = DateTime)]
    expires: Option<String>,
    /// Whether it is good for longer than the Directory's `tokenDaysMax` allows, as it was there before: renew it.
    beyond_token_days_max: bool,
    /// When it was last given another secret.
    #[schema(format = DateTime)]
    renewed: Option<String>,
    /// Until when the secret of before is good.
    #[schema(format = DateTime)]
    former_expires: Option<String>,
    /// When it was last used.
    #[schema(format = DateTime)]
    last_used: Option<String>,
    /// From where.
    last_address: Option<String>,
    /// How often it was used.
    uses: i64,
}

impl TokenView {
    /// A token as clients see it.
    pub fn of(row: &TokenRow, used: Option<&TokenUse>, lifetime: Lifetime, now: Timestamp) -> Self {
        Self {
            id: row.id.0,
            name: row.name.clone(),
            kind: match row.kind {
                TokenKind::Bearer => KindWord::Bearer,
                TokenKind::Client => KindWord::Client,
            },
            state: match TokenState::of(row, now) {
                TokenState::Active => StateWord::Active,
                TokenState::Inactive => StateWord::Inactive,
                TokenState::Expired => StateWord::Expired,
                TokenState::Revoked => StateWord::Revoked,
            },
            scopes: row.scopes.split_whitespace().map(str::to_owned).collect(),
            user: row.user.map(|user| user.to_string()),
            created: row.created.to_rfc3339(),
            expires: moment(row.expires),
            beyond_token_days_max: lifetime.is_exceeded_by(row, now),
            renewed: moment(row.renewed),
            former_expires: row.former.as_ref().filter(|former| former.expires > now).map(|former| former.expires.to_rfc3339()),
            last_used: used.map(|used| used.last_used.to_rfc3339()),
            last_address: used.and_then(|used| used.last_address.clone()),
            uses: used.map_or(0, |used| used.uses),
        }
    }
}

/// A token to create.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateToken {
    /// Its name, unique among those that are not revoked.
    #[schema(min_length = 1, max_length = 100, example = "entra 2026")]
    pub name: String,
    /// From when on it is to be refused; null or absent: after the longest that the Directory's `tokenDaysMax` allows, never without
    /// that.
    #[schema(format = DateTime)]
    pub expires: Option<String>,
    /// What it may do: `read`, `write`, and `TYPE:read` and `TYPE:write` for a resource type. Empty: everything.
    #[serde(default)]
    #[schema(max_items = 50, example = json!(["User:write", "Group:write"]))]
    pub scopes: Vec<String>,
    /// The id or userName of a user whom it stands for: then it opens `/Me` alone.
    pub user: Option<String>,
}

/// What of a token is to change; what is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EditToken {
    /// Its name.
    #[schema(min_length = 1, max_length = 100)]
    pub name: Option<String>,
    /// From when on it is to be refused; null: never, unless the Directory's `tokenDaysMax` forbids it.
    #[serde(default, deserialize_with = "present")]
    #[schema(format = DateTime, value_type = Option<String>)]
    pub expires: Option<Option<String>>,
    /// What it may do. Empty: everything.
    #[schema(max_items = 50)]
    pub scopes: Option<Vec<String>>,
}

/// How a token is to be renewed.
#[derive(Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RenewToken {
    /// For how many seconds more the secret of before is good, so that the provider can be given the new one without a gap.
    #[schema(minimum = 0, maximum = 7_776_000, default = 86_400)]
    pub overlap_seconds: Option<u64>,
    /// From when on it is to be refused; absent: as before, but no later than the Directory's `tokenDaysMax` allows.
    #[schema(format = DateTime)]
    pub expires: Option<String>,
}

/// A token with what is pasted into the provider.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TokenWithSecret {
    /// The token.
    pub token: TokenView,
    /// Its secret, if it was made just now. It is shown this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// The Base URL of its Directory.
    #[schema(format = "uri")]
    pub base_url: String,
}

/// Scopes from a list of words.
///
/// # Errors
/// 422 for what is none.
pub fn scopes_of(words: &[String]) -> Result<Scopes, Problem> {
    Scopes::parse(&words.join(" ")).map_err(|error| Problem::new(Kind::Invalid, error.to_string()))
}

/// How long it is until a moment to come, and the moment.
///
/// # Errors
/// 422 for what is no moment, or one that is over.
pub fn time_until(state: &AdminState, text: Option<&str>) -> Result<Option<(Duration, Timestamp)>, Problem> {
    let Some(text) = text else { return Ok(None) };
    let now = state.clock.now();
    let at = Timestamp::parse_rfc3339(text).filter(|at| *at > now);
    let at = at.ok_or_else(|| Problem::new(Kind::Invalid, "expires is a moment to come, such as 2030-01-31T00:00:00Z"))?;
    Ok(Some((Duration::from_millis(at.0.abs_diff(now.0)), at)))
}

/// Tells null from what is absent.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}
