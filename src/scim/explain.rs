//! What a log says of a refused request: why, without what the client wrote, and what would mend it.

use super::error::{ErrorKind, Quoted, ScimError};

/// Stands where the client's text was left out.
const LEFT_OUT: &str = "…";

impl ScimError {
    /// The detail without the client's text. What it calls attributes stays, as far as it can be the name of one.
    pub fn detail_without_values(&self) -> String {
        let mut quoted: Vec<(&str, String)> = self
            .quoted
            .iter()
            .map(|quoted| match quoted {
                Quoted::Name(name) => (name.as_str(), name_without_values(name)),
                Quoted::Value(value) => (value.as_str(), LEFT_OUT.to_owned()),
            })
            .filter(|(text, shown)| !text.is_empty() && text != shown)
            .collect();
        // One may be part of another.
        quoted.sort_by_key(|(text, _)| std::cmp::Reverse(text.len()));
        quoted.iter().fold(self.detail.clone(), |detail, (text, shown)| replace_words(&detail, text, shown))
    }
}

/// The part of a name that may be logged (R31): what a client sends as a name may hold a value, such as the key
/// `emails[value eq "b@example.com"].size` of a PATCH without path, or be one, such as `b@example.com`.
pub fn name_without_values(name: &str) -> String {
    let (attribute, filter) = name.split_at(name.find('[').unwrap_or(name.len()));
    let is_name = !attribute.is_empty() && attribute.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"$-_.:".contains(&byte));
    match (is_name, filter.is_empty()) {
        (true, true) => attribute.to_owned(),
        (true, false) => format!("{attribute}[{LEFT_OUT}]"),
        (false, _) => "(no attribute name)".to_owned(),
    }
}

/// `text` with `with` for `word`, where that is no part of a longer word.
fn replace_words(text: &str, word: &str, with: &str) -> String {
    let mut replaced = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(word) {
        let (before, found) = rest.split_at(at);
        let after = &found[word.len()..];
        replaced.push_str(before);
        let joins =
            |inner: Option<char>, outer: Option<char>| [inner, outer].iter().all(|c| c.is_some_and(char::is_alphanumeric));
        let is_part =
            joins(word.chars().next(), replaced.chars().next_back()) || joins(word.chars().next_back(), after.chars().next());
        replaced.push_str(if is_part { word } else { with });
        rest = after;
    }
    replaced.push_str(rest);
    replaced
}

/// What an operator can do about a refusal of this kind, in one sentence.
pub fn advice(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::InvalidFilter => {
            "Correct the filter in the provider's matching settings: attributes of the type, operators that fit them, text in double quotes."
        }
        ErrorKind::TooMany => "Filter by an attribute that is indexed, or have the attribute indexed for this Directory.",
        ErrorKind::Uniqueness => {
            "Find the resource that has this value already by a filter on the attribute; let the provider match that one, or change one of the two values."
        }
        ErrorKind::Mutability => "Take the attribute out of the provider's mapping: the client may not write it, or not again.",
        ErrorKind::InvalidSyntax => {
            "The request is not of the form that RFC 7644 has: check the provider's template or version, or choose the profile that knows the provider."
        }
        ErrorKind::InvalidPath => {
            "Correct the attribute in the provider's mapping, or add the schema that has it to this Directory."
        }
        ErrorKind::NoTarget => {
            "The resource has no value that the path selects, or the request names no path: let the provider name it, add a value first, or synchronise it from the beginning."
        }
        ErrorKind::InvalidValue => {
            "Correct the value in the provider, or what its mapping makes of it, for the attribute that is named."
        }
        ErrorKind::InvalidCursor | ErrorKind::ExpiredCursor | ErrorKind::InvalidCount => {
            "Let the client begin the search again from its first page, with the same parameters for each page."
        }
        ErrorKind::InvalidVers => "Use the Base URL that this server shows for the Directory.",
        ErrorKind::Sensitive => "Let the client search by POST to /.search, so that the value stands in no URL.",
        ErrorKind::Unauthorized => {
            "Give the provider a token of this Directory that is in use; create or renew one if there is none."
        }
        ErrorKind::Forbidden => {
            "Give the provider a token of the Directory that its Base URL names, with the scopes that it needs; resume the Directory if it is disabled."
        }
        ErrorKind::NotFound => {
            "The provider holds an id or a Base URL that this Directory does not have: check its Base URL, then let it match its resources anew."
        }
        ErrorKind::MethodNotAllowed => "The endpoint has no such method: check the Base URL and the provider's template.",
        ErrorKind::NotAcceptable | ErrorKind::UnsupportedMediaType => {
            "Let the client send and accept application/scim+json or application/json."
        }
        ErrorKind::Conflict => "Mend the operation that this one refers to; its own entry says why it failed.",
        ErrorKind::PreconditionFailed => "Let the client read the resource again and repeat its change on the new version.",
        ErrorKind::PayloadTooLarge => "Let the client send less at a time, or raise the limit that is named.",
        ErrorKind::TooManyRequests => "Let the client send more slowly, or raise the limit of this Directory.",
        ErrorKind::Internal => "The server's own log has the cause under the request's id.",
        ErrorKind::NotImplemented => "Switch the feature off in the provider, or on in this server's configuration.",
        ErrorKind::Unavailable => {
            "Nothing is wrong with the request: the client repeats it once the server or its database is back, or the Directory is resumed."
        }
        ErrorKind::SchemasChanged => "Nothing is wrong with the request: the client repeats it.",
        ErrorKind::InsufficientStorage => "Make room on the disk of the server's database.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_logged_without_values() {
        for (name, logged) in [
            ("shoeSize", "shoeSize"),
            ("name.nick", "name.nick"),
            ("urn:example:2.0:User:$ref_a-b", "urn:example:2.0:User:$ref_a-b"),
            ("emails[value eq \"b@example.com\"].size", "emails[…]"),
            ("b@example.com", "(no attribute name)"),
            ("Barbara Jensen", "(no attribute name)"),
            ("Jos\u{e9}", "(no attribute name)"),
            ("", "(no attribute name)"),
        ] {
            assert_eq!(name_without_values(name), logged, "{name:?}");
        }
    }

    #[track_caller]
    fn check(error: &ScimError, shown: &str) {
        assert_eq!(error.detail_without_values(), shown);
    }

    #[test]
    fn a_detail_is_logged_without_the_clients_values() {
        let error = |detail: &str| ScimError::invalid_value(detail);
        check(&error("count is an integer, not x").quoting("x"), "count is an integer, not …");
        check(&error("not in count: not").quoting("not"), "… in count: …");
        check(&error("title: a value is required"), "title: a value is required");
        check(&error("User has no attribute shoeSize").naming("shoeSize"), "User has no attribute shoeSize");
        let path = "emails[value eq \"b@example.com\"].size";
        let located = error("expected a string, found b@example.com").quoting("b@example.com");
        let detail = format!("operation 1 (path {path}): {}", located.detail);
        check(&located.with_detail(detail).naming(path), "operation 1 (path emails[…]): expected a string, found …");
    }
}
