//! Whom a cursor leads on, for what, and for how long.

use crate::app::{Answer, App};
use crate::{SEARCH, next, on_both_back_ends, refused, search, user_names};
use axum::body::Body;
use scimd::admin::Operator;
use scimd::admin::tokens::{self, NewToken, Wanted};
use serde_json::json;
use std::time::Duration;

const QUERY: &str = "/Users?sortBy=userName&count=1&cursor=";

/// The cursor to the second page of [`QUERY`], for this client.
async fn cursor(app: &App) -> String {
    next(&app.get(QUERY).await.expect(200)).expect("more pages")
}

/// The whole body of a refusal, and what the headers say about it.
#[track_caller]
fn invalid(answer: Answer) -> (String, String) {
    let answer = answer.expect_error(400, "invalidCursor");
    let content_type = answer.header("content-type").to_owned();
    (answer.json.to_string(), content_type)
}

/// Three users, so that there are three pages of one.
async fn three(app: &App) {
    for name in ["ann", "bob", "cid"] {
        app.user(name).await;
    }
}

/// A client with this token.
fn with(app: &App, token: &NewToken) -> App {
    let mut client = app.clone();
    token.secret.expose().clone_into(&mut client.token);
    client
}

/// A client with a token of its own, which lives for this long.
async fn client(app: &App, name: &str, lifetime: Option<Duration>) -> App {
    let wanted = Wanted { name: Some(name.to_owned()), expires_in: lifetime, ..Wanted::default() };
    let token =
        tokens::create(&Operator { clock: &*app.clock, ..app.operator() }, &app.row().await, wanted).await.expect("creates");
    with(app, &token)
}

