//! The profiles that a Directory can have.

use super::caller::{Caller, Viewing};
use crate::scim::quirks::adjusted::Adjustments;
use crate::scim::quirks::{PROFILES, listed};
use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

/// How a Directory treats what its provider sends.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Provider {
    /// Its name, as a Directory is created with it.
    name: &'static str,
    /// For whom it is.
    description: &'static str,
    /// The rewrites of what it sends, by name, in order.
    quirks: Vec<&'static str>,
}

/// All of them.
#[derive(Serialize, ToSchema)]
pub struct Providers {
    /// The first is what a Directory has that names none.
    items: Vec<Provider>,
}

/// List providers
///
/// What a Directory can be created for. A Directory's settings can differ from its provider's.
#[utoipa::path(get, path = "/providers", tag = "providers", responses(
    (status = 200, description = "All of them", body = Providers),
))]
pub async fn list(_: Caller<Viewing>) -> Json<Providers> {
    let provider = |profile: &crate::scim::quirks::Profile| Provider {
        name: profile.name,
        description: profile.description,
        quirks: listed(profile, &Adjustments::default()).iter().filter(|quirk| quirk.on).map(|quirk| quirk.name).collect(),
    };
    Json(Providers { items: PROFILES.iter().map(provider).collect() })
}
