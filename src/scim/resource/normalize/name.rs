//! What an error calls an attribute, put together only when there is an error.

use std::fmt;

/// An attribute's name as the client reads it: `emails`, `emails.type`, `urn:…:User:manager.value`.
#[derive(Debug, Clone, Copy)]
pub struct Name<'a> {
    /// The URN of the extension that it lies in.
    urn: Option<&'a str>,
    attribute: &'a str,
    sub: Option<&'a str>,
}

impl<'a> Name<'a> {
    /// An attribute by its whole name.
    pub fn top(attribute: &'a str) -> Self {
        Self { urn: None, attribute, sub: None }
    }

    /// An attribute of an extension.
    pub fn in_extension(urn: &'a str, attribute: &'a str) -> Self {
        Self { urn: Some(urn), attribute, sub: None }
    }

    /// One of its sub-attributes.
    pub fn sub(self, sub: &'a str) -> Self {
        Self { sub: Some(sub), ..self }
    }

    /// Whether it is the top-level attribute called `name`.
    pub fn is(&self, name: &str) -> bool {
        self.urn.is_none() && self.sub.is_none() && self.attribute.eq_ignore_ascii_case(name)
    }
}

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(urn) = self.urn {
            write!(f, "{urn}:")?;
        }
        f.write_str(self.attribute)?;
        match self.sub {
            Some(sub) => write!(f, ".{sub}"),
            None => Ok(()),
        }
    }
}
