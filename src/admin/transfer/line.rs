//! The lines of an export, to text and back.

use super::Counts;
use crate::clock::Timestamp;
use crate::id::ResourceId;
use crate::scim::json::{self, JsonLimits};
use crate::store::transfer::Exported;
use crate::store::{DefinitionKind, DirectoryRow, DirectoryStatus, Source};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The version of the format.
pub const FORMAT: u64 = 1;

/// The highest version that a resource may come with: more than it can get by changes, and far from the end of numbers.
pub const VERSION_MAX: i64 = 1_000_000_000_000_000;

/// A line.
#[derive(Debug, Clone, PartialEq)]
pub enum Line {
    /// The first.
    Begin(Box<Begin>),
    /// A schema or a resource type of the Directory.
    Definition(DefinitionKind, Value),
    /// A resource.
    Resource(Box<ResourceLine>),
    /// Some members of a group.
    Members {
        /// The group.
        group: ResourceId,
        /// They.
        members: Vec<ResourceId>,
    },
    /// The last.
    End(End),
}

/// What the first line says.
#[derive(Debug, Clone, PartialEq)]
pub struct Begin {
    /// When the export began.
    pub exported: Timestamp,
    /// The name of the Directory.
    pub name: String,
    /// Its name for people.
    pub display_name: String,
    /// Its provider.
    pub provider: String,
    /// Its settings that differ from the profile's: an object.
    pub settings: Value,
    /// Its status.
    pub status: DirectoryStatus,
    /// Whether it refuses to be deleted.
    pub protected: bool,
    /// The names of the schemas and resource types that it has because every Directory of its server has them.
    pub everyones: Vec<String>,
    /// Whether there are password hashes, and values that are never returned.
    pub secrets: bool,
    /// The attributes whose values were left out because they are never returned.
    pub left_out: Vec<String>,
}

/// A resource.
#[derive(Debug, Clone, PartialEq)]
pub struct ResourceLine {
    /// The name of its type.
    pub resource_type: String,
    /// Its id.
    pub id: ResourceId,
    /// `meta.created`.
    pub created: Timestamp,
    /// `meta.lastModified`.
    pub last_modified: Timestamp,
    /// The revision behind `meta.version`.
    pub version: i64,
    /// The hash of its password, in PHC form.
    pub password_hash: Option<String>,
    /// Who made it.
    pub source: Source,
    /// Whether an operator holds it disabled.
    pub held: bool,
    /// Its document.
    pub document: Value,
}

/// What the last line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    /// What stands before it.
    pub counts: Counts,
    /// The SHA-256 of all lines before it with their ends, in hexadecimal digits.
    pub sha256: String,
}

impl Begin {
    /// Of a Directory.
    pub fn of(row: &DirectoryRow, exported: Timestamp, everyones: Vec<String>, secrets: bool, left_out: Vec<String>) -> Self {
        Self {
            exported,
            name: row.name.clone(),
            display_name: row.display_name.clone(),
            provider: row.provider.clone(),
            settings: serde_json::from_str(&row.settings).unwrap_or_else(|_| json!({})),
            status: row.status,
            protected: row.protected,
            everyones,
            secrets,
            left_out,
        }
    }

    /// The text.
    pub fn to_text(&self) -> String {
        json!({
            "scimdExport": FORMAT,
            "exported": self.exported.to_rfc3339(),
            "directory": {
                "name": self.name,
                "displayName": self.display_name,
                "provider": self.provider,
                "settings": self.settings,
                "status": self.status.word(),
                "protected": self.protected,
            },
            "everyDirectoryHas": self.everyones,
            "passwordHashes": self.secrets,
            "leftOut": self.left_out,
        })
        .to_string()
    }
}

/// The text of a line with a definition.
pub fn definition(kind: DefinitionKind, definition: &Value) -> String {
    json!({ kind.word(): definition }).to_string()
}

