//! Which of several processes does what one is enough for: the one that holds an advisory lock.
//!
//! The lock saves the others work that would be in vain. It proves nothing: whoever leads must do no harm where another
//! believes to lead too. A projector has the position for that, in the transaction that moves it.

use sqlx::{Connection as _, Postgres, Transaction};

use crate::{Store, StoreError};

/// What is led.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Post {
    /// The projection of the log.
    Projection,
    /// The sweeping over all tenants.
    Sweeping,
}

impl Post {
    /// The lock, any number that nothing else in the database uses.
    const fn lock(self) -> i64 {
        match self {
            Self::Projection => 0x5ba_1ead,
            Self::Sweeping => 0x5ba_5eed,
        }
    }
}

/// A leader that does not say so for as long is frozen, and its session is ended. What it holds is an open transaction
/// because that can be done to nothing else; it has read and written nothing, and so is in nobody's way.
const FROZEN: &str = "set local idle_in_transaction_session_timeout = '5s'";

/// The lead over the others, until it is dropped, its connection is lost, or it was not kept for 5 s.
#[derive(Debug)]
pub struct Lead(Transaction<'static, Postgres>);

impl Lead {
    /// Keeps the lead: to be called every second or two.
    ///
    /// # Errors
    /// When the connection was lost, and the lead with it.
    pub async fn keep(&mut self) -> Result<(), StoreError> {
        Ok(self.0.ping().await?)
    }
}

impl Store {
    /// Takes the lead, unless somebody else has it. It takes a connection for as long as it is held.
    ///
    /// # Errors
    /// As [`Store::begin`].
    pub async fn lead(&self, post: Post) -> Result<Option<Lead>, StoreError> {
        let mut tx = self.begin_with(FROZEN).await?;
        let leads = sqlx::query_scalar!(r#"select pg_try_advisory_xact_lock($1) as "leads!""#, post.lock())
            .fetch_one(&mut *tx)
            .await?;
        Ok(leads.then_some(Lead(tx)))
    }
}
