//! What crosses between the account of SBA's processes and a tenant's own, and what users of a tenant's account may say
//! and hear there.
//!
//! Each export names a place in its subject that must be the importing account's own key: no tenant can import what is
//! another's. A tenant's subjects are those of the export without its key, so that a client need not know it; the consumer
//! that a tenant reads has the key for its name.
//!
//! Clients reach that consumer over a JetStream domain, [`DOMAIN`]: under the plain `$JS.API` the servers answer every
//! account themselves, and of an account without streams they say that it has none.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{
    caller::CallerKey,
    id::{InvalidId, TenantKey},
    name::closed_set,
};

/// The JetStream domain that tenants' clients name.
pub const DOMAIN: &str = "sba";

/// How messages cross.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Crossing {
    /// From SBA to the tenant.
    Stream,
    /// A request of the tenant, and one answer.
    Request,
    /// A request of the tenant, and any number of answers.
    Requests,
}

/// A subject that SBA's account shares with tenants.
#[derive(Debug, PartialEq, Eq)]
pub struct Export {
    /// What it is for, for people.
    pub name: &'static str,
    /// How messages cross.
    pub crossing: Crossing,
    /// The subject in SBA's account.
    pub subject: &'static str,
    /// Where the tenant's key stands in it, counted from 1.
    pub tenant_at: usize,
    /// The subject in the tenant's account. `$1` is the first `*` of what is imported; `{tenant}` the tenant's key.
    local: &'static str,
}

/// A tenant's part of an export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// The subject in SBA's account, which holds the tenant's key.
    pub subject: String,
    /// The subject in the tenant's account.
    pub local: String,
}

/// All that is shared. Nothing is ever taken out of this list in one version: older gateways may still need it.
pub const EXPORTS: &[Export] = &[
    Export {
        name: "live events",
        crossing: Crossing::Stream,
        subject: "live.*.*.*",
        tenant_at: 2,
        local: "live.$1.$2",
    },
    Export { name: "commands", crossing: Crossing::Request, subject: "cmd.*.>", tenant_at: 2, local: "cmd.>" },
    Export { name: "feeds", crossing: Crossing::Request, subject: "feed.*.>", tenant_at: 2, local: "feed.>" },
    Export { name: "served tools", crossing: Crossing::Request, subject: "serve.*.>", tenant_at: 2, local: "serve.>" },
    Export { name: "discovery", crossing: Crossing::Requests, subject: "srv.*.>", tenant_at: 2, local: "$SRV.>" },
    Export {
        name: "messages of a consumer",
        crossing: Crossing::Requests,
        subject: "$JS.API.CONSUMER.MSG.NEXT.*.*",
        tenant_at: 7,
        local: "$JS.sba.API.CONSUMER.MSG.NEXT.$1.{tenant}",
    },
    Export {
        name: "state of a consumer",
        crossing: Crossing::Request,
        subject: "$JS.API.CONSUMER.INFO.*.*",
        tenant_at: 6,
        local: "$JS.sba.API.CONSUMER.INFO.$1.{tenant}",
    },
    // Of this length and no other: longer ones could name an account before the stream.
    Export {
        name: "acknowledgements",
        crossing: Crossing::Requests,
        subject: "$JS.ACK.*.*.*.*.*.*.*",
        tenant_at: 4,
        local: "$JS.ACK.$1.{tenant}.$2.$3.$4.$5.$6",
    },
];

impl Export {
    /// What a tenant imports of it.
    #[must_use]
    pub fn import(&self, tenant: &TenantKey) -> Import {
        let own = |(at, token)| if at + 1 == self.tenant_at { tenant.as_str() } else { token };
        let subject = self.subject.split('.').enumerate().map(own).collect::<Vec<_>>().join(".");
        Import { subject, local: self.local.replace("{tenant}", tenant.as_str()) }
    }
}

closed_set!(
    /// What credentials are for.
    Scope, "scope" {
        /// Watch runs as they go.
        Watch = "watch",
        /// Start runs, and tell them something.
        Command = "command",
        /// Read the tenant's feed: all events of all its runs, with redelivery.
        Feed = "feed",
        /// Register tools and serve them.
        Serve = "serve",
    }
);

