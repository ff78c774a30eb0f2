//! Clients that sign assertions (RFC 7523).

use crate::app::{Answer, App};
use crate::signer::{Signer, claims, encode, keys};
use crate::{JWT_BEARER, ask, client, client_with_keys, exchange, on_both_back_ends, refused, with};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use scimd::clock::Clock;
use serde_json::{Value, json};

async fn assert(app: &App, assertion: &str) -> Answer {
    let form = [("grant_type", "client_credentials"), ("client_assertion_type", JWT_BEARER), ("client_assertion", assertion)];
    ask(app, &[], &form).await
}

fn changed(claims: &Value, name: &str, value: Value) -> Value {
    let mut claims = claims.clone();
    let members = claims.as_object_mut().expect("an object");
    if value.is_null() {
        drop(members.remove(name))
    } else {
        drop(members.insert(name.to_owned(), value))
    }
    claims
}

on_both_back_ends! {
    /// Shows S-9.2-02.
    async fn an_assertion_by_a_key_of_each_kind_is_exchanged_for_a_token(app: App) {
        let signers = [Signer::p256(), Signer::ed25519(), Signer::rsa(Algorithm::RS256), Signer::rsa(Algorithm::PS256)];
        for (number, signer) in signers.into_iter().enumerate() {
            let id = client_with_keys(&app, &format!("c{number}"), &signer.keys()).await;
            let now = app.clock.now().0;
            for aud in [json!("https://scim.example.com/oauth/token"), json!("https://scim.example.com"), json!(["https://scim.example.com"])] {
                let answer = assert(&app, &signer.sign(&changed(&claims(&id, now), "aud", aud))).await.expect(200);
                with(&app, &answer.text("/access_token")).get("/Users").await.expect(200);
            }
            let assertion = signer.sign(&claims(&id, now));
            let form = [
                ("grant_type", "client_credentials"), ("client_id", id.as_str()), ("scope", "User:read"),
                ("client_assertion_type", JWT_BEARER), ("client_assertion", &assertion),
            ];
            assert_eq!(ask(&app, &[], &form).await.expect(200).text("/scope"), "User:read");
        }
    }

    /// Shows P-2.1-02: one that is replayed is refused.
    async fn an_assertion_is_taken_once_by_whichever_replica(app: App) {
        let signer = Signer::p256();
        let id = client_with_keys(&app, "okta", &signer.keys()).await;
        let assertion = signer.sign(&claims(&id, app.clock.now().0));
        let replica = app.reopened(|_| ()).await;
        assert(&app, &assertion).await.expect(200);
        refused(assert(&app, &assertion).await, 401, "invalid_client");
        refused(assert(&replica, &assertion).await, 401, "invalid_client");
        let anew = signer.sign(&claims(&id, app.clock.now().0));
        let (here, there) = tokio::join!(assert(&app, &anew), assert(&replica, &anew));
        assert_eq!([here.status.as_u16(), there.status.as_u16()].iter().filter(|status| **status == 200).count(), 1);
    }

    /// Shows P-2.1-02: none without a signature, by another key, for somebody else, or out of its time.
    async fn an_assertion_that_is_not_what_it_must_be_is_refused_and_not_used_up(app: App) {
        app.clock.advance(0);
        let signer = Signer::p256();
        let id = client_with_keys(&app, "okta", &keys(&[changed(&signer.public, "kid", json!("k1"))])).await;
        let other = client_with_keys(&app, "entra", &Signer::p256().keys()).await;
        let (with_secret, _) = client(&app, "ping", "").await;
        let now = app.clock.now().0;
        let (now_s, good) = (now / 1_000, claims(&id, now));
        let with_claim = |name: &str, value: Value| signer.sign(&changed(&good, name, value));
        let mut wrong = vec![
            with_claim("aud", Value::Null),
            with_claim("aud", json!("https://other.example.com/oauth/token")),
            with_claim("aud", json!("https://scim.example.com/")),
            with_claim("aud", json!(["https://scim.example.com", "https://other.example.com"])),
            with_claim("aud", json!([])),
            with_claim("exp", Value::Null),
            with_claim("exp", json!("soon")),
            with_claim("exp", json!(now_s - 30)),
            with_claim("exp", json!(now_s + 700)),
            with_claim("nbf", json!(now_s + 60)),
            with_claim("iat", json!(now_s + 60)),
            with_claim("iss", Value::Null),
            with_claim("iss", json!(other)),
            with_claim("sub", Value::Null),
            with_claim("sub", json!(other)),
            with_claim("jti", Value::Null),
            with_claim("jti", json!("")),
            with_claim("jti", json!("x".repeat(256))),
            with_claim("jti", json!(7)),
            // Others' keys, and a client that has none.
            Signer::p256().sign(&good),
            Signer::ed25519().sign(&good),
            signer.sign(&claims(&other, now)),
            signer.sign(&claims(&with_secret, now)),
            signer.sign(&claims("scimd-client-1-999999", now)),
            signer.sign(&claims("nobody", now)),
            signer.sign_with(&Header { kid: Some("k2".into()), ..Header::new(Algorithm::ES256) }, &good),
            // Not a JWT at all.
            "x".to_owned(), "x.y.z".to_owned(), format!("{}.", signer.sign(&good)), "a".repeat(20_000),
        ];
        // The public key as the secret of a symmetric algorithm; no algorithm; and headers that must be understood.
        let secret = EncodingKey::from_secret(signer.public.to_string().as_bytes());
        wrong.push(jsonwebtoken::encode(&Header::new(Algorithm::HS256), &good, &secret).expect("signs"));
        let payload = encode(good.to_string().as_bytes());
        let whole = signer.sign(&good);
        let signature = whole.rsplit('.').next().expect("a signature");
        for header in [json!({ "alg": "none" }), json!({ "alg": "None", "typ": "JWT" }), json!({ "alg": "ES256", "typ": "JWT", "x": 1 })] {
            wrong.push(format!("{}.{payload}.", encode(header.to_string().as_bytes())));
            wrong.push(format!("{}.{payload}.{signature}", encode(header.to_string().as_bytes())));
        }
        for assertion in &wrong {
            let answer = refused(assert(&app.replica(), assertion).await, 401, "invalid_client");
            assert_eq!(answer.text("/error_description"), "the client is unknown, or its credentials are not good");
        }
        let form = [
            ("grant_type", "client_credentials"), ("client_id", other.as_str()),
            ("client_assertion_type", JWT_BEARER), ("client_assertion", &whole),
        ];
        refused(ask(&app.replica(), &[], &form).await, 401, "invalid_client");
        // All the wrong ones had this `jti`.
        assert(&app, &signer.sign_with(&Header { kid: Some("k1".into()), ..Header::new(Algorithm::ES256) }, &good)).await.expect(200);
    }

    async fn a_header_that_must_be_understood_is_refused(app: App) {
        let signer = Signer::ed25519();
        let id = client_with_keys(&app, "okta", &signer.keys()).await;
        let sign = |header: Value| {
            let message = format!(
                "{}.{}",
                encode(header.to_string().as_bytes()),
                encode(claims(&id, app.clock.now().0).to_string().as_bytes())
            );
            let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &signer.key, Algorithm::EdDSA).expect("signs");
            format!("{message}.{signature}")
        };
        refused(assert(&app, &sign(json!({ "alg": "EdDSA", "crit": ["exp"] }))).await, 401, "invalid_client");
        assert(&app, &sign(json!({ "alg": "EdDSA" }))).await.expect(200);
    }

    async fn an_assertion_expires_by_the_clock_of_the_server(app: App) {
        let signer = Signer::p256();
        let id = client_with_keys(&app, "okta", &signer.keys()).await;
        app.clock.advance(0);
        let [early, late] = [0, 1].map(|_| signer.sign(&claims(&id, app.clock.now().0)));
        // It is good for 300 s, and 30 s more for clocks that differ.
        app.clock.advance(329_000);
        assert(&app, &early).await.expect(200);
        app.clock.advance(1_000);
        refused(assert(&app, &late).await, 401, "invalid_client");
        // What was used up stays so.
        refused(assert(&app, &early).await, 401, "invalid_client");
    }

    async fn a_client_with_keys_has_no_secret(app: App) {
        let id = client_with_keys(&app, "okta", &Signer::p256().keys()).await;
        let (_, secret) = client(&app, "entra", "").await;
        refused(exchange(&app, &id, &secret, "").await, 401, "invalid_client");
    }
}
