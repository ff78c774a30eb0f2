//! The discovery endpoints (RFC 7644 §4).

use super::App;
use super::fake::{GOOD, WRONG};
use crate::http::HttpOptions;

/// Shows S-5-09, P-2.2-01.
#[tokio::test]
async fn discovery_is_open_by_default_under_both_bases_and_holds_who_shows_credentials_to_them() {
    let app = App::new();
    for base in ["/scim/v2", "/scim", "/directories/acme/scim/v2", "/directories/nobody/scim/v2"] {
        for endpoint in ["ServiceProviderConfig", "Schemas", "ResourceTypes", "ResourceTypes/User"] {
            let uri = format!("{base}/{endpoint}?count=1&startIndex=7&attributes=id&count=2");
            assert_eq!(app.get(&uri, None).await.status, 200, "{uri}");
            assert_eq!(app.get(&uri, Some(WRONG)).await.status, 401, "{uri}");
        }
    }
    let config = app.get("/scim/ServiceProviderConfig", None).await;
    assert_eq!(config.json()["meta"]["location"], "https://scim.example.org/scim/v2/ServiceProviderConfig");
    let config = app.get("/directories/acme/scim/v2/ServiceProviderConfig", Some(GOOD)).await;
    assert_eq!(config.json()["meta"]["location"], "https://scim.example.org/directories/acme/scim/v2/ServiceProviderConfig");

    let closed = App::with(HttpOptions { discovery_requires_authentication: true, ..HttpOptions::default() });
    assert_eq!(closed.get("/scim/v2/Schemas", None).await.status, 401);
    assert_eq!(closed.get("/scim/v2/Schemas", Some(GOOD)).await.status, 200);
}

/// Shows P-1.3-02.
#[tokio::test]
async fn locations_follow_the_path_of_the_public_url() {
    for public_url in ["https://example.org", "https://example.org/scim", "https://example.org/a/b"] {
        let app = App::with(HttpOptions { public_url: public_url.into(), ..HttpOptions::default() });
        for base in ["/scim/v2", "/directories/acme/scim/v2"] {
            let config = app.get(&format!("{base}/ServiceProviderConfig"), Some(GOOD)).await;
            assert_eq!(config.json()["meta"]["location"], format!("{public_url}{base}/ServiceProviderConfig"));
            let types = app.get(&format!("{base}/ResourceTypes"), Some(GOOD)).await;
            assert_eq!(types.json()["Resources"][0]["meta"]["location"], format!("{public_url}{base}/ResourceTypes/User"));
        }
    }
}

#[tokio::test]
async fn discovery_refuses_filters_and_knows_its_own() {
    let app = App::new();
    for endpoint in ["ServiceProviderConfig", "Schemas", "ResourceTypes", "ResourceTypes/User"] {
        for filter in ["filter=", "FILTER=id%20pr", "x=y&filter"] {
            assert_eq!(app.get(&format!("/scim/v2/{endpoint}?{filter}"), None).await.status, 403, "{endpoint} {filter}");
        }
    }
    let urn = "urn:ietf:params:scim:schemas:core:2.0:user";
    assert_eq!(app.get(&format!("/scim/v2/Schemas/{urn}"), None).await.status, 200);
    assert_eq!(app.get(&format!("/scim/v2/schemas/{}", urn.replace(':', "%3A")), None).await.status, 200);
    assert_eq!(app.get("/scim/v2/Schemas/urn:x", None).await.status, 404);
    assert_eq!(app.get("/scim/v2/ResourceTypes/Nothing", None).await.status, 404);
}
