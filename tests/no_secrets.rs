//! What must be in no log: tokens, passwords, and the values of attributes, in whatever part of a request they come and
//! whether it succeeds or not (RFC 7644 §7.5.2, R31).
#![expect(clippy::panic, reason = "tests fail by panicking")]

#[path = "support/process.rs"]
mod process;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use process::Connection;
use serde_json::{Value, json};

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
const SEARCH_REQUEST: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

/// Part of every value that the requests of this test send.
const CANARY: &str = "kanarie";
/// What stands where the name of an attribute ought to: the log of requests may have that, as it is no value.
const NAME: &str = "papegaai";
/// What the ids look like that clients make up.
const NO_ID: &str = "/Users/kanarie-7";
/// A token that is none, but has the form of one.
const WRONG_TOKEN: &str = "scimd_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxA3SlM0f";

fn user(name: &str) -> Value {
    json!({
        "schemas": [USER, ENTERPRISE], "userName": format!("{CANARY}-{name}"), "externalId": format!("{CANARY}-{name}"),
        "password": "kanarie-correct-horse", "displayName": "Kanarie kanarie", "name": { "familyName": "kanarie" },
        "emails": [{ "value": "kanarie@example.com", "type": "work" }, { "value": "kanarie@example.org", "display": "kanarie" }],
        "shoeSize": "kanarie", "meta": { "location": "kanarie" }, "title": format!("{CANARY}{}", "x".repeat(9_000)),
        ENTERPRISE: { "department": "kanarie", "manager": { "value": "kanarie" }, "costume": "kanarie" },
    })
}

fn patch(operations: Value) -> Value {
    json!({ "schemas": [PATCH_OP], "Operations": operations })
}

/// Requests that hold the canary in every part, and the status of each.
fn requests(user: &str, group: &str, member: &str) -> Vec<(&'static str, String, Value, u16)> {
    let one = |op: &str, path: &str, value: Value| patch(json!([{ "op": op, "path": path, "value": value }]));
    let search = |filter: &str| json!({ "schemas": [SEARCH_REQUEST], "filter": filter });
    let get = |path: &str, status: u16| ("GET", path.to_owned(), Value::Null, status);
    let with = |method: &'static str, path: &str, body: Value, status: u16| (method, path.to_owned(), body, status);
    vec![
        get("/Users?filter=userName%20eq%20%22kanarie-bjensen%22", 200),
        get("/Users?filter=emails%5Bvalue%20co%20%22kanarie%22%5D&sortBy=title&attributes=kanarie", 200),
        get("/Users?filter=name.familyName%20ew%20%22kanarie%22%20and%20title%20ne%20%22kanarie%22", 200),
        get("/Users?filter=papegaai%20eq%20%22kanarie%22", 400),
        get("/Users?filter=userName%20kanarie%20%22kanarie%22", 400),
        get("/Users?filter=password%20eq%20%22kanarie%22", 403),
        get("/Users?sortBy=papegaai", 400),
        get("/Users?sortBy=userName&sortOrder=kanarie", 400),
        get("/Users?count=kanarie", 400),
        get("/Users?kanarie=kanarie", 200),
        get("/kanarie/kanarie", 404),
        get("/Schemas/urn:kanarie", 404),
        get("/Schemas?filter=kanarie", 403),
        get(NO_ID, 404),
        with("DELETE", NO_ID, Value::Null, 404),
        with("POST", "/Users", self::user("bjensen"), 409),
        with("POST", "/Users", json!({ "schemas": ["urn:papegaai"], "userName": "kanarie" }), 400),
        with("POST", "/Users", json!({ "schemas": [USER], "userName": { "kanarie": "kanarie" } }), 400),
        with("POST", "/Users", json!({ "schemas": [USER], "userName": "kanarie-2", "password": "kanarie\u{1}" }), 400),
        with("POST", "/Users", json!({ "schemas": [USER], "userName": "kanarie-2", "active": "kanarie" }), 400),
        with("POST", "/Users", json!("kanarie"), 400),
        with("PUT", user, self::user("taken"), 409),
        with("PUT", user, self::user("bjensen"), 200),
        with("PATCH", user, one("replace", "password", json!("kanarie-battery-staple")), 200),
        with("PATCH", user, one("replace", "active", json!("kanarie")), 400),
        with("PATCH", user, one("replace", "emails[value eq \"kanarie@example.net\"].display", json!("kanarie")), 400),
        with("PATCH", user, one("remove", "papegaai", json!("kanarie")), 400),
        with("PATCH", user, one("kanarie", "title", json!("kanarie")), 400),
        with(
            "PATCH",
            user,
            patch(json!([{ "op": "add", "value": { "shoeSize": "kanarie", "name": { "nick": "kanarie" } } }])),
            200,
        ),
        // Names that hold values.
        with("PATCH", user, patch(json!([{ "op": "add", "value": { "shoes[value eq \"kanarie\"].size": "kanarie" } }])), 200),
        with("PATCH", user, patch(json!([{ "op": "add", "value": { "kanarie@example.com": "kanarie", "a kanarie": 1 } }])), 200),
        with("PATCH", group, one("add", "members", json!([{ "value": "kanarie" }])), 400),
        with("PATCH", group, one("remove", "members[value eq \"kanarie\"]", Value::Null), 204),
        with("PATCH", group, one("add", "members", json!([{ "value": member, "display": "kanarie" }])), 204),
        with(
            "POST",
            "/Groups",
            json!({ "schemas": [GROUP], "displayName": "kanarie", "members": [{ "value": "kanarie" }] }),
            400,
        ),
        with("POST", "/Users/.search", search("userName sw \"kanarie\""), 200),
        with("POST", "/Users/.search", search("kanarie"), 400),
        with("POST", "/Users/.search", search("title eq \"kanarie\" and papegaai pr"), 400),
        with("DELETE", group, Value::Null, 204),
    ]
}

