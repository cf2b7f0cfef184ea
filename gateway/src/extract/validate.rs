//! Rules that a request's fields must keep.

use garde::Validate;

use crate::error::{ApiError, FieldProblem};

/// Checks what was read against its rules.
pub(crate) trait Checked: Validate + Sized {
    /// The value itself, when every rule is kept.
    ///
    /// # Errors
    /// `validation_failed` with every field that breaks a rule.
    fn checked(self, context: &Self::Context) -> Result<Self, ApiError> {
        match self.validate_with(context) {
            Ok(()) => Ok(self),
            Err(report) => {
                let problem = |(path, error): &(garde::Path, garde::Error)| FieldProblem {
                    field: path.to_string(),
                    problem: error.message().to_owned(),
                };
                Err(ApiError::invalid(&report.iter().map(problem).collect::<Vec<_>>()))
            }
        }
    }
}

impl<T: Validate> Checked for T {}

/// Refuses text that shows nothing.
pub(crate) fn not_blank<C>(text: &str, _context: &C) -> garde::Result {
    if text.trim().is_empty() { Err(garde::Error::new("is blank")) } else { Ok(()) }
}

/// Refuses characters that no text of a person has and that Postgres cannot store; line breaks and tabs are text.
pub(crate) fn no_control<C>(text: &str, _context: &C) -> garde::Result {
    let control = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    match text.chars().find(|&c| control(c)) {
        None => Ok(()),
        Some(found) => Err(garde::Error::new(format!("has the control character U+{:04X}", found as u32))),
    }
}
