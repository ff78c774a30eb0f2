//! Lines from bytes, each with its number, and the digest of those before it.

use super::LINE_BYTES_MAX;
use super::line::{self, Line};
use crate::admin::AdminError;
use crate::admin::audit::hex;
use crate::scim::json::JsonLimits;
use sha2::{Digest as _, Sha256};
use std::io::{BufRead, Read as _};

/// Where the bytes come from.
pub type Source<'s> = &'s mut (dyn BufRead + Send);

/// The lines of a source.
pub struct Reader<'s> {
    source: Source<'s>,
    limits: JsonLimits,
    buffer: Vec<u8>,
    /// The number of the line that was read last; counts from 1.
    pub number: u64,
    /// Of all lines.
    digest: Sha256,
    /// Of all lines but the last one.
    before: Sha256,
}

impl<'s> Reader<'s> {
    /// At the beginning of `source`. `limits`: those of request bodies; a document in a line is one level deeper.
    pub fn new(source: Source<'s>, limits: &JsonLimits) -> Self {
        let limits = JsonLimits { depth_max: limits.depth_max + 1, ..limits.clone() };
        Self { source, limits, buffer: Vec::new(), number: 0, digest: Sha256::new(), before: Sha256::new() }
    }

    /// The next line, which must be there.
    ///
    /// # Errors
    /// [`AdminError::Line`], [`AdminError::File`].
    pub fn next(&mut self) -> Result<Line, AdminError> {
        self.number += 1;
        self.buffer.clear();
        let unread = |error: std::io::Error| AdminError::File(format!("it cannot be read: {error}"));
        let source = &mut *self.source;
        source.take(LINE_BYTES_MAX as u64 + 1).read_until(b'\n', &mut self.buffer).map_err(unread)?;
        if self.buffer.len() > LINE_BYTES_MAX {
            return Err(self.fault(format!("it is longer than {LINE_BYTES_MAX} bytes")));
        }
        if self.buffer.last() != Some(&b'\n') {
            return Err(AdminError::File(format!("it ends before its last line, at line {}: it was cut", self.number)));
        }
        self.before = self.digest.clone();
        self.digest.update(&self.buffer);
        line::parse(&self.buffer, &self.limits).map_err(|problem| self.fault(problem))
    }

    /// Whether there is nothing behind the last line that was read.
    ///
    /// # Errors
    /// [`AdminError::File`].
    pub fn is_at_end(&mut self) -> Result<bool, AdminError> {
        let rest = self.source.fill_buf().map_err(|error| AdminError::File(format!("it cannot be read: {error}")))?;
        Ok(rest.is_empty())
    }

    /// The SHA-256 of all lines before the last one that was read, in hexadecimal digits.
    pub fn digest_before(&self) -> String {
        hex(&self.before.clone().finalize())
    }

    /// A fault of the last line that was read.
    pub fn fault(&self, problem: impl Into<String>) -> AdminError {
        AdminError::Line { line: self.number, problem: problem.into() }
    }
}
