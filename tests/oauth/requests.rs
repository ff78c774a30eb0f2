//! Requests that are not as they must be (RFC 6749 §5.2).

use crate::signer::{Signer, claims};
use crate::{FORM, JWT_BEARER, ask, basic, client, client_with_keys, on_both_back_ends, refused};
use scimd::clock::Clock;

/// Headers, or the parameters of a form.
type Pairs<'a> = &'a [(&'a str, &'a str)];

on_both_back_ends! {
    async fn what_is_wrong_with_a_request_is_said_by_its_code(app: App) {
        let (id, secret) = client(&app, "okta", "").await;
        let signer = Signer::p256();
        let signing = client_with_keys(&app, "entra", &signer.keys()).await;
        let assertion = signer.sign(&claims(&signing, app.clock.now().0));
        let (id, secret, assertion) = (id.as_str(), secret.as_str(), assertion.as_str());
        let authorization = basic(id, secret);
        let authorization = [("authorization", authorization.as_str())];
        let grant = ("grant_type", "client_credentials");
        let (client_id, client_secret) = (("client_id", id), ("client_secret", secret));
        let (by_jwt, jwt) = (("client_assertion_type", JWT_BEARER), ("client_assertion", assertion));
        let other_type = ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer");
        let cases: [(&str, Pairs<'_>, Pairs<'_>, u16, &str); 21] = [
            ("no grant type", &authorization, &[], 400, "invalid_request"),
            ("an empty one", &authorization, &[("grant_type", "")], 400, "invalid_request"),
            ("another one", &authorization, &[("grant_type", "password")], 400, "unsupported_grant_type"),
            ("one in another case", &authorization, &[("grant_type", "Client_Credentials")], 400, "unsupported_grant_type"),
            ("a refresh token", &authorization, &[("grant_type", "refresh_token")], 400, "unsupported_grant_type"),
            ("a parameter twice", &authorization, &[grant, grant], 400, "invalid_request"),
            ("an unknown parameter twice", &authorization, &[grant, ("x", "1"), ("x", "2")], 400, "invalid_request"),
            ("no credentials", &[], &[grant], 401, "invalid_client"),
            ("an id alone", &[], &[grant, client_id], 401, "invalid_client"),
            ("a secret alone", &[], &[grant, client_secret], 400, "invalid_request"),
            ("two ways at once", &authorization, &[grant, client_id, client_secret], 400, "invalid_request"),
            ("two others at once", &authorization, &[grant, by_jwt, jwt], 400, "invalid_request"),
            ("secret and assertion", &[], &[grant, client_id, client_secret, by_jwt, jwt], 400, "invalid_request"),
            ("another id beside Basic", &authorization, &[grant, ("client_id", "x")], 400, "invalid_request"),
            ("an assertion without its type", &[], &[grant, jwt], 400, "invalid_request"),
            ("an assertion of another type", &[], &[grant, other_type, jwt], 400, "invalid_request"),
            ("a type without an assertion", &[], &[grant, by_jwt], 400, "invalid_request"),
            ("another scheme", &[("authorization", "Bearer x")], &[grant], 401, "invalid_client"),
            ("no base64", &[("authorization", "Basic ???")], &[grant], 401, "invalid_client"),
            ("no colon", &[("authorization", "Basic eHh4")], &[grant], 401, "invalid_client"),
            ("JSON", &[("authorization", authorization[0].1), ("content-type", "application/json")], &[grant], 400, "invalid_request"),
        ];
        for (what, headers, form, status, error) in cases {
            let answer = ask(&app.replica(), headers, form).await;
            assert_eq!(answer.json["error"], error, "{what}: {:#}", answer.json);
            refused(answer, status, error);
        }
        // Beside the same id, and with parameters that nobody knows, it is fine.
        ask(&app, &authorization, &[grant, client_id, ("resource", "x"), ("audience", "x")]).await.expect(200);
        ask(&app, &[], &[grant, by_jwt, jwt]).await.expect(200);
    }

    async fn a_secret_in_a_url_is_not_looked_at(app: App) {
        let (id, secret) = client(&app, "okta", "").await;
        let form = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
        let headers = [("authorization", ""), ("content-type", FORM)];
        refused(app.send("POST", &format!("//oauth/token?{form}"), &headers, "").await, 400, "invalid_request");
        refused(app.send("POST", &format!("//oauth/token?{form}"), &headers, form.clone()).await, 400, "invalid_request");
        app.send("POST", "//oauth/token", &headers, form).await.expect(200);
    }

    async fn only_post_gets_a_token_and_bodies_are_bounded(app: App) {
        for method in ["GET", "PUT", "PATCH", "DELETE"] {
            let answer = refused(app.send(method, "//oauth/token", &[], "").await, 405, "invalid_request");
            assert_eq!(answer.header("allow"), "OPTIONS, POST");
        }
        let options = app.send("OPTIONS", "//oauth/token", &[], "").await.expect(204);
        assert_eq!(options.header("allow"), "OPTIONS, POST");
        let headers = [("authorization", ""), ("content-type", FORM)];
        let padded = |bytes: usize| format!("grant_type=password&x={}", "x".repeat(bytes - 22));
        refused(app.send("POST", "//oauth/token", &headers, padded(32 * 1024)).await, 400, "unsupported_grant_type");
        refused(app.send("POST", "//oauth/token", &headers, padded(32 * 1024 + 1)).await, 413, "invalid_request");
        let compressed = [("authorization", ""), ("content-type", FORM), ("content-encoding", "gzip")];
        refused(app.send("POST", "//oauth/token", &compressed, "grant_type=password").await, 400, "invalid_request");
    }
}
