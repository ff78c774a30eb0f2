//! OAuth clients of a Directory. What can be done with tokens can be done with clients, by the endpoints of tokens.

use super::AdminState;
use super::caller::{Caller, Operating};
use super::extract::{Body, Path};
use super::paths::{DirectoryPath, TokenPath};
use super::problem::{Kind, Problem, ProblemBody};
use super::tag::{Conditions, IfMatch};
use super::token_body::{TokenView, scopes_of, time_until};
use super::tokens::{changed, checked, is_as_wanted, view};
use crate::admin::clients::{self, Wanted};
use crate::admin::tokens::Lifetime;
use crate::admin::{AdminError, directories, tokens};
use crate::auth::Secret;
use crate::auth::oauth::{ClientId, PublicKeys};
use crate::http::oauth::TOKEN_PATH;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::sync::Arc;
use utoipa::ToSchema;

/// A client to create.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewClient {
    /// Its name, unique among tokens and clients that are not revoked.
    #[schema(min_length = 1, max_length = 100, example = "entra")]
    name: String,
    /// From when on it is to be refused; null or absent: after the longest that the Directory's `tokenDaysMax` allows for a secret,
    /// never without that or with `keys`.
    #[schema(format = DateTime)]
    expires: Option<String>,
    /// What it may do; empty: everything.
    #[serde(default)]
    #[schema(max_items = 50)]
    scopes: Vec<String>,
    /// Its public keys, as a JSON Web Key Set (RFC 7517); then it has no secret, and signs.
    #[schema(value_type = Option<Object>)]
    keys: Option<Map<String, Value>>,
}

/// A client with what its provider is given.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClientWithSecret {
    /// Its row among the tokens.
    token: TokenView,
    /// What it calls itself.
    client_id: String,
    /// Its secret, unless it has keys. It is shown this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
    /// Where it gets tokens.
    #[schema(format = "uri")]
    token_endpoint: String,
}

/// Create a client
///
/// For a provider that takes OAuth 2.0 client credentials. It is listed, shown, changed, put out of use, renewed and revoked
/// as tokens are. The same request sent again finds what is there, without the secret.
#[utoipa::path(post, path = "/directories/{directory}/clients", tag = "clients", request_body = NewClient,
    params(DirectoryPath), responses(
    (status = 201, description = "Created; the secret is shown this once", body = ClientWithSecret),
    (status = 200, description = "It is there already, exactly so", body = ClientWithSecret),
    (status = 409, description = "There is another one of this name, or as many as may be are in use", body = ProblemBody, content_type = "application/problem+json"),
))]
pub async fn create(
    State(state): State<Arc<AdminState>>,
    caller: Caller<Operating>,
    Path(DirectoryPath { directory }): Path<DirectoryPath>,
    Body(new): Body<NewClient>,
) -> Result<(StatusCode, Json<ClientWithSecret>), Problem> {
    let directory = directories::find(&*state.store, &directory).await?;
    let lifetime = Lifetime::of(&directory)?;
    let (expires, scopes) = (time_until(&state, new.expires.as_deref())?, scopes_of(&new.scopes)?);
    let wanted = Wanted {
        name: Some(new.name.clone()),
        expires_in: expires.map(|(time, _)| time),
        scopes: scopes.clone(),
        keys: new.keys.map(public_keys).transpose()?,
    };
    let keys = wanted.keys.as_ref().map(PublicKeys::to_string);
    match clients::create(&caller.operator(&state), &directory, wanted).await {
        Ok(made) => {
            let token = TokenView::of(&made.row, None, lifetime, state.clock.now());
            Ok((StatusCode::CREATED, Json(shown(&state, token, &made.id, made.secret.as_ref()))))
        }
        Err(error @ (AdminError::TokenExists(_) | AdminError::TooManyTokens(_))) => {
            let Ok(row) = tokens::find(&*state.store, directory.id, &new.name).await else { return Err(error.into()) };
            match ClientId::of(&row) {
                Some(id) if row.jwks == keys && is_as_wanted(&row, &new.name, expires.map(|(_, at)| at), &scopes, lifetime) => {
                    Ok((StatusCode::OK, Json(shown(&state, view(&state, &directory, &row).await?, &id, None))))
                }
                _ => Err(error.into()),
            }
        }
        Err(error) => Err(error.into()),
    }
}

fn shown(state: &AdminState, token: TokenView, id: &ClientId, secret: Option<&Secret>) -> ClientWithSecret {
    ClientWithSecret {
        token,
        client_id: id.to_string(),
        secret: secret.map(|secret| secret.expose().to_owned()),
        token_endpoint: format!("{}{TOKEN_PATH}", state.options.public_url),
    }
}

/// Set a client's keys
///
/// What it was issued for others is refused by every server within a second.
#[utoipa::path(put, path = "/directories/{directory}/clients/{token}/keys", tag = "clients",
    request_body(content = Object, description = "A JSON Web Key Set (RFC 7517)"),
    params(TokenPath, IfMatch), responses(
    (status = 200, description = "The client as it is now", body = TokenView, headers(("ETag" = String))),
    (status = 409, description = "It has a secret, no keys; it is revoked, or has changed meanwhile", body = ProblemBody, content_type = "application/problem+json"),
))]
pub async fn set_keys(
    State(state): State<Arc<AdminState>>,
    caller: Caller<Operating>,
    Path(TokenPath { directory, token }): Path<TokenPath>,
    conditions: Conditions,
    Body(keys): Body<Map<String, Value>>,
) -> Result<Response, Problem> {
    let (directory, row) = checked(&state, &directory, &token, &conditions).await?;
    let set = clients::set_keys(&caller.operator(&state), &directory, row, &public_keys(keys)?).await;
    changed(&state, &directory, &conditions, set).await
}

fn public_keys(keys: Map<String, Value>) -> Result<PublicKeys, Problem> {
    let parsed = PublicKeys::parse(&Value::Object(keys).to_string());
    parsed.map_err(|error| Problem::new(Kind::Invalid, format!("keys: {error}")))
}
