//! What an export notes beside its file, so that one that was interrupted goes on.
//!
//! Notes are JSON Lines. The first says what the Directory was when the export began ([`Began`]). Each other one says how far the
//! file was once ([`Note`]), after each page, and has a seal: a digest of the file up to there, of the first line, of the note
//! itself and of a secret of the Directory. So what the notes bear out is what was written, and nobody else makes notes that are taken for
//! an export's.

use super::Counts;
use super::reader::Source;
use crate::admin::audit::hex;
use crate::admin::{AdminError, directories};
use crate::id::ResourceId;
use crate::store::transfer::{Edge, Mark};
use crate::store::{DirectoryRow, OperatorStore};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::io::{self, BufRead as _, Read as _};
use uuid::Uuid;

/// What the secret is for, in the store.
const PURPOSE: &str = "export";

/// Bytes of a note at most.
const NOTE_BYTES_MAX: usize = 1024 * 1024;

/// Why an export that was interrupted does not go on, but begins anew.
#[derive(Debug, thiserror::Error)]
pub enum Anew {
    /// There are no notes, or not even their first line is whole.
    #[error("nothing is noted of how far it is")]
    Unnoted,
    /// What the lines are made by may have changed.
    #[error("another version of scimd wrote it")]
    Version,
    /// It is of another one, or of one that had this name before.
    #[error("it is of another Directory")]
    Directory,
    /// One with password hashes, and one without.
    #[error("it was begun {} password hashes", if *.had { "with" } else { "without" })]
    Options {
        /// Whether it has them.
        had: bool,
    },
    /// The first lines would be others.
    #[error("settings, status or schemas of the Directory have changed since it was begun")]
    Rules,
    /// The lines that follow would be others.
    #[error("resources or memberships of the Directory have changed since it was begun")]
    Content,
    /// Not even the first lines are there.
    #[error("it ends within its first lines")]
    Short,
    /// It is not what was written, or its notes are not.
    #[error("it or what is noted of it is damaged")]
    Damaged,
    /// Nothing can be said of it.
    #[error("it cannot be read: {0}")]
    Unread(#[from] io::Error),
}

/// What the first line of the notes says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Began {
    scimd: String,
    /// When, in milliseconds since 1970; the first line of the file says it too.
    pub exported: i64,
    directory: i64,
    /// A database that was put back from a backup gives a number again that it had given since.
    created: i64,
    password_hashes: bool,
    revision: i64,
    schema_revision: i64,
    silent_changes: i64,
    /// From which event on the next two were asked.
    pub settled: i64,
    /// How many events there were behind it.
    pub events: u64,
    last_event: Option<(i64, i64)>,
}

impl Began {
    /// Of a Directory as `mark` says that it is.
    pub fn of(directory: &DirectoryRow, exported: i64, password_hashes: bool, settled: i64, mark: &Mark) -> Self {
        Self {
            scimd: env!("CARGO_PKG_VERSION").to_owned(),
            exported,
            directory: directory.id.0,
            created: directory.created.0,
            password_hashes,
            revision: mark.revision,
            schema_revision: mark.schema_revision,
            silent_changes: mark.silent_changes,
            settled,
            events: mark.events,
            last_event: mark.last_event.map(|(seq, at)| (seq, at.0)),
        }
    }

    /// The first line of notes, and its length.
    ///
    /// # Errors
    /// [`Anew::Unnoted`], [`Anew::Damaged`], [`Anew::Unread`].
    pub fn read(notes: Source<'_>) -> Result<(Self, u64), Anew> {
        let line = next_line(notes)?.ok_or(Anew::Unnoted)?;
        let began = serde_json::from_slice(&line).map_err(|_| Anew::Damaged)?;
        Ok((began, line.len() as u64))
    }

    /// The text, without the end of the line.
    pub fn to_text(&self) -> String {
        // Of numbers and texts, which always serialise.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Whether an export that begins now would be the same as the one that began with this.
    ///
    /// # Errors
    /// What is otherwise by now.
    pub fn is_still(&self, now: &Self) -> Result<(), Anew> {
        if self.scimd != now.scimd {
            return Err(Anew::Version);
        }
        if (self.directory, self.created) != (now.directory, now.created) {
            return Err(Anew::Directory);
        }
        if self.password_hashes != now.password_hashes {
            return Err(Anew::Options { had: self.password_hashes });
        }
        if (self.revision, self.schema_revision) != (now.revision, now.schema_revision) {
            return Err(Anew::Rules);
        }
        // But for the time of the export, which is that of the first.
        if *self != (Self { exported: self.exported, ..now.clone() }) {
            return Err(Anew::Content);
        }
        Ok(())
    }
}

/// How far a file is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Note {
    /// So many bytes were written.
    pub bytes: u64,
    /// What was the last in them.
    pub last: Last,
    resources: BTreeMap<String, u64>,
    members: u64,
}

/// What was the last in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Last {
    /// The first line, or a definition.
    Head,
    /// A resource.
    Resource(Uuid),
    /// A member of a group.
    Member(Uuid, Uuid),
}

impl Last {
    /// A resource, or the lines before all resources.
    pub fn resource(id: Option<ResourceId>) -> Self {
        id.map_or(Self::Head, |id| Self::Resource(id.0))
    }