/// What a user of a tenant's account may do there, and nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permissions {
    /// Patterns of the subjects that it may publish to.
    pub publish: Vec<String>,
    /// Patterns of the subjects that it may subscribe to.
    pub subscribe: Vec<String>,
}

impl Permissions {
    /// What these scopes come to for a caller. Answers come to inboxes of its own, where nobody else can listen.
    #[must_use]
    pub fn of(scopes: &[Scope], tenant: &TenantKey, caller: &CallerKey) -> Self {
        let mut publish = vec!["$SRV.>".to_owned()];
        let mut subscribe = vec![format!("{}.>", inbox(caller))];
        for scope in scopes {
            match scope {
                Scope::Watch => subscribe.push("live.*.*".to_owned()),
                Scope::Command => publish.push(format!("cmd.{caller}.>")),
                Scope::Serve => publish.push(format!("serve.{caller}.*.*")),
                Scope::Feed => publish.extend([
                    format!("feed.{caller}.*"),
                    format!("$JS.{DOMAIN}.API.CONSUMER.MSG.NEXT.*.{tenant}"),
                    format!("$JS.{DOMAIN}.API.CONSUMER.INFO.*.{tenant}"),
                    format!("$JS.ACK.*.{tenant}.>"),
                ]),
            }
        }
        Self { publish, subscribe }
    }
}

/// What stands before the inboxes of a caller.
#[must_use]
pub fn inbox(caller: &CallerKey) -> String {
    format!("_INBOX.{caller}")
}

/// Whether answers may be sent to this subject: one that the servers made for a request from another account. What a
/// client can choose itself is none.
#[must_use]
pub fn is_reply(subject: &str) -> bool {
    let rest = subject.strip_prefix("_R_.");
    rest.is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.'))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn tenant() -> TenantKey {
        format!("A{}", "B".repeat(55)).parse().unwrap()
    }

    #[test]
    fn each_export_is_held_to_the_tenants_key() {
        for export in EXPORTS {
            let tokens: Vec<_> = export.subject.split('.').collect();
            assert_eq!(tokens[export.tenant_at - 1], "*", "{}", export.name);
            let import = export.import(&tenant());
            assert_eq!(import.subject.split('.').nth(export.tenant_at - 1), Some(tenant().as_str()));
            let wildcards = import.subject.split('.').filter(|token| *token == "*").count();
            let taken = import.local.split('.').filter(|token| token.len() == 2 && token.starts_with('$')).count();
            assert_eq!(wildcards, taken, "{}: a wildcard is lost", export.name);
            assert_eq!(import.subject.ends_with('>'), import.local.ends_with('>'), "{}", export.name);
        }
    }

    #[test]
    fn scopes_name_the_caller_or_the_tenant_in_all_that_they_may_publish() {
        let caller: CallerKey = format!("U{}", "C".repeat(55)).parse().unwrap();
        let all = Permissions::of(Scope::ALL, &tenant(), &caller);
        for pattern in all.publish.iter().filter(|pattern| *pattern != "$SRV.>") {
            assert!(pattern.contains(caller.as_str()) || pattern.contains(tenant().as_str()), "{pattern}");
        }
        let none = Permissions::of(&[], &tenant(), &caller);
        assert_eq!(none.subscribe, [format!("_INBOX.{caller}.>")]);
        assert_eq!(none.publish, ["$SRV.>"]);
        assert!(!Permissions::of(&[Scope::Watch], &tenant(), &caller).publish.iter().any(|p| p.starts_with("cmd")));
    }

    #[test]
    fn only_what_servers_make_is_answered() {
        assert!(is_reply("_R_.63p4Mt.XqZeNo"));
        for bad in ["", "_R_", "_R_.", "_R_.>", "_R_.*", "_INBOX.x", "$JS.API.STREAM.DELETE.RUNS", "sba.x", "$SYS.x"] {
            assert!(!is_reply(bad), "{bad}");
        }
    }
}
