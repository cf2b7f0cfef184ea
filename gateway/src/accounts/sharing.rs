//! What the account of SBA's processes gives to tenants, and what a tenant's account takes of it, as claims.

use sba_subjects::{
    boundary::{Crossing, EXPORTS, Export},
    id::TenantKey,
};
use serde::Serialize;
use serde_json::{Map, Value, json};

/// A subject that an account gives away.
#[derive(Debug, Clone, Serialize)]
pub(super) struct ExportClaim {
    name: &'static str,
    subject: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_type: Option<&'static str>,
    account_token_position: usize,
}

/// A subject that an account takes from another.
#[derive(Debug, Clone, Serialize)]
pub(super) struct ImportClaim {
    name: &'static str,
    subject: String,
    account: String,
    local_subject: String,
    #[serde(rename = "type")]
    kind: &'static str,
}

impl From<&Export> for ExportClaim {
    fn from(export: &Export) -> Self {
        let response_type = match export.crossing {
            Crossing::Stream => None,
            Crossing::Request => Some("Singleton"),
            Crossing::Requests => Some("Stream"),
        };
        Self {
            name: export.name,
            subject: export.subject,
            kind: kind(export.crossing),
            response_type,
            account_token_position: export.tenant_at,
        }
    }
}

const fn kind(crossing: Crossing) -> &'static str {
    match crossing {
        Crossing::Stream => "stream",
        Crossing::Request | Crossing::Requests => "service",
    }
}

/// All that SBA's account gives.
pub(super) fn exports() -> Vec<ExportClaim> {
    EXPORTS.iter().map(ExportClaim::from).collect()
}

/// All that a tenant takes of the account `hub`.
pub(super) fn imports(hub: &str, tenant: &TenantKey) -> Vec<ImportClaim> {
    let claim = |export: &Export| {
        let import = export.import(tenant);
        let (subject, local_subject) = (import.subject, import.local);
        ImportClaim { name: export.name, subject, account: hub.to_owned(), local_subject, kind: kind(export.crossing) }
    };
    EXPORTS.iter().map(claim).collect()
}

/// The claims of an account with what it has to give besides what it gives; `None` where it gives all of it. What a newer
/// version gives stays.
pub(crate) fn with_exports(claims: &Map<String, Value>) -> Option<Map<String, Value>> {
    let mut claims = claims.clone();
    let nats = claims.get_mut("nats")?.as_object_mut()?;
    let given = nats.entry("exports").or_insert_with(|| json!([]));
    let given = given.as_array_mut()?;
    let mut changed = false;
    for export in exports() {
        let wanted = json!(export);
        let same = |given: &Value| given["subject"] == wanted["subject"] && given["type"] == wanted["type"];
        match given.iter_mut().find(|given| same(given)) {
            Some(found) if *found == wanted => continue,
            Some(found) => *found = wanted,
            None => given.push(wanted),
        }
        changed = true;
    }
    changed.then_some(claims)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn exports_are_added_and_what_else_is_given_stays() {
        let older = json!({"sub": "A", "nats": {"limits": {"conn": 7}, "signing_keys": ["K"],
            "exports": [{"subject": "newer.*", "type": "service"}, {"subject": "cmd.*.>", "type": "service"}]}});
        let updated = with_exports(older.as_object().unwrap()).unwrap();
        assert_eq!(updated["nats"]["signing_keys"], json!(["K"]), "whoever is in stays in");
        let subjects: Vec<_> = updated["nats"]["exports"].as_array().unwrap().iter().map(|e| &e["subject"]).collect();
        assert_eq!(subjects.len(), EXPORTS.len() + 1, "{subjects:?}");
        assert_eq!(
            updated["nats"]["exports"][1]["account_token_position"], 2,
            "an export without its hold is replaced"
        );
        assert_eq!(with_exports(&updated), None, "nothing is left to do");
    }
}
