//! Where the token endpoint is, and that it can be turned off.

use crate::app::{Answer, App};
use crate::{client, exchange, on_both_back_ends, with};
use scimd::config::PublicUrl;
use serde_json::{Value, json};

const METADATA: &str = "//.well-known/oauth-authorization-server";

async fn open(app: &App, method: &str, path: &str) -> Answer {
    app.send(method, path, &[("authorization", ""), ("content-type", "")], "").await
}

on_both_back_ends! {
    async fn the_metadata_say_where_the_token_endpoint_is_and_what_it_takes(app: App) {
        let answer = open(&app, "GET", METADATA).await.expect(200);
        assert_eq!(answer.header("content-type"), "application/json");
        assert_eq!(answer.json, json!({
            "issuer": "https://scim.example.com",
            "token_endpoint": "https://scim.example.com/oauth/token",
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "private_key_jwt"],
            "token_endpoint_auth_signing_alg_values_supported": ["RS256", "PS256", "ES256", "EdDSA"],
            "grant_types_supported": ["client_credentials", "api_key"],
            "response_types_supported": [],
            "scopes_supported": ["scim", "read", "write", "User:read", "User:write", "Group:read", "Group:write"],
        }));
        open(&app, "HEAD", METADATA).await.expect(200);
        assert_eq!(open(&app, "POST", METADATA).await.expect(405).header("allow"), "GET, HEAD, OPTIONS");
        for path in ["/x", "/oauth", "/"] {
            assert_ne!(open(&app, "GET", &format!("{METADATA}{path}")).await.status, 200, "{path}");
        }
    }

    async fn the_service_provider_config_names_the_schemes(app: App) {
        let config = app.get("/ServiceProviderConfig").await.expect(200);
        let schemes = config.at("/authenticationSchemes").as_array().expect("a list");
        let types: Vec<&Value> = schemes.iter().map(|scheme| &scheme["type"]).collect();
        assert_eq!(types, ["oauthbearertoken", "oauth2"]);
        assert_eq!(schemes.iter().filter(|scheme| scheme["primary"] == true).count(), 1);
        assert_eq!(schemes[1]["specUri"], "https://www.rfc-editor.org/info/rfc6749");
    }

    async fn where_oauth_is_off_there_is_no_endpoint_and_no_token_of_it_is_taken(app: App) {
        let (id, secret) = client(&app, "okta", "").await;
        let token = exchange(&app, &id, &secret, "").await.expect(200).text("/access_token");
        let off = app.configured(|config| config.oauth.enabled = false);
        for (method, path) in [("POST", "//oauth/token"), ("GET", "//oauth/token"), ("GET", METADATA)] {
            open(&off, method, path).await.expect_error(404, "");
        }
        with(&app, &token).get("/Users").await.expect(200);
        with(&off, &token).get("/Users").await.expect_error(401, "");
        let config = off.get("/ServiceProviderConfig").await.expect(200);
        assert_eq!(config.at("/authenticationSchemes").as_array().map(Vec::len), Some(1));
    }
}

/// The test of [`PublicUrl`] that the metadata lean on: no slash stands at its end.
#[test]
fn an_issuer_has_no_slash_at_its_end() {
    assert_eq!(PublicUrl::parse("https://example.com/identity/").expect("a URL").as_str(), "https://example.com/identity");
}
