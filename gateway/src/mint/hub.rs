//! SBA's own account: it must give tenants what they import.
//!
//! It is made before the servers start, perhaps by an earlier version. So whoever is the first to need it looks, and adds
//! what is missing. Any number of gateways may do so at once: each adds the same, and none takes anything away.

use serde::Deserialize;
use tracing::info;

use super::{AccountError, Mint};
use crate::accounts::{AccountsError, Known, find_account, push_account, with_exports};

/// Where a client learns who it is.
const USER_INFO: &str = "$SYS.REQ.USER.INFO";

#[derive(Deserialize)]
struct Answer {
    data: Option<User>,
}

#[derive(Deserialize)]
struct User {
    account: String,
}

impl Mint {
    /// Makes SBA's account share what tenants need; gives back its public key.
    pub(super) async fn share(&self, now: i64) -> Result<String, AccountError> {
        let request = async_nats::Request::new().timeout(Some(self.deadline));
        let answer = self.own.send_request(USER_INFO, request).await.map_err(AccountsError::from)?;
        let answer: Answer = serde_json::from_slice(&answer.payload).map_err(AccountsError::Answer)?;
        let hub = answer.data.ok_or(AccountError::Nameless)?.account;
        let known = find_account(&self.system, &self.operator, &hub, self.deadline).await?;
        let known = known.ok_or_else(|| AccountError::NoHub(hub.clone()))?;
        let Some(claims) = with_exports(&known.0) else { return Ok(hub) };
        let token = self.operator.sign_known(Known(claims), now.max(known.issued_at() + 1))?;
        push_account(&self.system, &token, self.deadline).await?;
        info!(account = hub, "SBA's account shares with tenants what it did not share before");
        Ok(hub)
    }
}