/// The text of a line with a resource. The document goes in as it is stored.
pub fn resource(resource: &Exported, document: &str) -> String {
    let mut head = json!({
        "resource": resource.resource_type,
        "id": resource.id.to_string(),
        "created": resource.created.to_rfc3339(),
        "lastModified": resource.last_modified.to_rfc3339(),
        "version": resource.version,
    });
    if let Some(hash) = &resource.password_hash {
        head["passwordHash"] = hash.as_str().into();
    }
    // Said only of those of which it is not the usual.
    if resource.source == Source::Manual {
        head["source"] = resource.source.word().into();
    }
    if resource.held {
        head["held"] = true.into();
    }
    let mut text = head.to_string();
    text.pop();
    text.push_str(",\"document\":");
    text.push_str(document);
    text.push('}');
    text
}

/// The text of a line with members.
pub fn members(group: ResourceId, members: &[ResourceId]) -> String {
    let members: Vec<String> = members.iter().map(ToString::to_string).collect();
    json!({ "group": group.to_string(), "members": members }).to_string()
}

impl End {
    /// The text.
    pub fn to_text(&self) -> String {
        json!({ "end": { "resources": self.counts.resources, "members": self.counts.members, "sha256": self.sha256 } })
            .to_string()
    }
}

/// Adds a line to a text, its control characters and line separators as JSON escapes them: whatever it holds it is one line, and
/// no terminal obeys it.
pub fn push(text: &mut String, line: &str) {
    for character in line.chars() {
        if character.is_control() || matches!(character, '\u{2028}' | '\u{2029}') {
            text.push_str(&format!("\\u{:04x}", u32::from(character)));
        } else {
            text.push(character);
        }
    }
    text.push('\n');
}

/// Reads a line.
///
/// # Errors
/// What is wrong with it, by the names of its members; no value.
pub fn parse(bytes: &[u8], limits: &JsonLimits) -> Result<Line, String> {
    let value = json::parse(bytes, limits).map_err(|error| {
        // The reader counts lines too, and sees one.
        format!("it does not read: {}", error.detail.strip_prefix("line 1, ").unwrap_or(&error.detail))
    })?;
    let Value::Object(object) = value else { return Err("it is no JSON object".to_owned()) };
    let mut fields = Fields { object };
    let has = |name: &str| fields.object.contains_key(name);
    let line = if has("scimdExport") {
        begin(&mut fields)?
    } else if has("schema") {
        Line::Definition(DefinitionKind::Schema, Value::Object(fields.object("schema")?))
    } else if has("resourceType") {
        Line::Definition(DefinitionKind::ResourceType, Value::Object(fields.object("resourceType")?))
    } else if has("resource") {
        resource_line(&mut fields)?
    } else if has("group") {
        Line::Members { group: fields.id("group")?, members: member_ids(&mut fields)? }
    } else if has("end") {
        end(&mut fields)?
    } else {
        return Err("it is no line of an export".to_owned());
    };
    fields.nothing_else()?;
    Ok(line)
}

fn begin(fields: &mut Fields) -> Result<Line, String> {
    if fields.number("scimdExport")? != FORMAT.cast_signed() {
        return Err(format!("scimdExport: this server knows format {FORMAT} alone"));
    }
    let exported = fields.time("exported")?;
    let mut directory = Fields { object: fields.object("directory")? };
    let status = directory.text("status")?;
    let begin = Begin {
        exported,
        name: directory.text("name")?,
        display_name: directory.text("displayName")?,
        provider: directory.text("provider")?,
        settings: Value::Object(directory.object("settings")?),
        // Who is being deleted is in no export: what came of it would be deleted too.
        status: DirectoryStatus::of(&status)
            .filter(|status| *status != DirectoryStatus::Deleting)
            .ok_or("status: it is active, paused or disabled")?,
        protected: directory.boolean("protected")?,
        everyones: fields.texts("everyDirectoryHas")?,
        secrets: fields.boolean("passwordHashes")?,
        left_out: fields.texts("leftOut")?,
    };
    directory.nothing_else()?;
    Ok(Line::Begin(Box::new(begin)))
}

