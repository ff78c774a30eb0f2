//! OAuth 2.0: tokens for clients (RFC 6749 §4.4, RFC 7523, RFC 8414), over HTTP, on both back ends.

#[path = "oauth/api_key.rs"]
mod api_key;
#[path = "oauth/assertions.rs"]
mod assertions;
#[path = "oauth/discovery.rs"]
mod discovery;
#[path = "oauth/lives.rs"]
mod lives;
#[path = "oauth/requests.rs"]
mod requests;
#[path = "oauth/secrets.rs"]
mod secrets;
#[path = "oauth/signer.rs"]
mod signer;
#[path = "oauth/throttling.rs"]
mod throttling;

#[path = "support/app.rs"]
mod app;

use app::{Answer, App};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use scimd::admin::clients::{self, NewClient, Wanted};
use scimd::auth::Scopes;
use scimd::auth::oauth::PublicKeys;

const FORM: &str = "application/x-www-form-urlencoded";
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Sends a form to the token endpoint, with these headers and no others.
async fn ask(app: &App, headers: &[(&str, &str)], form: &[(&str, &str)]) -> Answer {
    let encode = |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
    let pairs: Vec<String> = form.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
    let mut all = vec![("authorization", ""), ("content-type", FORM)];
    all.extend(headers);
    app.send("POST", "//oauth/token", &all, pairs.join("&")).await
}

/// Asks for a token with a client's id and secret in the form.
async fn exchange(app: &App, id: &str, secret: &str, scope: &str) -> Answer {
    let form = [("grant_type", "client_credentials"), ("client_id", id), ("client_secret", secret), ("scope", scope)];
    ask(app, &[], &form).await
}

/// A client with a secret: its id, and the secret.
async fn client(app: &App, name: &str, scopes: &str) -> (String, String) {
    let wanted = Wanted { name: Some(name.into()), scopes: Scopes::parse(scopes).expect("scopes"), ..Wanted::default() };
    let NewClient { id, secret, .. } = clients::create(&app.operator(), &app.row().await, wanted).await.expect("creates");
    (id.to_string(), secret.expect("it has no keys").expose().to_owned())
}

/// A client with these keys: its id.
async fn client_with_keys(app: &App, name: &str, keys: &PublicKeys) -> String {
    let wanted = Wanted { name: Some(name.into()), keys: Some(keys.clone()), ..Wanted::default() };
    let NewClient { id, secret, .. } = clients::create(&app.operator(), &app.row().await, wanted).await.expect("creates");
    assert!(secret.is_none());
    id.to_string()
}

/// The same client of the server with another token.
fn with(app: &App, token: &str) -> App {
    let mut other = app.clone();
    token.clone_into(&mut other.token);
    other
}

fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

/// Asserts a failure of the token endpoint.
#[track_caller]
fn refused(answer: Answer, status: u16, error: &str) -> Answer {
    let answer = answer.expect(status);
    assert_eq!(answer.text("/error"), error, "{:#}", answer.json);
    let description = answer.text("/error_description");
    assert!(description.bytes().all(|byte| matches!(byte, b' '..=b'~') && !b"\"\\".contains(&byte)), "{description}");
    assert_eq!((answer.header("cache-control"), answer.header("content-type")), ("no-store", "application/json"));
    assert_eq!(answer.header("www-authenticate").starts_with("Basic realm="), status == 401);
    answer
}
