//! What the running servers know of an account.

use std::time::Duration;

use async_nats::RequestErrorKind;
use serde_json::{Map, Value};

use super::{error::AccountsError, operator::Operator};

/// Claims that the operator signed, as they were found.
#[derive(Debug, Clone, PartialEq)]
pub struct Known(pub(crate) Map<String, Value>);

impl Known {
    /// When they were signed, in seconds since 1970.
    #[must_use]
    pub fn issued_at(&self) -> i64 {
        self.0.get("iat").and_then(Value::as_i64).unwrap_or_default()
    }
}

impl Known {
    /// One part of what they say of the account, e.g. `exports`; null where they say nothing of it.
    #[must_use]
    pub fn claim(&self, part: &str) -> Value {
        self.0.get("nats").and_then(|nats| nats.get(part)).cloned().unwrap_or_default()
    }

    /// The same without a part.
    #[must_use]
    pub fn without(mut self, part: &str) -> Self {
        if let Some(nats) = self.0.get_mut("nats").and_then(Value::as_object_mut) {
            nats.remove(part);
        }
        self
    }
}

/// Asks the servers for an account; `None` where they know none, or none that this operator signed.
///
/// # Errors
/// When no server answers.
pub async fn find_account(
    system: &async_nats::Client,
    operator: &Operator,
    key: &str,
    deadline: Duration,
) -> Result<Option<Known>, AccountsError> {
    let request = async_nats::Request::new().timeout(Some(deadline));
    let answer = match system.send_request(format!("$SYS.REQ.ACCOUNT.{key}.CLAIMS.LOOKUP"), request).await {
        // A server may say nothing of what it does not know. One that is away does not take the account either.
        Err(error) if error.kind() == RequestErrorKind::TimedOut => return Ok(None),
        answer => answer?,
    };
    let token = String::from_utf8_lossy(&answer.payload);
    Ok(operator.read(&token).filter(|claims| claims.get("sub").is_some_and(|sub| sub == key)).map(Known))
}
