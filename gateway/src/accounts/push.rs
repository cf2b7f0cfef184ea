//! Handing an account's token to the running servers.

use std::time::Duration;

use serde::Deserialize;

use super::error::AccountsError;

/// Where servers with a full resolver take account tokens; only the system account reaches it.
const CLAIMS_UPDATE: &str = "$SYS.REQ.CLAIMS.UPDATE";

#[derive(Deserialize)]
struct Answer {
    error: Option<Refusal>,
}

#[derive(Deserialize)]
struct Refusal {
    code: u16,
    description: String,
}

/// Gives the servers a new account, or a new version of one, and returns when the first of them has stored it.
///
/// `system` is a client of the system account and `token` comes from [`super::Operator::sign_account`].
///
/// # Errors
/// When no server answers within `deadline`, or the one that answers refuses the token.
pub async fn push_account(system: &async_nats::Client, token: &str, deadline: Duration) -> Result<(), AccountsError> {
    let request = async_nats::Request::new().payload(token.to_owned().into()).timeout(Some(deadline));
    let answer = system.send_request(CLAIMS_UPDATE, request).await?;
    let answer: Answer = serde_json::from_slice(&answer.payload).map_err(AccountsError::Answer)?;
    match answer.error {
        None => Ok(()),
        Some(Refusal { code, description }) => Err(AccountsError::Refused { code, description }),
    }
}