/// Sends `request` as it is on a connection of its own; whatever comes back is fine.
fn send_raw(connection: std::io::Result<Connection>, request: &str, status: u16) {
    use std::io::Write as _;
    let mut connection = connection.expect("accepted");
    connection.stream.get_mut().write_all(request.as_bytes()).expect("sent");
    assert_eq!(connection.reply().expect("an answer").status, status, "{request}");
}

on_both_back_ends_as_a_process! {
    /// Shows P-7.5.2-02.
    fn no_token_password_or_value_is_logged(installation: Installation) {
        // Each search that no index serves has its line.
        installation.configure("[log]\nunindexed_search_ms = 0\n");
        let server = installation.start("debug");
        let mut client = installation.connect(&server).expect("accepted");
        let created = client.send("POST", "/Users", Some(&user("bjensen"))).expect("an answer").expect(201).id();
        let member = client.send("POST", "/Users", Some(&user("taken"))).expect("an answer").expect(201).id();
        let body = json!({ "schemas": [GROUP], "displayName": "kanarie", "members": [{ "value": created }] });
        let group = client.send("POST", "/Groups", Some(&body)).expect("an answer").expect(201).id();

        let requests = requests(&format!("/Users/{created}"), &format!("/Groups/{group}"), &member);
        for (method, path, body, status) in &requests {
            let reply = client.send(method, path, (!body.is_null()).then_some(body)).expect("an answer");
            assert_eq!(reply.status, *status, "{method} {path} {body}: {:#}", reply.json);
        }

        let head = |line: &str, authorization: &str| {
            format!("{line}\r\nHost: kanarie\r\nUser-Agent: kanarie\r\nX-Request-Id: kanarie\r\nAuthorization: {authorization}\r\n")
        };
        let good = format!("Bearer {}", installation.token);
        let form = |line: &str, authorization: &str, more: &str, body: &str| {
            let length = body.len();
            let kind = "Content-Type: application/x-www-form-urlencoded";
            head(line, authorization) + &format!("{more}{kind}\r\nContent-Length: {length}\r\n\r\n{body}")
        };
        let (token_endpoint, grant) = ("POST /oauth/token HTTP/1.1", "grant_type=client_credentials");
        let secret = format!("{grant}&client_id=kanarie&client_secret={WRONG_TOKEN}&scope=kanarie&kanarie=kanarie");
        let jwt = "client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion";
        let client = installation.command(&["client", "create", "test", "--name", "client", "--json"]);
        let client: Value = serde_json::from_str(&client).expect("JSON");
        let [id, its_secret] = ["clientId", "clientSecret"].map(|name| client[name].as_str().expect("text"));
        let good_basic = STANDARD.encode(format!("{id}:{its_secret}"));
        let raw = [
            (form(token_endpoint, &format!("Basic {good_basic}"), "", grant), 200),
            (form(token_endpoint, "Basic a2FuYXJpZTprYW5hcmll", "", grant), 401),
            (form(token_endpoint, "kanarie", "", grant), 401),
            (form(token_endpoint, "kanarie", "", &secret), 401),
            (form("POST /oauth/token?client_secret=kanarie HTTP/1.1", &good, "", &secret), 400),
            (form(token_endpoint, "Bearer scimdkey_kanarie", "", "directory=kanarie"), 401),
            (form(token_endpoint, "Bearer kanarie", "X-Api-Key: scimdkey_kanarie\r\n", "directory=kanarie"), 401),
            (form(token_endpoint, "Bearer kanarie", "", "grant_type=kanarie"), 400),
            (form(&token_endpoint.replace("POST", "GET"), &good, "", &format!("{grant}&{jwt}=kanarie.kanarie.kanarie")), 405),
            (head("GET /.well-known/oauth-authorization-server/kanarie HTTP/1.1", &good) + "\r\n", 404),
            (head("GET /scim/v2/Users HTTP/1.1", "Bearer scimdat_kanarie") + "\r\n", 401),
            (head("GET /scim/v2/Users?kanarie HTTP/1.1", &format!("Bearer {WRONG_TOKEN}")) + "\r\n", 401),
            (head("GET /scim/v2/Users HTTP/1.1", "Bearer kanarie") + "\r\n", 401),
            (head("GET /scim/v2/Users HTTP/1.1", "Basic a2FuYXJpZTprYW5hcmll") + "\r\n", 401),
            (head("GET /directories/kanarie/scim/v2/Users HTTP/1.1", &good) + "\r\n", 403),
            (head("GET /scim/v2/Users HTTP/1.1", &good) + "If-Match: \"kanarie\"\r\nAccept: kanarie/kanarie\r\n\r\n", 406),
            (head("KANARIE /scim/v2/Users HTTP/1.1", &good) + "\r\n", 405),
            (head("POST /scim/v2/Users HTTP/1.1", &good) + "Content-Length: 10\r\n\r\n{\"kanarie\"", 400),
            (head("POST /scim/v2/Users HTTP/1.1", &good) + "Content-Type: kanarie/x\r\nContent-Length: 7\r\n\r\nkanarie", 415),
            ("kanarie kanarie kanarie\r\n\r\n".to_owned(), 400),
        ];
        for (request, status) in &raw {
            send_raw(installation.connect(&server), request, *status);
        }

        // It writes its last entries.
        let mut server = server;
        server.terminate();
        assert!(server.wait().success());
        let log = std::fs::read_to_string(installation.log()).expect("UTF-8");
        let answered = log.lines().filter(|line| line.contains("\"answered\"")).count();
        // What is no HTTP is refused before it is a request.
        assert_eq!(answered, 3 + requests.len() + raw.len() - 1, "each request has its line");
        let unindexed: Vec<&str> = log.lines().filter(|line| line.contains("\"no index serves a search, which took long\"")).collect();
        for shape in [r#""filter":"emails[value co ?]","sort":"title""#, r#""filter":"name.familyName ew ? and title ne ?""#] {
            let lines = unindexed.iter().filter(|line| line.contains(shape) && line.contains("\"resource.type\":\"User\"")).count();
            assert_eq!(lines, 1, "{shape} in {unindexed:#?}");
        }
        for secret in [
            CANARY,
            NAME,
            "Kanarie",
            "KANARIE",
            "a2FuYXJpZ",
            "scimd_",
            "scimdat_",
            "scimdkey_",
            &good_basic,
            WRONG_TOKEN,
            installation.token.as_str(),
            "argon2",
        ] {
            let line = log.lines().find(|line| line.contains(secret));
            assert_eq!(line, None, "the log says {secret}");
        }

        // The request log has each request of SCIM too, and says why it was refused.
        let kept = installation.command(&["log", "--json", "--limit", "500"]);
        // Nine requests were for tokens, and one for what OAuth's metadata does not have.
        let for_tokens = log.lines().filter(|line| line.contains("\"answered\"") && line.contains("\"/oauth/token\"")).count();
        assert_eq!(for_tokens, 9);
        assert_eq!(kept.lines().count(), answered - for_tokens - 1, "each request has its entry");
        for secret in [CANARY, "Kanarie", "KANARIE", "a2FuYXJpZ", "scimd_", WRONG_TOKEN, installation.token.as_str(), "argon2"] {
            let line = kept.lines().find(|line| line.contains(secret));
            assert_eq!(line, None, "the request log says {secret}");
        }
        for part in ["User has no attribute papegaai", "\"credentials\":\"unknown\"", "\"redacted\":\"secret\"", "\"advice\":"] {
            assert!(kept.contains(part), "{part} is not in {kept}");
        }
        let refused = installation.command(&["log", "--directory", "test", "--status", "409", "--since", "1h"]);
        assert!(refused.contains("refused   uniqueness: another resource already has this userName"), "{refused}");
        assert!(!refused.contains(CANARY), "{refused}");
        // Nor is anything else in what is kept.
        if installation.database.is_none() {
            for file in ["scimd-log.db", "scimd-log.db-wal"] {
                let file = installation.file().with_file_name(file);
                let bytes = std::fs::read(&file).unwrap_or_default();
                let found = bytes.windows(CANARY.len()).any(|window| window.eq_ignore_ascii_case(CANARY.as_bytes()));
                assert!(!found, "{}", file.display());
            }
        }
    }
}
