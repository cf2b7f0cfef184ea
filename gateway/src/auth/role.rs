//! Roles, and the one table of what each may do.

use serde::{Deserialize, Serialize};

/// What a token lets its holder be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Sees what the tenant has.
    Viewer,
    /// Works with it.
    Member,
    /// Governs the tenant.
    TenantAdmin,
    /// Governs the installation; sees no tenant's data by it.
    Operator,
}

impl Role {
    /// Every role.
    pub const ALL: &'static [Self] = &[Self::Viewer, Self::Member, Self::TenantAdmin, Self::Operator];

    /// The word that stands in a token.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Member => "member",
            Self::TenantAdmin => "tenant_admin",
            Self::Operator => "operator",
        }
    }
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        Self::ALL.iter().copied().find(|role| role.as_str() == text).ok_or_else(|| UnknownRole(text.to_owned()))
    }
}

/// A word that is no role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a role: {0:?} (viewer, member, tenant_admin or operator)")]
pub struct UnknownRole(String);

/// What can be done through the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Action {
    /// Make a tenant.
    CreateTenant,
    /// Open a session, see one.
    UseSessions,
    /// Start a run.
    StartRun,
    /// Answer, pause, resume and cancel runs.
    ControlRun,
    /// See runs, watch them, see what they made.
    ReadRuns,
    /// See documents and search them.
    ReadKnowledge,
    /// Add, change and delete documents.
    WriteKnowledge,
    /// See tasks.
    ReadTasks,
    /// Create, change and complete tasks.
    WriteTasks,
}

impl Role {
    /// Whether a holder of this role may do it.
    #[must_use]
    pub(crate) const fn may(self, action: Action) -> bool {
        use Action::{CreateTenant, ReadKnowledge, ReadRuns, ReadTasks, UseSessions};
        match self {
            Self::Viewer => matches!(action, UseSessions | ReadRuns | ReadKnowledge | ReadTasks),
            Self::Member | Self::TenantAdmin => !matches!(action, CreateTenant),
            Self::Operator => matches!(action, CreateTenant),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operator_sees_no_tenants_data_and_only_an_operator_makes_tenants() {
        for action in
            [Action::ReadRuns, Action::ReadKnowledge, Action::UseSessions, Action::StartRun, Action::ReadTasks]
        {
            assert!(!Role::Operator.may(action));
        }
        let makers: Vec<_> = Role::ALL.iter().filter(|role| role.may(Action::CreateTenant)).collect();
        assert_eq!(makers, [&Role::Operator]);
    }

    #[test]
    fn a_viewer_changes_nothing() {
        assert!(!Role::Viewer.may(Action::StartRun));
        assert!(!Role::Viewer.may(Action::WriteKnowledge));
        assert!(!Role::Viewer.may(Action::ControlRun));
        assert!(!Role::Viewer.may(Action::WriteTasks));
    }
}
