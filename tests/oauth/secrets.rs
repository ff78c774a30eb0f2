//! Clients with a secret.

use crate::{ask, basic, client, exchange, on_both_back_ends, refused, with};
use scimd::admin::tokens;

on_both_back_ends! {
    async fn a_secret_is_exchanged_for_a_token_by_basic_and_by_post(app: App) {
        let (id, secret) = client(&app, "okta", "").await;
        let by_basic = ask(&app, &[("authorization", &basic(&id, &secret))], &[("grant_type", "client_credentials")]).await;
        let by_post = exchange(&app, &id, &secret, "").await;
        for answer in [by_basic, by_post] {
            let answer = answer.expect(200);
            assert_eq!((answer.header("cache-control"), answer.header("pragma")), ("no-store", "no-cache"));
            assert_eq!(answer.header("content-type"), "application/json");
            assert_eq!((answer.text("/token_type").as_str(), answer.text("/scope").as_str()), ("Bearer", "scim"));
            assert_eq!(answer.json["expires_in"], 3_600);
            let token = answer.text("/access_token");
            assert!(token.starts_with("scimdat_"), "{token}");
            let provider = with(&app, &token);
            provider.get("/Users").await.expect(200);
            provider.user(&format!("u{}", token.len())).await;
            // It opens the Base URL without a Directory's name too, as every token does.
            provider.send("GET", "//scim/v2/Users", &[], "").await.expect(200);
            assert_eq!(provider.delete(&format!("/Users/{}", provider.filter("/Users", "userName pr").await.text("/Resources/0/id"))).await.status, 204);
        }
        with(&app, &secret).get("/Users").await.expect_error(401, "");
    }

    async fn what_is_not_exactly_the_secret_of_this_client_is_refused_in_the_same_words(app: App) {
        let (id, secret) = client(&app, "okta", "").await;
        let (other, other_secret) = client(&app, "entra", "").await;
        let elsewhere = app.directory("elsewhere", "okta").await;
        let (foreign, foreign_secret) = client(&elsewhere, "okta", "").await;
        let bearer = app.token.as_str();
        let mut said = Vec::new();
        let wrong: [(&str, &str); 12] = [
            (&id, &other_secret),
            (&id, &foreign_secret),
            (&other, &secret),
            (&foreign, &secret),
            ("scimd-client-1-999999", &secret),
            ("nobody", &secret),
            ("okta", &secret),
            (&id, "wrong"),
            (&id, &secret.to_lowercase()),
            (&id, &secret[..secret.len() - 1]),
            (&id, bearer),
            (bearer, bearer),
        ];
        for (id, secret) in wrong {
            // Each by a server that has seen no wrong one yet.
            let by_post = exchange(&app.replica(), id, secret, "").await;
            said.push(refused(by_post, 401, "invalid_client").json);
            let header = basic(id, secret);
            let by_basic =
                ask(&app.replica(), &[("authorization", &header)], &[("grant_type", "client_credentials")]).await;
            said.push(refused(by_basic, 401, "invalid_client").json);
        }
        said.dedup();
        assert_eq!(said.len(), 1, "{said:#?}");
        exchange(&app, &id, &secret, "").await.expect(200);
    }

    /// Shows P-2-10, P-2.1-01: a token opens the types and does the acts that it has scopes for, and nothing else.
    async fn a_scope_narrows_what_the_client_may_do_and_never_widens_it(app: App) {
        let (id, secret) = client(&app, "okta", "User:write Group:read").await;
        let user = app.user("bjensen").await;
        for (asked, granted) in [("", "User:write Group:read"), ("scim", "User:write Group:read"), ("User:read", "User:read")] {
            assert_eq!(exchange(&app, &id, &secret, asked).await.expect(200).text("/scope"), granted, "{asked}");
        }
        for asked in ["write", "Group:write", "read", "User:read Role:read", "scim write", "openid", "offline_access"] {
            refused(exchange(&app, &id, &secret, asked).await, 400, "invalid_scope");
        }
        let reader = with(&app, &exchange(&app, &id, &secret, "User:read").await.expect(200).text("/access_token"));
        reader.get(&format!("/Users/{user}")).await.expect(200);
        reader.get("/Groups").await.expect_error(403, "");
        reader.delete(&format!("/Users/{user}")).await.expect_error(403, "");
        let writer = with(&app, &exchange(&app, &id, &secret, "").await.expect(200).text("/access_token"));
        writer.delete(&format!("/Users/{user}")).await.expect(204);
        writer.get("/Groups").await.expect(200);
        writer.post("/Groups", serde_json::json!({ "displayName": "x" })).await.expect_error(403, "");
    }

    async fn a_client_that_may_do_less_by_now_has_no_tokens_for_more(app: App) {
        let (id, secret) = client(&app, "okta", "").await;
        let whole = with(&app, &exchange(&app, &id, &secret, "").await.expect(200).text("/access_token"));
        let groups = with(&app, &exchange(&app, &id, &secret, "Group:read").await.expect(200).text("/access_token"));
        app.clock.advance(0);
        whole.get("/Groups").await.expect(200);
        groups.get("/Groups").await.expect(200);
        let edit = tokens::Edit { scopes: Some(scimd::auth::Scopes::parse("User:read").expect("scopes")), ..tokens::Edit::default() };
        tokens::edit(&app.operator(), &app.row().await, "okta", edit).await.expect("edits");
        app.clock.advance(1_000);
        groups.get("/Groups").await.expect_error(401, "");
        whole.get("/Groups").await.expect_error(403, "");
        whole.get("/Users").await.expect(200);
    }

    async fn a_token_of_one_directory_opens_no_other(app: App) {
        let elsewhere = app.directory("elsewhere", "okta").await;
        let (id, secret) = client(&elsewhere, "okta", "").await;
        let user = app.user("bjensen").await;
        let token = exchange(&app, &id, &secret, "").await.expect(200).text("/access_token");
        with(&elsewhere, &token).get("/Users").await.expect(200);
        for path in ["/Users", &format!("/Users/{user}"), "/ServiceProviderConfig"] {
            with(&app, &token).get(path).await.expect_error(403, "");
        }
        with(&app, &token).send("GET", &format!("//scim/v2/Users/{user}"), &[], "").await.expect_error(404, "");
    }
}
