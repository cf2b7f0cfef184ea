//! Minting whom the servers of one place trust: an operator, and accounts with a user each.

use sba_gateway::accounts::{Account, AccountLimits, AccountsError, Operator};

/// A new operator and its system account.
pub(super) struct Trust {
    pub(super) operator: Operator,
    /// The operator's own token, which the servers' configuration names.
    pub(super) operator_token: String,
    /// The account whose user pushes other accounts to the servers.
    pub(super) system: Issued,
}

/// An account that the operator signed, and a user in it.
pub(super) struct Issued {
    /// The account's public key.
    pub(super) key: String,
    /// The account's token, as the servers take it.
    pub(super) token: String,
    /// The text of the user's credentials file. A secret.
    pub(super) credentials: String,
}

impl Trust {
    /// `now` counts seconds since 1970.
    pub(super) fn new(now: i64) -> Result<Self, AccountsError> {
        let operator = Operator::generate();
        let system = issue(&operator, "SYS", AccountLimits::system(), "sba-gateway", now)?;
        let operator_token = operator.token("SBA", &system.key, now)?;
        Ok(Self { operator, operator_token, system })
    }
}

/// An account for the processes of one installation.
pub(super) fn hub(operator: &Operator, now: i64) -> Result<Issued, AccountsError> {
    let (account, signing_seed) = Account::generate("SBA", AccountLimits::hub())?;
    sign(operator, &account.exporting(), &signing_seed, "sba", now)
}

fn issue(
    operator: &Operator,
    name: &str,
    limits: AccountLimits,
    user: &str,
    now: i64,
) -> Result<Issued, AccountsError> {
    let (account, signing_seed) = Account::generate(name, limits)?;
    sign(operator, &account, &signing_seed, user, now)
}

fn sign(
    operator: &Operator,
    account: &Account,
    signing_seed: &str,
    user: &str,
    now: i64,
) -> Result<Issued, AccountsError> {
    let token = operator.sign_account(account, now)?;
    let credentials = account.mint_user(signing_seed, user, now, None)?.to_file();
    Ok(Issued { key: account.key().to_owned(), token, credentials })
}
