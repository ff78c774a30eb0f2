//! The definitions of every Directory, as the files of the configuration have them.

use super::apply::{Applied, Timing, apply};
use super::plan::Wanted;
use super::{kind_of, oddities};
use crate::admin::{AdminError, Operator, directories};
use crate::directory::definitions::{self as stored, registry};
use crate::scim::schema::definition::{self, Definition, Fault, Faults};
use crate::store::{DefinitionChange, DefinitionKind, StoreError};

/// A file with a schema or a resource type.
#[derive(Debug, Clone)]
pub struct File {
    /// Its name, for messages.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// Makes the definitions of `files` those of every Directory, in the place of what they were, on record.
///
/// # Errors
/// [`AdminError::Definition`] with the faults of all files; [`AdminError::Contradicted`].
pub async fn provide(operator: &Operator<'_>, files: &[File], timing: Timing) -> Result<(Applied, Vec<Fault>), AdminError> {
    let Operator { store, clock, .. } = *operator;
    let Read { put, definitions, mut warnings } = read(files)?;
    let rows = stored::read(store, None).await?;
    let is_new = |(kind, name, text): &(DefinitionKind, String, String)| {
        !rows.iter().any(|row| row.kind == *kind && row.name == *name && row.definition == *text)
    };
    let goes = rows.iter().filter(|row| !put.iter().any(|(kind, name, _)| *kind == row.kind && *name == row.name));
    let remove: Vec<_> = goes.map(|row| (row.kind, row.name.clone())).collect();
    let wanted = Wanted { directory: None, put: put.into_iter().filter(is_new).collect(), remove };
    let result = wanted.result(&rows);
    for (file, definition) in &definitions {
        warnings.extend(oddities(&result, [definition]).into_iter().map(|fault| Fault::new(file.as_str(), fault.to_string())));
    }
    if wanted.put.is_empty() && wanted.remove.is_empty() {
        return Ok((Applied::default(), warnings));
    }
    let directories = directories::list(store).await?;
    if directories.is_empty() {
        registry(&result).map_err(AdminError::Definition)?;
        let record = wanted.record(operator, None, &rows);
        let change = DefinitionChange { put: wanted.put, remove: wanted.remove, record, ..DefinitionChange::default() };
        return match store.change_definitions(&change, clock.now()).await {
            Err(StoreError::VersionConflict) => Err(AdminError::TooBusy),
            done => Ok((done.map(|()| Applied::default())?, warnings)),
        };
    }
    let names: Vec<&str> = directories.iter().map(|directory| directory.name.as_str()).collect();
    Ok((apply(operator, &names, wanted, timing).await?, warnings))
}

/// What the files hold.
struct Read {
    /// Their definitions, as they are stored.
    put: Vec<(DefinitionKind, String, String)>,
    /// The same, each with the name of its file.
    definitions: Vec<(String, Definition)>,
    /// What is odd about them by themselves.
    warnings: Vec<Fault>,
}

fn read(files: &[File]) -> Result<Read, AdminError> {
    let mut put: Vec<(DefinitionKind, String, String)> = Vec::with_capacity(files.len());
    let mut definitions = Vec::with_capacity(files.len());
    let (mut faults, mut warnings) = (Vec::new(), Vec::new());
    for file in files {
        let here = |fault: Fault| Fault::new(file.name.as_str(), fault.to_string());
        match definition::parse(&file.text) {
            Ok(parsed) => {
                let kind = kind_of(&parsed.definition);
                let name = parsed.definition.name();
                warnings.extend(parsed.warnings.into_iter().map(here));
                if put.iter().any(|(other, known, _)| *other == kind && known.eq_ignore_ascii_case(name)) {
                    faults.push(Fault::new(file.name.as_str(), format!("{name} is in another file too")));
                } else {
                    put.push((kind, name.to_owned(), file.text.clone()));
                    definitions.push((file.name.clone(), parsed.definition));
                }
            }
            Err(Faults(more)) => faults.extend(more.into_iter().map(here)),
        }
    }
    if faults.is_empty() { Ok(Read { put, definitions, warnings }) } else { Err(AdminError::Definition(Faults(faults))) }
}
