//! How much work one request may ask for.
//!
//! Each operation may go over all values of an attribute, with each comparison of its filter, and may write one value to each of
//! them. So a short request could keep a core busy for minutes, or make a document of gigabytes, if only its own size were limited.

use crate::scim::ScimError;
use serde_json::Value;
use std::cell::Cell;

/// How many bytes the operations of one request may write by writing a value to several elements, all together.
const COPIED_BYTES_MAX: usize = 16 * 1_048_576;

/// What the operations of one request have done so far.
#[derive(Debug)]
pub(super) struct Work {
    elements: Cell<usize>,
    elements_max: usize,
    copied_bytes: Cell<usize>,
}

impl Work {
    /// Nothing so far. `elements_max` is [`patch_elements_max`](crate::scim::resource::ValueLimits::patch_elements_max).
    pub fn new(elements_max: usize) -> Self {
        Self { elements: Cell::new(0), elements_max, copied_bytes: Cell::new(0) }
    }

    /// Counts going over so many elements.
    ///
    /// # Errors
    /// `invalidValue`: there are more in all than the limit
    pub fn go_over(&self, elements: usize) -> Result<(), ScimError> {
        self.elements.set(self.elements.get().saturating_add(elements));
        let max = self.elements_max;
        if self.elements.get() > max {
            return Err(ScimError::invalid_value(format!("the operations go over more than {max} values; send fewer at a time")));
        }
        Ok(())
    }

    /// Counts writing `value` to so many elements; writing it to one is what the request itself pays for.
    ///
    /// # Errors
    /// `invalidValue`: the copies are longer in all than [`COPIED_BYTES_MAX`]
    pub fn copy(&self, value: &Value, elements: usize) -> Result<(), ScimError> {
        if elements < 2 {
            return Ok(());
        }
        let bytes = value.to_string().len().saturating_mul(elements);
        self.copied_bytes.set(self.copied_bytes.get().saturating_add(bytes));
        if self.copied_bytes.get() > COPIED_BYTES_MAX {
            return Err(ScimError::invalid_value("the value is too long to be written to that many values of the attribute"));
        }
        Ok(())
    }
}
