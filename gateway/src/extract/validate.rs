//! Rules that a request's fields must keep.

use garde::Validate;
use sba_subjects::{
    tool::{is_served, spec},
    visible::visible,
};

use crate::error::{ApiError, FieldProblem};

/// Most problems that are told of one request: an answer is no larger than what it answers.
const MAX_PROBLEMS: usize = 20;

/// Checks what was read against its rules.
pub(crate) trait Checked: Validate + Sized {
    /// The value itself, when every rule is kept.
    ///
    /// # Errors
    /// `validation_failed` with the fields that break a rule.
    fn checked(self, context: &Self::Context) -> Result<Self, ApiError> {
        match self.validate_with(context) {
            Ok(()) => Ok(self),
            Err(report) => {
                let problem = |(path, error): &(garde::Path, garde::Error)| FieldProblem {
                    field: path.to_string(),
                    problem: error.message().to_owned(),
                };
                Err(ApiError::invalid(&report.iter().take(MAX_PROBLEMS).map(problem).collect::<Vec<_>>()))
            }
        }
    }
}

impl<T: Validate> Checked for T {}

/// Refuses text that shows nothing.
pub(crate) fn not_blank<C>(text: &str, _context: &C) -> garde::Result {
    if visible(text).trim().is_empty() { Err(garde::Error::new("is blank")) } else { Ok(()) }
}

/// Refuses characters that no text of a person has and that Postgres cannot store; line breaks and tabs are text.
pub(crate) fn no_control<C>(text: &str, _context: &C) -> garde::Result {
    let control = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    match text.chars().find(|&c| control(c)) {
        None => Ok(()),
        Some(found) => Err(garde::Error::new(format!("has the control character U+{:04X}", found as u32))),
    }
}

/// Refuses the name of a tool that there is not. Tools that tenants serve come and go: each of their names may be meant.
pub(crate) fn known_tool<C>(name: &str, _context: &C) -> garde::Result {
    let served = name.parse().is_ok_and(|name| is_served(&name));
    served
        .then_some(())
        .or_else(|| spec(name).map(drop))
        .ok_or_else(|| garde::Error::new("there is no tool of this name"))
}

/// Letters, digits and hyphens, as in `id` or `zh-Hant-TW`.
pub(crate) fn language_tag<C>(tag: &str, _context: &C) -> garde::Result {
    let subtag = |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if tag.split('-').all(subtag) { Ok(()) } else { Err(garde::Error::new("is no language tag such as en or id")) }
}
