//! Accounts, API keys, roles, and signing in.

use super::{Admin, check_problem};
use crate::on_both_back_ends;
use scimd::admin::AdminError;
use scimd::admin::accounts::{self, Edit, KEYS_MAX, SESSIONS_MAX};
use scimd::auth::Secret;
use scimd::store::operator::Role;
use serde_json::json;

on_both_back_ends! {
    /// Nothing but the description and signing in is reached without a good key.
    async fn without_a_good_key_nothing_is_reached(app: App) {
        let owner = Admin::new(&app, Role::Owner).await;
        for key in ["", "x", "scimdkey_x", app.token.as_str()] {
            let nobody = owner.with(key);
            for (method, path) in [
                ("GET", "/me"), ("GET", "/accounts"), ("POST", "/accounts"), ("GET", "/directories"), ("POST", "/directories"),
                ("GET", "/directories/test"), ("DELETE", "/session"), ("GET", "/audit"), ("GET", "/audit/export"),
                ("POST", "/directories/test/tokens"), ("PUT", "/directories/test/users/x/password"),
            ] {
                let answer = nobody.send(method, path, &[], None).await;
                assert!(answer.header("www-authenticate").starts_with("Bearer"), "{method} {path}");
                check_problem(answer, 401, "unauthorized");
            }
        }
        owner.with("").get("/openapi.json").await.expect(200);
        // And a key of an operator opens no Directory.
        app.with_token(&owner.key).get("/Users").await.expect_error(401, "");
    }

    /// Row C8.
    async fn a_role_allows_what_it_says(app: App) {
        let owner = Admin::new(&app, Role::Owner).await;
        let operator = Admin::new(&app, Role::Operator).await;
        let viewer = Admin::new(&app, Role::Viewer).await;
        for who in [&owner, &operator, &viewer] {
            for path in ["/me", "/accounts", "/providers", "/directories", "/directories/test", "/directories/test/tokens", "/audit"] {
                who.get(path).await.expect(200);
            }
        }
        let new = json!({ "name": "acme", "provider": "entra" });
        check_problem(viewer.post("/directories", new.clone()).await, 403, "forbidden");
        check_problem(viewer.act("/directories/test/pause").await, 403, "forbidden");
        check_problem(viewer.post("/directories/test/tokens", json!({ "name": "x" })).await, 403, "forbidden");
        operator.post("/directories", new).await.expect(201);
        let account = json!({ "name": "eve", "role": "owner" });
        check_problem(operator.post("/accounts", account.clone()).await, 403, "forbidden");
        check_problem(operator.patch("/accounts/operator", json!({ "role": "owner" })).await, 403, "forbidden");
        owner.post("/accounts", account).await.expect(201);
        // One's own keys are one's own, those of others take an owner.
        viewer.post("/accounts/viewer/keys", json!({ "name": "more" })).await.expect(201);
        check_problem(viewer.get("/accounts/owner/keys").await, 403, "forbidden");
        check_problem(viewer.get("/accounts/nobody/keys").await, 403, "forbidden");
        owner.get("/accounts/viewer/keys").await.expect(200);
    }

    /// Row C8: keys inherit the role of their account as it is now, and die with it.
    async fn a_key_is_as_good_as_its_account(app: App) {
        let owner = Admin::new(&app, Role::Owner).await;
        owner.post("/accounts", json!({ "name": "carla", "role": "viewer" })).await.expect(201);
        let made = owner.post("/accounts/carla/keys", json!({ "name": "ci" })).await.expect(201);
        let carla = owner.with(&made.text("/secret"));
        check_problem(carla.act("/directories/test/pause").await, 403, "forbidden");
        owner.patch("/accounts/carla", json!({ "role": "operator" })).await.expect(200);
        carla.act("/directories/test/pause").await.expect(200);
        owner.patch("/accounts/carla", json!({ "disabled": true })).await.expect(200);
        check_problem(carla.get("/me").await, 401, "unauthorized");
        owner.patch("/accounts/carla", json!({ "disabled": false })).await.expect(200);
        assert_eq!(carla.get("/me").await.expect(200).at("/account/name"), "carla");
        owner.delete("/accounts/carla").await.expect(204);
        check_problem(carla.get("/me").await, 401, "unauthorized");
        check_problem(owner.get("/accounts/carla").await, 404, "not-found");
    }

    async fn a_key_expires_and_is_deleted(app: App) {
        let owner = Admin::new(&app, Role::Owner).await;
        app.clock.advance(0);
        let at = scimd::clock::Timestamp(scimd::clock::Clock::now(&*app.clock).0 + 60_000).to_rfc3339();
        let made = owner.post("/accounts/owner/keys", json!({ "name": "short", "expires": at })).await.expect(201);
        let again = owner.post("/accounts/owner/keys", json!({ "name": "short", "expires": at })).await.expect(200);
        assert_eq!((again.at("/key/id"), again.json.get("secret")), (made.at("/key/id"), None), "a secret is shown once");
        check_problem(owner.post("/accounts/owner/keys", json!({ "name": "short" })).await, 409, "conflict");
        check_problem(owner.post("/accounts/owner/keys", json!({ "name": "session-x" })).await, 422, "invalid");
        check_problem(owner.post("/accounts/owner/keys", json!({ "name": "y", "expires": "2001-01-01T00:00:00Z" })).await, 422, "invalid");
        let short = owner.with(&made.text("/secret"));
        short.get("/me").await.expect(200);
        app.clock.advance(60_000);
        check_problem(short.get("/me").await, 401, "unauthorized");
        let lasting = owner.post("/accounts/owner/keys", json!({ "name": "lasting" })).await.expect(201);
        owner.delete("/accounts/owner/keys/lasting").await.expect(204);
        check_problem(owner.with(&lasting.text("/secret")).get("/me").await, 401, "unauthorized");
        check_problem(owner.delete("/accounts/owner/keys/lasting").await, 404, "not-found");
        let names: Vec<_> = owner.all("/accounts/owner/keys", 1).await.iter().map(|key| key["name"].clone()).collect();
        assert_eq!(names, ["test", "short"]);
    }

    /// Passwords: sign in, sign out, change.
    async fn a_password_signs_in_until_it_is_another(app: App) {
        let owner = Admin::new(&app, Role::Owner).await;
        let nobody = owner.with("");
        owner.post("/accounts", json!({ "name": "carla", "role": "operator", "password": "correct horse" })).await.expect(201);
        for (account, password) in [("carla", "wrong horse"), ("carla", ""), ("carol", "correct horse"), ("owner", "correct horse")] {
            let answer = nobody.post("/session", json!({ "account": account, "password": password })).await;
            let detail = check_problem(answer, 401, "unauthorized").text("/detail");
            assert_eq!(detail, "the account and password do not match", "the same words whatever is wrong");
        }
        let session = nobody.post("/session", json!({ "account": "carla", "password": "correct horse" })).await.expect(201);
        let carla = owner.with(&session.text("/secret"));
        assert_eq!(carla.get("/me").await.expect(200).at("/account/role"), "operator");
        carla.delete("/session").await.expect(204);
        check_problem(carla.get("/me").await, 401, "unauthorized");
        let session = nobody.post("/session", json!({ "account": "carla", "password": "correct horse" })).await.expect(201);
        let carla = owner.with(&session.text("/secret"));
        let short = carla.send("PUT", "/accounts/carla/password", &[], Some(json!({ "password": "short" }))).await;
        check_problem(short, 422, "invalid");
        carla.send("PUT", "/accounts/carla/password", &[], Some(json!({ "password": "battery staple" }))).await.expect(204);
        check_problem(carla.get("/me").await, 401, "unauthorized");
        check_problem(nobody.post("/session", json!({ "account": "carla", "password": "correct horse" })).await, 401, "unauthorized");
        nobody.post("/session", json!({ "account": "carla", "password": "battery staple" })).await.expect(201);
        owner.delete("/accounts/carla/password").await.expect(204);
        check_problem(nobody.post("/session", json!({ "account": "carla", "password": "battery staple" })).await, 401, "unauthorized");
    }

    async fn a_session_ends_by_itself(app: App) {
        let owner = Admin::new(&app, Role::Owner).await;
        app.clock.advance(0);
        owner.post("/accounts", json!({ "name": "carla", "role": "viewer", "password": "correct horse" })).await.expect(201);
        let credentials = json!({ "account": "carla", "password": "correct horse" });
        let session = owner.with("").post("/session", credentials.clone()).await.expect(201);
        let carla = owner.with(&session.text("/secret"));
        carla.get("/me").await.expect(200);
        app.clock.advance(43_200_000);
        check_problem(carla.get("/me").await, 401, "unauthorized");
        // What is over makes way.
        owner.with("").post("/session", credentials).await.expect(201);
        assert_eq!(owner.all("/accounts/carla/keys", 100).await.len(), 1);
    }

    /// Whatever way the password changes, what was signed in to with the one of before ends; other keys stay.
    async fn a_new_password_ends_sessions_and_nothing_else(app: App) {
        let owner = Admin::new(&app, Role::Owner).await;
        owner.post("/accounts", json!({ "name": "carla", "role": "viewer", "password": "correct horse" })).await.expect(201);
        let key = owner.with(&owner.post("/accounts/carla/keys", json!({ "name": "ci" })).await.expect(201).text("/secret"));
        let credentials = json!({ "account": "carla", "password": "correct horse" });
        let session = owner.with(&owner.with("").post("/session", credentials).await.expect(201).text("/secret"));
        session.get("/me").await.expect(200);
        let carla = accounts::find(&*app.store, "carla").await.expect("there");
        let edit = Edit { password_hash: Some(carla.password_hash.clone().map(|hash| format!("{hash}x"))), ..Edit::default() };
        accounts::edit(&app.operator(), &carla, edit).await.expect("changes");
        check_problem(session.get("/me").await, 401, "unauthorized");
        key.get("/me").await.expect(200);
        // Nor does anything begin that was on its way with the account of before.
        let late = accounts::create_key(&app.operator(), &carla, "late", None).await;
        assert!(matches!(late, Err(AdminError::Changed(_))), "{late:?}");
    }

    /// Every key can be seen and deleted, however many are asked for at once.
    async fn an_account_has_no_more_keys_than_it_may(app: App) {
        let owner = Admin::new(&app, Role::Owner).await;
        owner.post("/accounts", json!({ "name": "carla", "role": "viewer", "password": "correct horse" })).await.expect(201);
        let carla = accounts::find(&*app.store, "carla").await.expect("there");
        for number in 2..KEYS_MAX {
            accounts::create_key(&app.operator(), &carla, &format!("key-{number}"), None).await.expect("creates");
        }
        let create = async |name: &str| owner.post("/accounts/carla/keys", json!({ "name": name })).await.status.as_u16();
        let mut made = <[u16; 4]>::from(tokio::join!(create("a"), create("b"), create("c"), create("d")));
        made.sort_unstable();
        assert_eq!(made, [201, 201, 409, 409]);
        assert_eq!(create("key-7").await, 200, "one that is there");
        let credentials = json!({ "account": "carla", "password": "correct horse" });
        for _ in 0..SESSIONS_MAX + 1 {
            owner.with("").post("/session", credentials.clone()).await.expect(201);
        }
        assert_eq!(owner.all("/accounts/carla/keys", 500).await.len(), (KEYS_MAX + SESSIONS_MAX) as usize);
        check_problem(owner.post("/accounts/carla/keys", json!({ "name": "session-x" })).await, 422, "invalid");
    }

    /// Shows P-7.7-02: brute force is slowed per account.
    async fn guesses_at_a_password_are_slowed(app: App) {
        let owner = Admin::new(&app, Role::Owner).await;
        app.clock.advance(0);
        owner.post("/accounts", json!({ "name": "carla", "role": "viewer", "password": "correct horse" })).await.expect(201);
        let nobody = owner.with("");
        for _ in 0..10 {
            check_problem(nobody.post("/session", json!({ "account": "carla", "password": "wrong horse" })).await, 401, "unauthorized");
        }
        let refused = nobody.post("/session", json!({ "account": "carla", "password": "correct horse" })).await;
        assert_eq!(refused.header("retry-after"), "1");
        check_problem(refused, 429, "too-many-attempts");
        app.clock.advance(1_000);
        nobody.post("/session", json!({ "account": "carla", "password": "correct horse" })).await.expect(201);
    }

    /// And per address, whatever account it is for, and at API keys too.
    async fn guesses_from_one_address_are_slowed(app: App) {
        let owner = Admin::new(&app, Role::Owner).await;
        app.clock.advance(0);
        let from = async |peer: [u8; 4], key: &str| Admin { app: app.from(peer), key: key.to_owned() }.get("/me").await;
        let signing_in = async |peer: [u8; 4], account: &str| {
            let nobody = Admin { app: app.from(peer), key: String::new() };
            nobody.post("/session", json!({ "account": account, "password": "wrong horse" })).await
        };
        let guess = || Secret::generate_key().expect("random").expose().to_owned();
        let (near, far) = ([192, 0, 2, 1], [192, 0, 2, 2]);
        from(near, &owner.key).await.expect(200);
        for number in 0..25 {
            check_problem(signing_in(near, &format!("carla-{number}")).await, 401, "unauthorized");
            check_problem(from(near, &guess()).await, 401, "unauthorized");
        }
        for refused in [from(near, &guess()).await, signing_in(near, "carla").await] {
            assert_eq!(check_problem(refused, 429, "too-many-attempts").header("retry-after"), "1");
        }
        check_problem(from(far, &guess()).await, 401, "unauthorized");
        from(near, &owner.key).await.expect(200);
        app.clock.advance(1_000);
        check_problem(from(near, &guess()).await, 401, "unauthorized");
    }

    async fn the_last_owner_stays(app: App) {
        let owner = Admin::new(&app, Role::Owner).await;
        check_problem(owner.delete("/accounts/owner").await, 409, "conflict");
        check_problem(owner.patch("/accounts/owner", json!({ "role": "viewer" })).await, 409, "conflict");
        check_problem(owner.patch("/accounts/owner", json!({ "disabled": true })).await, 409, "conflict");
        owner.post("/accounts", json!({ "name": "second", "role": "owner" })).await.expect(201);
        owner.patch("/accounts/owner", json!({ "role": "viewer" })).await.expect(200);
        check_problem(owner.post("/accounts", json!({ "name": "x", "role": "viewer" })).await, 403, "forbidden");
    }

    async fn the_same_account_is_created_once(app: App) {
        let owner = Admin::new(&app, Role::Owner).await;
        let new = json!({ "name": "carla", "role": "operator", "password": "correct horse" });
        let first = owner.post("/accounts", new.clone()).await.expect(201);
        let second = owner.post("/accounts", new).await.expect(200);
        assert_eq!(first.json, second.json);
        for other in [
            json!({ "name": "carla", "role": "viewer", "password": "correct horse" }),
            json!({ "name": "carla", "role": "operator", "password": "battery staple" }),
            json!({ "name": "carla", "role": "operator" }),
        ] {
            check_problem(owner.post("/accounts", other).await, 409, "conflict");
        }
        for name in ["", "a b", "a/b", "a\n", &"x".repeat(101)] {
            check_problem(owner.post("/accounts", json!({ "name": name, "role": "viewer" })).await, 422, "invalid");
        }
    }
}