fn resource_line(fields: &mut Fields) -> Result<Line, String> {
    let version = fields.number("version")?;
    if !(1..=VERSION_MAX).contains(&version) {
        return Err(format!("version: it is a number from 1 to {VERSION_MAX}"));
    }
    let hash = if fields.object.contains_key("passwordHash") { Some(fields.text("passwordHash")?) } else { None };
    let source = match fields.object.contains_key("source").then(|| fields.text("source")).transpose()?.as_deref() {
        None | Some("provisioned") => Source::Provisioned,
        Some("manual") => Source::Manual,
        Some(_) => return Err("source: expected manual or provisioned".to_owned()),
    };
    let held = if fields.object.contains_key("held") { fields.boolean("held")? } else { false };
    Ok(Line::Resource(Box::new(ResourceLine {
        resource_type: fields.text("resource")?,
        id: fields.id("id")?,
        created: fields.time("created")?,
        last_modified: fields.time("lastModified")?,
        version,
        password_hash: hash,
        source,
        held,
        document: Value::Object(fields.object("document")?),
    })))
}

fn member_ids(fields: &mut Fields) -> Result<Vec<ResourceId>, String> {
    let texts = fields.texts("members")?;
    if texts.is_empty() || texts.len() > super::LINE_MEMBERS_MAX {
        return Err(format!("members: a line has 1 to {} of them", super::LINE_MEMBERS_MAX));
    }
    texts.iter().map(|text| id("members", text)).collect()
}

fn end(fields: &mut Fields) -> Result<Line, String> {
    let mut end = Fields { object: fields.object("end")? };
    let resources = end.object("resources")?;
    let count = |(name, value): (String, Value)| {
        value.as_u64().map(|count| (name, count)).ok_or_else(|| "resources: expected numbers".to_owned())
    };
    let resources = resources.into_iter().map(count).collect::<Result<BTreeMap<_, _>, _>>()?;
    let members = end.number("members")?;
    let members = u64::try_from(members).map_err(|_| "members: expected a number".to_owned())?;
    let line = End { counts: Counts { resources, members }, sha256: end.text("sha256")? };
    end.nothing_else()?;
    Ok(Line::End(line))
}

fn id(name: &str, text: &str) -> Result<ResourceId, String> {
    // Nil stands for the place before the first id.
    let id = ResourceId::parse(text).filter(|id| !id.0.is_nil());
    id.ok_or_else(|| format!("{name}: expected ids as the server spells them: 36 characters, lower case, with hyphens"))
}

/// The members of an object, each taken once.
struct Fields {
    object: Map<String, Value>,
}

impl Fields {
    fn take(&mut self, name: &str) -> Result<Value, String> {
        self.object.swap_remove(name).ok_or_else(|| format!("{name} is missing"))
    }

    fn text(&mut self, name: &str) -> Result<String, String> {
        match self.take(name)? {
            Value::String(text) => Ok(text),
            _ => Err(format!("{name}: expected a string")),
        }
    }

    fn texts(&mut self, name: &str) -> Result<Vec<String>, String> {
        let wrong = || format!("{name}: expected a list of strings");
        let Value::Array(elements) = self.take(name)? else { return Err(wrong()) };
        let text = |value| if let Value::String(text) = value { Ok(text) } else { Err(wrong()) };
        elements.into_iter().map(text).collect()
    }

    fn boolean(&mut self, name: &str) -> Result<bool, String> {
        self.take(name)?.as_bool().ok_or_else(|| format!("{name}: expected true or false"))
    }

    fn number(&mut self, name: &str) -> Result<i64, String> {
        self.take(name)?.as_i64().ok_or_else(|| format!("{name}: expected a whole number"))
    }

    fn object(&mut self, name: &str) -> Result<Map<String, Value>, String> {
        match self.take(name)? {
            Value::Object(object) => Ok(object),
            _ => Err(format!("{name}: expected an object")),
        }
    }

    fn id(&mut self, name: &str) -> Result<ResourceId, String> {
        id(name, &self.text(name)?)
    }

    fn time(&mut self, name: &str) -> Result<Timestamp, String> {
        Timestamp::parse(&self.text(name)?).ok_or_else(|| format!("{name}: expected a time such as 2026-11-25T03:05:38.000Z"))
    }

