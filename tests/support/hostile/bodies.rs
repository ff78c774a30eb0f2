//! Bodies that are no JSON, or JSON that no reader should take.

use crate::app::USER;
use crate::canary::Canary;
use crate::on_both_back_ends;
use axum::body::Body;
use futures_util::stream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const SYNTAX: (u16, &str) = (400, "invalidSyntax");
const VALUE: (u16, &str) = (400, "invalidValue");

/// Every endpoint and method that takes a body.
fn takers(canary: &Canary) -> [(&'static str, String); 9] {
    [
        ("POST", "/Users".into()),
        ("POST", "/Groups".into()),
        ("POST", "/.search".into()),
        ("POST", "/Users/.search".into()),
        ("POST", "/Groups/.search".into()),
        ("PUT", canary.user.clone()),
        ("PUT", canary.group.clone()),
        ("PATCH", canary.user.clone()),
        ("PATCH", canary.group.clone()),
    ]
}

async fn each_refuses(canary: &Canary, body: &[u8], error: (u16, &str), says: &str) {
    for (method, path) in takers(canary) {
        canary.refuses(method, &path, body, error, says).await;
    }
}

on_both_back_ends! {
    /// Shows P-3.12-07, P-3.12-20, R12, R35.
    async fn a_body_that_is_no_json_is_refused_at_its_position(app: App) {
        let canary = Canary::new(app).await;
        let cases: &[(&[u8], &str)] = &[
            (b"", "the body is empty"),
            (b" \t\r\n", "the body is empty"),
            (b"{", "line 1, column 2: expected a member name"),
            (b"{\"a\":}", "line 1, column 6: expected a JSON value"),
            (b"{\"a\":1,}", "line 1, column 8: expected a member name"),
            (b"{\n  \"userName\": \"x\",\n}", "line 3, column 1: expected a member name"),
            (b"{\"a\" 1}", "line 1, column 6: expected a colon"),
            (b"{\"a\":1 \"b\":2}", "line 1, column 8: expected a comma or }"),
            (b"{\"a\":[1,]}", "line 1, column 9: expected a JSON value"),
            (b"{\"a\":[1 2]}", "line 1, column 9: expected a comma or ]"),
            (b"{a:1}", "line 1, column 2"),
            (b"{'a':1}", "line 1, column 2"),
            (b"{} {}", "line 1, column 4: expected the end"),
            (b"{}x", "line 1, column 3: expected the end"),
            (b"{\"a\":nul}", "line 1, column 6"),
            (b"{\"a\":True}", "line 1, column 6"),
            (b"{\"a\":NaN}", "line 1, column 6"),
            (b"{\"a\":-Infinity}", "line 1, column 6"),
            (b"{\"a\":01}", "line 1, column 6: this is not a JSON number"),
            (b"{\"a\":+1}", "line 1, column 6"),
            (b"{\"a\":1.}", "line 1, column 6: this is not a JSON number"),
            (b"{\"a\":.5}", "line 1, column 6"),
            (b"{\"a\":1e}", "line 1, column 6: this is not a JSON number"),
            (b"{\"a\":1e400}", "line 1, column 6: a number is outside the range"),
            (b"{\"a\":-1e999999999999}", "line 1, column 6: a number is outside the range"),
            (b"{\"a\":1e-400}", "line 1, column 6: a number is outside the range"),
            (b"{\"a\":\"x}", "a string does not end"),
            (b"{\"a\":\"x\ny\"}", "a control character in a string"),
            (b"{\"a\":\"\\x\"}", "line 1, column 7: no such escape sequence"),
            (b"{\"a\":\"\\u12\"}", "line 1, column 7: expected four hexadecimal digits"),
            (b"{\"a\":\"\\", "no such escape sequence"),
            (b"{\"\\u0000\":1}", "line 1, column 3: U+0000"),
            (b"{\"\\ud800\":1}", "line 1, column 3: half a surrogate pair"),
            (b"{\"a\":\"\xff\"}", "line 1, column 7: the body is not UTF-8"),
            (b"{\"a\":\"\xc0\x80\"}", "line 1, column 7: the body is not UTF-8"),
            (b"{\"a\":\"\xed\xa0\x80\"}", "line 1, column 7: the body is not UTF-8"),
            (b"\xef\xbb\xbf{}", "line 1, column 1: expected a JSON value"),
            (b"\xff\xfe{\0}\0", "line 1, column 1: the body is not UTF-8"),
            (b"<scim/>", "line 1, column 1"),
            (b"userName=x", "line 1, column 1"),
            (b"\0", "line 1, column 1"),
            (b"{\"userName\":\"a\",\"userName\":\"b\"}", "line 1, column 17: the member userName is there twice"),
            (b"{\"userName\":\"a\",\"USERNAME\":\"b\"}", "line 1, column 17: the member USERNAME is there twice"),
            (b"{\"userName\":\"a\",\"\\u0075serName\":\"b\"}", "line 1, column 17: the member userName is there twice"),
            (b"{\"name\":{\"a\":1,\"A\":2}}", "line 1, column 16: the member A is there twice"),
            (b"{\"Operations\":[{\"op\":\"add\",\"Op\":\"remove\"}]}", "line 1, column 28: the member Op is there twice"),
        ];
        for (body, says) in cases {
            each_refuses(&canary, body, SYNTAX, says).await;
        }
        for body in ["[]", "[{}]", "\"x\"", "5", "true", "null"] {
            each_refuses(&canary, body.as_bytes(), SYNTAX, "object").await;
        }
        canary.is_unharmed().await;
    }

    /// Shows R35.
    async fn text_that_cannot_be_stored_is_refused_at_its_position(app: App) {
        let canary = Canary::new(app).await;
        for (text, says) in [
            ("\\u0000", "column 14: U+0000 cannot be stored"),
            ("x\\u0000y", "column 15: U+0000 cannot be stored"),
            ("\\ud800", "column 14: half a surrogate pair"),
            ("\\udc00", "column 14: half a surrogate pair"),
            ("\\ud800\\u0041", "column 14: half a surrogate pair"),
            ("\\ud800\\ud800", "column 14: half a surrogate pair"),
            ("\\udc00\\ud800", "column 14: half a surrogate pair"),
        ] {
            each_refuses(&canary, format!("{{\"userName\":\"{text}\"}}").as_bytes(), VALUE, says).await;
        }
        canary.is_unharmed().await;
    }

    /// Shows R11: neither reading such a body nor forgetting it takes the process down.
    async fn a_body_that_nests_deeply_or_is_wide_is_refused(app: App) {
        let canary = Canary::new(app).await;
        for depth in [65, 10_000, 100_000] {
            for (open, close) in [("[", "]"), ("{\"a\":", "}"), ("[{\"a\":", "}]"), ("[1,", "]")] {
                let open = open.repeat(depth);
                let closed = format!("{open}1{}", close.repeat(depth));
                for value in [&open, &closed] {
                    each_refuses(&canary, value.as_bytes(), VALUE, "nest more than 64 deep").await;
                }
                let inside = format!("{{\"schemas\":[\"{USER}\"],\"userName\":\"x\",\"x\":{closed}}}");
                each_refuses(&canary, inside.as_bytes(), VALUE, "nest more than 64 deep").await;
            }
        }
        let members: Vec<String> = (0..1_001).map(|number| format!("\"k{number}\":0")).collect();
        each_refuses(&canary, format!("{{{}}}", members.join(",")).as_bytes(), VALUE, "more than 1000 members").await;
        let list = format!("{{\"a\":[{}]}}", vec!["0"; 100_001].join(","));
        each_refuses(&canary, list.as_bytes(), VALUE, "more than 100000 elements").await;
        let string = format!("{{\"userName\":\"{}\"}}", "x".repeat(1_048_577));
        each_refuses(&canary, string.as_bytes(), VALUE, "line 1, column 13: a string is longer than 1048576 bytes").await;
        let digits = format!("{{\"a\":{}}}", "9".repeat(1_000_000));
        each_refuses(&canary, digits.as_bytes(), SYNTAX, "line 1, column 6: a number has more than 400 characters").await;
        canary.is_unharmed().await;
    }

    /// Shows P-3.12-13, R11: of 50 MB, announced or not, only the beginning is read.
    async fn a_body_of_50_mb_is_413_and_not_read(app: App) {
        const PIECE: usize = 64 * 1_024;
        const PIECES: usize = 800;
        let canary = Canary::new(app).await;
        for (method, path) in takers(&canary) {
            let taken = Arc::new(AtomicUsize::new(0));
            let counter = taken.clone();
            let pieces = stream::iter((0..PIECES).map(move |_| {
                counter.fetch_add(PIECE, Ordering::Relaxed);
                Ok::<_, std::io::Error>(vec![b' '; PIECE])
            }));
            let answer = canary.app.send(method, &path, &[], Body::from_stream(pieces)).await.expect_error(413, "");
            assert_eq!(answer.text("/detail"), "the body is larger than body_bytes_max, 2097152 bytes");
            // The limit, and what is read on so that the client comes to read the answer (R49).
            let taken = taken.load(Ordering::Relaxed);
            assert!(taken <= 2_097_152 + 1_048_576 + 2 * PIECE, "{taken} bytes were read");
            canary.refuses(method, &path, vec![b' '; PIECE * PIECES], (413, ""), "body_bytes_max").await;
        }
        canary.is_unharmed().await;
    }
}
