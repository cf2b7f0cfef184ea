//! Which scopes roles allow.

use sba_subjects::boundary::Scope;

use crate::{
    auth::{Operation, Principal},
    error::ApiError,
};

/// What must be allowed to whoever is given this scope.
const fn needed(scope: Scope) -> &'static [Operation] {
    match scope {
        Scope::Watch => &[Operation::StreamRun],
        Scope::Command => &[
            Operation::StartRun,
            Operation::ContinueRun,
            Operation::CancelRun,
            Operation::PauseRun,
            Operation::ResumeRun,
        ],
        Scope::Feed => &[Operation::ReadFeed],
        Scope::Serve => &[Operation::ServeTool],
    }
}

fn may(principal: &Principal, scope: Scope) -> Result<(), ApiError> {
    needed(scope).iter().try_for_each(|operation| principal.may(*operation))
}

/// The scopes that are asked for, each once; all that the roles allow where none are named.
///
/// # Errors
/// `forbidden` where the roles do not allow one of them, or none at all.
pub(super) fn granted(principal: &Principal, asked: Option<Vec<Scope>>) -> Result<Vec<Scope>, ApiError> {
    let Some(mut asked) = asked else {
        let all: Vec<_> = Scope::ALL.iter().copied().filter(|scope| may(principal, *scope).is_ok()).collect();
        return if all.is_empty() { may(principal, Scope::Watch).map(|()| all) } else { Ok(all) };
    };
    asked.sort_unstable();
    asked.dedup();
    asked.iter().try_for_each(|scope| may(principal, *scope))?;
    Ok(asked)
}