    fn nothing_else(&self) -> Result<(), String> {
        match self.object.keys().next() {
            Some(name) => Err(format!("{name:.100} is not known at this place")),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USER: &str = "0198c0de-0000-7000-8000-000000000001";

    fn read(text: &str) -> Result<Line, String> {
        parse(text.as_bytes(), &JsonLimits::default())
    }

    #[test]
    fn each_line_reads_as_what_was_written() {
        let begin = Begin {
            exported: Timestamp(1_764_000_000_000),
            name: "acme".into(),
            display_name: "Acme \u{2028}".into(),
            provider: "okta".into(),
            settings: json!({ "uniqueExternalId": true }),
            status: DirectoryStatus::Paused,
            protected: true,
            everyones: vec!["urn:example:everyone".into()],
            secrets: false,
            left_out: vec!["User pin".into()],
        };
        let mut text = String::new();
        push(&mut text, &begin.to_text());
        assert!(text.ends_with('\n') && !text.contains('\u{2028}'), "{text}");
        assert_eq!(read(&text), Ok(Line::Begin(Box::new(begin))));
        let id = ResourceId::parse(USER).expect("an id");
        let stored = Exported {
            id,
            resource_type: "User".into(),
            document: r#"{"schemas":["urn:x"],"userName":"a\nb"}"#.into(),
            version: 7,
            created: Timestamp(1),
            last_modified: Timestamp(2),
            password_hash: Some("$argon2id$x".into()),
            source: Source::Manual,
            held: true,
        };
        let expected = ResourceLine {
            resource_type: "User".into(),
            id,
            created: Timestamp(1),
            last_modified: Timestamp(2),
            version: 7,
            password_hash: Some("$argon2id$x".into()),
            source: Source::Manual,
            held: true,
            document: json!({ "schemas": ["urn:x"], "userName": "a\nb" }),
        };
        assert_eq!(read(&resource(&stored, &stored.document)), Ok(Line::Resource(Box::new(expected))));
        assert_eq!(read(&members(id, &[id])), Ok(Line::Members { group: id, members: vec![id] }));
        let end = End { counts: Counts { resources: BTreeMap::from([("User".into(), 3)]), members: 2 }, sha256: "00".into() };
        assert_eq!(read(&end.to_text()), Ok(Line::End(end)));
        let schema = json!({ "id": "urn:x" });
        assert_eq!(read(&definition(DefinitionKind::Schema, &schema)), Ok(Line::Definition(DefinitionKind::Schema, schema)));
    }

    #[test]
    fn what_is_no_line_is_refused_without_its_values() {
        let good = r#"{"resource":"User","id":"0198c0de-0000-7000-8000-000000000001","created":"2026-11-25T03:05:38.000Z","lastModified":"2026-11-25T03:05:38.000Z","version":1,"document":{}}"#;
        read(good).expect("a line");
        read(&good.replace("\"version\":1", "\"version\":1000000000000000")).expect("the highest version");
        for (from, to, says) in [
            ("\"version\":1", "\"version\":0", "version"),
            ("\"version\":1", "\"version\":1000000000000001", "version"),
            ("\"version\":1", "\"version\":9223372036854775807", "version"),
            ("\"version\":1", "\"version\":\"secret\"", "version"),
            ("38.000Z", "38Z", "created"),
            ("0198c0de", "0198C0DE", "id"),
            ("\"document\":{}", "\"document\":\"secret\"", "document"),
            ("\"document\":{}", "\"document\":{},\"more\":\"secret\"", "more"),
            ("\"version\":1,", "", "version"),
            ("\"resource\":\"User\"", "\"secret\":\"secret\"", "no line"),
        ] {
            let problem = read(&good.replace(from, to)).expect_err(to);
            assert!(problem.contains(says) && !problem.contains("secret"), "{to}: {problem}");
        }
        for text in ["", "[]", "7", "{", "{\"group\":\"0198c0de-0000-7000-8000-000000000001\",\"members\":[]}"] {
            read(text).expect_err(text);
        }
        let nil = r#"{"group":"00000000-0000-0000-0000-000000000000","members":["0198c0de-0000-7000-8000-000000000001"]}"#;
        read(nil).expect_err("nil is nobody's id");
        read(r#"{"scimdExport":2}"#).expect_err("a format of later");
    }
}