    /// A membership.
    pub fn member(edge: Edge) -> Self {
        Self::Member(edge.group.0, edge.member.0)
    }
}

impl Note {
    /// Of a file with so much in it.
    pub fn of(bytes: u64, last: Last, counts: &Counts) -> Self {
        Self { bytes, last, resources: counts.resources.clone(), members: counts.members }
    }

    /// What is in the file.
    pub fn counts(&self) -> Counts {
        Counts { resources: self.resources.clone(), members: self.members }
    }
}

/// A note as it stands in its line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sealed {
    note: Note,
    seal: String,
}

/// What makes seals that others cannot make.
#[derive(Clone)]
pub struct Secret([u8; 32]);

impl Secret {
    /// That of a Directory.
    ///
    /// # Errors
    /// Those of the store; the operating system has no randomness.
    pub async fn of(store: &dyn OperatorStore, directory: &DirectoryRow) -> Result<Self, AdminError> {
        Ok(Self(directories::secret(store, directory.id, PURPOSE).await?))
    }

    /// The line of a note, without its end. `digest`: of the file up to there.
    pub fn seal(&self, began: &Began, digest: &Sha256, note: &Note) -> String {
        let sealed = Sealed { note: note.clone(), seal: self.seal_of(began, digest, note) };
        // Of numbers and texts, which always serialise.
        serde_json::to_string(&sealed).unwrap_or_default()
    }

    fn seal_of(&self, began: &Began, digest: &Sha256, note: &Note) -> String {
        let note = serde_json::to_string(note).unwrap_or_default();
        let seal = Sha256::new()
            .chain_update(self.0)
            .chain_update(digest.clone().finalize())
            .chain_update(began.to_text())
            .chain_update("\n")
            .chain_update(note)
            // At the end too, so that no seal can be made of another one by adding to it.
            .chain_update(self.0);
        hex(&seal.finalize())
    }
}

/// How far the file of an interrupted export is good.
pub struct Place {
    /// What was noted there.
    pub note: Note,
    /// The digest up to there.
    pub digest: Sha256,
    /// The length of the notes up to there.
    pub notes_bytes: u64,
}

/// Reads a file along its notes, up to the last one that the file has not been cut before, or the last before a damage: when the power
/// goes, zeros may stand where the last bytes of either file should. `notes` stands behind its first line, of `notes_bytes` bytes;
/// `head`: the lines that the file must begin with.
///
/// # Errors
/// [`Anew::Short`], [`Anew::Rules`], [`Anew::Unread`]; [`Anew::Damaged`]: not even the first note is good.
pub fn follow(
    (notes, mut notes_bytes): (Source<'_>, u64),
    part: Source<'_>,
    began: &Began,
    secret: &Secret,
    head: &str,
) -> Result<Place, Anew> {
    let mut place: Option<Place> = None;
    loop {
        match follow_one(notes, part, began, secret, place.as_ref()) {
            Ok(Some((note, digest, line_bytes))) => {
                if place.is_none() && digest.clone().finalize() != Sha256::digest(head) {
                    return Err(Anew::Rules);
                }
                notes_bytes += line_bytes;
                place = Some(Place { note, digest, notes_bytes });
            }
            Ok(None) => return place.ok_or(Anew::Short),
            // What is behind the place is written anew.
            Err(Anew::Damaged) => return place.ok_or(Anew::Damaged),
            Err(anew) => return Err(anew),
        }
    }
}

/// Reads the next note, and the file up to there: what is noted, the digest up to there, and the length of the note. `None`: that was all.
fn follow_one(
    notes: Source<'_>,
    part: Source<'_>,
    began: &Began,
    secret: &Secret,
    before: Option<&Place>,
) -> Result<Option<(Note, Sha256, u64)>, Anew> {
    let Some(line) = next_line(notes)? else { return Ok(None) };
    let Sealed { note, seal } = serde_json::from_slice(&line).map_err(|_| Anew::Damaged)?;
    let (bytes, mut digest) = before.map_or_else(|| (0, Sha256::new()), |place| (place.note.bytes, place.digest.clone()));
    let more = note.bytes.checked_sub(bytes).filter(|more| *more > 0).ok_or(Anew::Damaged)?;
    if !hash(part, more, &mut digest)? {
        return Ok(None);
    }
    if secret.seal_of(began, &digest, &note) != seal {
        return Err(Anew::Damaged);
    }
    Ok(Some((note, digest, line.len() as u64)))
}

/// The next line with its end; `None`: there is none, or it was cut.
fn next_line(notes: Source<'_>) -> Result<Option<Vec<u8>>, Anew> {
    let mut line = Vec::new();
    notes.take(NOTE_BYTES_MAX as u64).read_until(b'\n', &mut line)?;
    if line.len() == NOTE_BYTES_MAX {
        return Err(Anew::Damaged);
    }
    Ok((line.last() == Some(&b'\n')).then_some(line))
}

/// Adds the next bytes of a file to a digest; `false`: it has not so many.
fn hash(part: Source<'_>, bytes: u64, digest: &mut Sha256) -> io::Result<bool> {
    let mut left = bytes;
    while left > 0 {
        let buffer = part.fill_buf()?;
        if buffer.is_empty() {
            return Ok(false);
        }
        let taken = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        digest.update(&buffer[..taken]);
        part.consume(taken);
        left -= taken as u64;
    }
    Ok(true)
}
