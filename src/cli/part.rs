//! The file that an export is written to until it is whole, and the notes by which one that was interrupted goes on.
//!
//! `FILE.part` has the lines and `FILE.part.notes` the notes; both go when `FILE` is there. Whoever writes holds a lock on `FILE.part`, which
//! ends with the process whatever becomes of it.

use super::failure::Failure;
use super::output;
use crate::admin::transfer::{Anew, Export, Kept, Left, Progress, Resumed};
use std::fs::{self, File, Metadata, OpenOptions, TryLockError};
use std::io::{self, BufReader, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

/// Bytes that are read at a time.
const BUFFER_BYTES: usize = 256 * 1024;

/// A file that is being written, and that nobody else writes.
pub struct Part {
    /// The name that it gets when it is whole.
    out: PathBuf,
    path: PathBuf,
    notes_path: PathBuf,
    file: File,
    notes: Option<File>,
}

impl Part {
    /// Takes what an earlier export left, or a new file.
    ///
    /// # Errors
    /// The file is there and whole, another process writes it, or it cannot be written.
    pub fn open(out: &Path) -> Result<Self, Failure> {
        let (path, notes_path) = (with_end(out, ".part"), with_end(out, ".part.notes"));
        if out.exists() {
            return Err(is_there(out));
        }
        let file = match open_left(&path) {
            Ok(Some(file)) => file,
            Ok(None) => create(&path).map_err(|error| unwritten(out, &error))?,
            Err(error) => return Err(unwritten(out, &error)),
        };
        lock(&file, &path)?;
        // Who had the lock before may have come to the end, and have given the file its name.
        if out.exists() {
            return Err(is_there(out));
        }
        if !is_at(&file, &path) {
            return Err(is_written(&path));
        }
        Ok(Self { out: out.to_owned(), path, notes_path, file, notes: None })
    }

    /// Lets an export go on behind what is there, or clears that away and says why. Gives how far the export is.
    ///
    /// # Errors
    /// The files cannot be read or written, or the store failed.
    pub async fn begin(&mut self, export: &mut Export) -> Result<Option<Progress>, Failure> {
        let empty = self.file.metadata().map_err(|error| self.unwritten(&error))?.len() == 0;
        if !empty {
            match self.resume(export).await? {
                Resumed::On(kept) => {
                    self.keep(kept).map_err(|error| self.unwritten(&error))?;
                    return Ok(Some(export.progress()));
                }
                Resumed::Anew(why) => output::note(&format!("{} is begun anew: {why}.", self.path.display())),
            }
        }
        self.clear()?;
        self.note(&export.first_note()).map_err(|error| self.unwritten(&error))?;
        Ok(None)
    }

    /// Adds lines, and what is noted of them.
    ///
    /// # Errors
    /// They cannot be written.
    pub fn write(&mut self, lines: &str, note: Option<&str>) -> Result<(), Failure> {
        let written = self.file.write_all(lines.as_bytes()).and_then(|()| note.map_or(Ok(()), |note| self.note(note)));
        written.map_err(|error| self.unwritten(&error))
    }

    /// Gives the file, which is whole, its name. From then on it is there, so notes that stay are only spoken of.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn end(self) -> Result<(), Failure> {
        let named = self.file.sync_all().and_then(|()| fs::rename(&self.path, &self.out));
        named.map_err(|error| self.unwritten(&error))?;
        if let Err(error) = remove(&self.notes_path) {
            output::note(&format!("{} cannot be removed, and is of no use any more: {error}", self.notes_path.display()));
        }
        Ok(())
    }

    async fn resume(&mut self, export: &mut Export) -> Result<Resumed, Failure> {
        let notes = match open_left(&self.notes_path) {
            Ok(Some(notes)) => notes,
            Ok(None) => return Ok(Resumed::Anew(Anew::Unnoted)),
            Err(error) => return Ok(Resumed::Anew(error.into())),
        };
        let mut part = BufReader::with_capacity(BUFFER_BYTES, &self.file);
        let left = Left { notes: &mut BufReader::with_capacity(BUFFER_BYTES, &notes), part: &mut part };
        let resumed = export.go_on(left).await?;
        self.notes = Some(notes);
        Ok(resumed)
    }

    /// Cuts off what was not noted: half a page, or half a line.
    fn keep(&self, Kept { notes_bytes, part_bytes }: Kept) -> io::Result<()> {
        cut(&self.file, part_bytes)?;
        self.notes.as_ref().map_or(Ok(()), |notes| cut(notes, notes_bytes))
    }

    /// New files, which nobody has open or may open who could read what was there.
    fn clear(&mut self) -> Result<(), Failure> {
        let created = remove(&self.path).and_then(|()| remove(&self.notes_path)).and_then(|()| create(&self.path));
        let file = created.map_err(|error| self.unwritten(&error))?;
        lock(&file, &self.path)?;
        self.file = file;
        self.notes = Some(create(&self.notes_path).map_err(|error| self.unwritten(&error))?);
        Ok(())
    }

    fn note(&self, note: &str) -> io::Result<()> {
        // In one piece, so that what is cut is cut at its end.
        self.notes.as_ref().map_or(Ok(()), |mut notes| notes.write_all(format!("{note}\n").as_bytes()))
    }

    fn unwritten(&self, error: &io::Error) -> Failure {
        unwritten(&self.out, error)
    }
}

fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

/// A file that is there, and is a file: what an export left is no link to another place. Its owner alone may read it from here on.
fn open_left(path: &Path) -> io::Result<Option<File>> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_file() => {}
        Ok(metadata) if metadata.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
        Ok(_) => return remove(path).map(|()| None),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    }
    let file = OpenOptions::new().read(true).write(true).open(path)?;
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    Ok(Some(file))
}

/// A new file that its owner alone can read.
fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn cut(mut file: &File, bytes: u64) -> io::Result<()> {
    file.set_len(bytes)?;
    file.seek(SeekFrom::Start(bytes)).map(drop)
}

fn lock(file: &File, path: &Path) -> Result<(), Failure> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(is_written(path)),
        Err(TryLockError::Error(error)) => {
            let what = format!("{} cannot be locked: {error}", path.display());
            Err(Failure::new(what, "Name a file on a file system with locks."))
        }
    }
}

/// Whether the file of that name is this one.
fn is_at(file: &File, path: &Path) -> bool {
    let same = |one: Metadata, other: Metadata| {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt as _;
            (one.dev(), one.ino()) == (other.dev(), other.ino())
        }
        #[cfg(not(unix))]
        {
            one.len() == other.len()
        }
    };
    file.metadata().is_ok_and(|one| fs::symlink_metadata(path).is_ok_and(|other| same(one, other)))
}

fn is_there(out: &Path) -> Failure {
    Failure::new(format!("{} is there already", out.display()), "Name another file, or remove that one.")
}

fn is_written(path: &Path) -> Failure {
    let what = format!("another export is writing {}", path.display());
    Failure::new(what, "Wait until it ends, or name another file.")
}

fn unwritten(out: &Path, error: &io::Error) -> Failure {
    let what = format!("{} cannot be written: {error}", out.display());
    Failure::new(what, "Name a file in a folder that this user may write to.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_whole_is_there_whatever_becomes_of_its_notes() {
        let folder = tempfile::tempdir().expect("a folder");
        let out = folder.path().join("out");
        let mut part = Part::open(&out).unwrap_or_else(|_| unreachable!("nobody else writes in this folder"));
        assert!(part.write("all of it\n", None).is_ok());
        // What no remove_file removes.
        fs::create_dir(folder.path().join("out.part.notes")).expect("a folder");
        assert!(part.end().is_ok());
        assert_eq!(fs::read_to_string(&out).expect("is there"), "all of it\n");
    }
}