on_both_back_ends! {
    /// Shows C-2.1-01, C-2.1-03, C-4-04: just so long, from each page anew.
    async fn a_cursor_leads_on_for_as_long_as_was_published(app: App) {
        three(&app).await;
        let config = app.get("/ServiceProviderConfig").await.expect(200);
        let timeout_ms = config.at("/pagination/cursorTimeout").as_i64().expect("seconds") * 1_000;
        app.clock.advance(0);
        let first = cursor(&app).await;
        let by_post = search(&app, "/Users", json!({ "cursor": "", "count": 2 })).await.expect(200);
        let by_post = json!({ "cursor": next(&by_post).expect("more pages"), "count": 2 });

        app.clock.advance(timeout_ms);
        let page = app.get(&format!("{QUERY}{first}")).await.expect(200);
        assert_eq!(user_names(&page), ["bob"]);
        assert_eq!(user_names(&search(&app, "/Users", by_post.clone()).await.expect(200)), ["cid"]);
        let second = next(&page).expect("one more page");

        app.clock.advance(1);
        refused(app.get(&format!("{QUERY}{first}")).await, "expiredCursor");
        refused(search(&app, "/Users", by_post).await, "expiredCursor");
        refused(app.replica().get(&format!("{QUERY}{first}")).await, "expiredCursor");
        app.clock.advance(timeout_ms - 1);
        assert_eq!(user_names(&app.get(&format!("{QUERY}{second}")).await.expect(200)), ["cid"]);
        app.clock.advance(1);
        refused(app.get(&format!("{QUERY}{second}")).await, "expiredCursor");
        assert_eq!(user_names(&app.get(QUERY).await.expect(200)), ["ann"], "who begins again is served");
    }

    /// Shows C-5.2-05: that a cursor has expired is told only to whom it was issued, for what it was issued.
    async fn an_expired_cursor_tells_others_nothing(app: App) {
        three(&app).await;
        let cursor = cursor(&app).await;
        let other = app.fresh().await;
        let before = invalid(other.get(&format!("{QUERY}{cursor}")).await);
        app.clock.advance(1_000_000_000);
        refused(app.get(&format!("{QUERY}{cursor}")).await, "expiredCursor");
        assert_eq!(invalid(other.get(&format!("{QUERY}{cursor}")).await), before);
        assert_eq!(invalid(app.get(&format!("{QUERY}{cursor}&filter=userName%20pr")).await), before);
    }

    /// Shows C-2.1-02, C-5.2-01, C-5.2-05: refused as what never was a cursor is, byte for byte.
    async fn a_cursor_of_another_client_is_no_cursor(app: App) {
        three(&app).await;
        let cursor = format!("{QUERY}{}", cursor(&app).await);
        let unknown = invalid(app.get(&format!("{QUERY}unknown")).await);

        let colleague = app.fresh().await;
        assert_eq!(invalid(colleague.get(&cursor).await), unknown, "another token of the Directory");
        let elsewhere = app.directory("elsewhere", "generic").await;
        three(&elsewhere).await;
        assert_eq!(invalid(elsewhere.get(&cursor).await), unknown, "a token of another Directory");
        assert_eq!(invalid(colleague.replica().get(&cursor).await), unknown, "another server");

        assert_eq!(user_names(&app.get(&cursor).await.expect(200)), ["bob"]);
        assert_eq!(user_names(&app.replica().get(&cursor).await.expect(200)), ["bob"], "any server leads its owner on");
    }

    /// Shows C-2-11, C-2.1-02: what was asked at first stays asked.
    async fn a_cursor_of_another_query_is_no_cursor(app: App) {
        three(&app).await;
        app.group("Staff", &[]).await;
        app.group("Guests", &[]).await;
        let first = "/Users?filter=userName%20pr&sortBy=userName&sortOrder=ascending&attributes=userName&count=1&cursor=";
        let cursor = next(&app.get(first).await.expect(200)).expect("more pages");
        assert_eq!(user_names(&app.get(&format!("{first}{cursor}")).await.expect(200)), ["bob"]);
        for (from, to) in [
            ("/Users", ""),
            ("filter=userName%20pr&", ""),
            ("userName%20pr", "userName%20gt%20%22a%22"),
            ("sortBy=userName&", ""),
            ("sortBy=userName", "sortBy=id"),
            ("sortOrder=ascending", "sortOrder=descending"),
            ("sortOrder=ascending&", ""),
            ("attributes=userName&", ""),
            ("attributes=userName", "attributes=displayName"),
            ("attributes=userName", "excludedAttributes=emails"),
        ] {
            let other = first.replacen(from, to, 1);
            assert_ne!(other, first);
            refused(app.get(&format!("{other}{cursor}")).await, "invalidCursor");
        }
        let paths = ["/Users", "/Groups", ""];
        for issued_for in paths {
            let page = search(&app, issued_for, json!({ "cursor": "", "count": 1 })).await.expect(200);
            let next_page = json!({ "cursor": next(&page).expect("more pages"), "count": 1 });
            for path in paths {
                let answer = search(&app, path, next_page.clone()).await;
                if path == issued_for {
                    answer.expect(200);
                } else {
                    refused(answer, "invalidCursor");
                }
            }
        }
    }

    /// Shows C-2-10, C-2.1-02, C-5.2-04: each character counts, and no more than all of them.
    async fn a_cursor_that_was_touched_is_no_cursor(app: App) {
        three(&app).await;
        let cursor = cursor(&app).await;
        let unknown = invalid(app.get(&format!("{QUERY}unknown")).await);
        for at in 0..cursor.len() {
            let (before, rest) = cursor.split_at(at);
            let other = if rest.starts_with('A') { 'B' } else { 'A' };
            let changed = format!("{before}{other}{}", &rest[1..]);
            assert_eq!(invalid(app.get(&format!("{QUERY}{changed}")).await), unknown, "changed at {at}");
            if at > 0 {
                assert_eq!(invalid(app.get(&format!("{QUERY}{before}")).await), unknown, "cut at {at}");
            }
        }
        for longer in [format!("{cursor}A"), format!("{cursor}AAAA"), format!("A{cursor}"), format!("{cursor}{cursor}"), format!("{cursor}%3D")] {
            assert_eq!(invalid(app.get(&format!("{QUERY}{longer}")).await), unknown, "{longer}");
        }
        assert_eq!(user_names(&app.get(&format!("{QUERY}{cursor}")).await.expect(200)), ["bob"]);
        // The place in a cursor is a value of a resource: nobody reads it, and two walks through the same do not show that they are.
        assert_ne!(crate::next(&app.get(QUERY).await.expect(200)), Some(cursor));
    }

    /// Shows C-2.1-01, C-2.1-02: a cursor of any length is refused, by what bounds the request or as no cursor.
    async fn a_cursor_without_end_is_refused(app: App) {
        three(&app).await;
        let roomy = app.configured(|config| {
            config.limits.body_bytes_max = 16 << 20;
            config.limits.string_bytes_max = 16 << 20;
        });
        for characters in [1 << 10, 1 << 14, (1 << 14) + 1, 1 << 16, 5 << 20] {
            refused(search(&roomy, "/Users", json!({ "cursor": "A".repeat(characters), "count": 1 })).await, "invalidCursor");
        }
        invalid(app.get(&format!("{QUERY}{}", "A".repeat(16_000))).await);
        app.get(&format!("{QUERY}{}", "A".repeat(17_000))).await.expect_error(414, "");
        for wrong in [json!(1), json!(["A"]), json!({}), json!(true)] {
            app.post("/Users/.search", json!({ "schemas": [SEARCH], "cursor": wrong })).await.expect_error(400, "invalidSyntax");
        }
    }

    /// Shows C-5.2-01, C-5.2-02, C-5.2-03: a cursor gives no right that its token has not.
    async fn each_page_asks_for_the_token_anew(app: App) {
        three(&app).await;
        app.clock.advance(0);
        let provider = client(&app, "provider", None).await;
        let cursor = format!("{QUERY}{}", cursor(&provider).await);
        assert_eq!(user_names(&provider.get(&cursor).await.expect(200)), ["bob"]);
        tokens::revoke(&app.operator(), &app.row().await, "provider").await.expect("revokes");
        app.clock.advance(1_000);
        let refused = provider.get(&cursor).await.expect_error(401, "");
        let unknown = provider.get(&format!("{QUERY}unknown")).await.expect_error(401, "");
        assert_eq!(refused.json, unknown.json);
        let successor = client(&app, "provider", None).await;
        invalid(successor.get(&cursor).await);

        let guest = client(&app, "guest", Some(Duration::from_secs(60))).await;
        let cursor = format!("{QUERY}{}", self::cursor(&guest).await);
        app.clock.advance(59_999);
        assert_eq!(user_names(&guest.get(&cursor).await.expect(200)), ["bob"]);
        app.clock.advance(1);
        guest.get(&cursor).await.expect_error(401, "");
guest.send("GET", &cursor, &[("authorization", "")], Body::empty()).await.expect_error(401, "");
    }

    /// Shows C-5.2-01: who may not search gets no page of another's search either.
    async fn the_token_of_a_user_opens_no_cursor(app: App) {
        three(&app).await;
        let cursor = cursor(&app).await;
        let row = app.row().await;
        let token = tokens::create(&app.operator(), &row, Wanted { user: Some("ann".into()), ..Wanted::default() }).await.expect("creates");
        let ann = with(&app, &token);
        let refused = ann.get(&format!("{QUERY}{cursor}")).await.expect_error(403, "");
        assert_eq!(refused.json, ann.get(&format!("{QUERY}unknown")).await.expect_error(403, "").json);
    }
}
