//! The one table of who may do what.
//!
//! Every operation of the API is a row, by its method and address; [`guard`](fn@super::guard) lets a request past it by the row
//! of its operation. The description of the API takes the roles of each operation from here.

use axum::http::Method;
use sba_subjects::role::Role;

/// Whether a cell of the table says so.
macro_rules! says {
    (yes) => {
        true
    };
    (-) => {
        false
    };
}

macro_rules! operations {
    ($($method:ident $path:literal $name:ident $viewer:tt $member:tt $tenant_admin:tt $operator:tt)+) => {
        /// Something that can be done through the API.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Operation { $($name,)+ }

        impl Operation {
            /// Every operation.
            pub(crate) const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// Its method and its address.
            pub(crate) const fn at(self) -> (&'static str, &'static str) {
                match self { $(Self::$name => (stringify!($method), $path),)+ }
            }

            /// Whether a holder of this role may do it.
            pub(crate) const fn allows(self, role: Role) -> bool {
                let (viewer, member, tenant_admin, operator) = match self {
                    $(Self::$name => (says!($viewer), says!($member), says!($tenant_admin), says!($operator)),)+
                };
                match role {
                    Role::Viewer => viewer,
                    Role::Member => member,
                    Role::TenantAdmin => tenant_admin,
                    Role::Operator => operator,
                }
            }
        }
    };
}

operations! {
    // method and address                                  operation        viewer member tenant_admin operator
    GET    "/api/v1/runs"                                  ListRuns         yes    yes    yes          -
    POST   "/api/v1/runs"                                  StartRun         -      yes    yes          -
    GET    "/api/v1/runs/{run_id}"                         GetRun           yes    yes    yes          -
    GET    "/api/v1/runs/{run_id}/stream"                  StreamRun        yes    yes    yes          -
    GET    "/api/v1/runs/{run_id}/events"                  RunEvents        yes    yes    yes          -
    POST   "/api/v1/runs/{run_id}/continue"                ContinueRun      -      yes    yes          -
    POST   "/api/v1/runs/{run_id}/cancel"                  CancelRun        -      yes    yes          -
    POST   "/api/v1/runs/{run_id}/pause"                   PauseRun         -      yes    yes          -
    POST   "/api/v1/runs/{run_id}/resume"                  ResumeRun        -      yes    yes          -
    POST   "/api/v1/runs/{run_id}/fork"                    ForkRun          -      yes    yes          -
    POST   "/api/v1/ag-ui"                                 AgUi             -      yes    yes          -
    POST   "/api/v1/tools/execute"                         ExecuteTool      -      yes    yes          -
    GET    "/api/v1/tools"                                 ListTools        yes    yes    yes          -
    PUT    "/api/v1/tools/{name}"                          PutTool          -      -      yes          -
    DELETE "/api/v1/tools/{name}"                          DeleteTool       -      -      yes          -
    GET    "/api/v1/schedules"                             ListSchedules    yes    yes    yes          -
    POST   "/api/v1/schedules"                             CreateSchedule   -      yes    yes          -
    GET    "/api/v1/schedules/{schedule_id}"               GetSchedule      yes    yes    yes          -
    DELETE "/api/v1/schedules/{schedule_id}"               DeleteSchedule   -      yes    yes          -
    POST   "/api/v1/schedules/{schedule_id}/pause"         PauseSchedule    -      yes    yes          -
    POST   "/api/v1/schedules/{schedule_id}/resume"        ResumeSchedule   -      yes    yes          -
    POST   "/api/v1/sessions"                              CreateSession    yes    yes    yes          -
    GET    "/api/v1/sessions/{session_id}"                 GetSession       yes    yes    yes          -
    GET    "/api/v1/sessions/{session_id}/stream"          StreamSession    yes    yes    yes          -
    GET    "/api/v1/artifacts"                             ListArtifacts    yes    yes    yes          -
    GET    "/api/v1/artifacts/{artifact_id}"               GetArtifact      yes    yes    yes          -
    GET    "/api/v1/artifacts/{artifact_id}/content"       GetContent       yes    yes    yes          -
    GET    "/api/v1/knowledge/documents"                   ListDocuments    yes    yes    yes          -
    POST   "/api/v1/knowledge/documents"                   PutDocument      -      yes    yes          -
    GET    "/api/v1/knowledge/documents/{document_id}"     GetDocument      yes    yes    yes          -
    DELETE "/api/v1/knowledge/documents/{document_id}"     DeleteDocument   -      yes    yes          -
    GET    "/api/v1/tasks"                                 ListTasks        yes    yes    yes          -
    POST   "/api/v1/tasks"                                 CreateTask       -      yes    yes          -
    GET    "/api/v1/tasks/{task_id}"                       GetTask          yes    yes    yes          -
    PATCH  "/api/v1/tasks/{task_id}"                       UpdateTask       -      yes    yes          -
    POST   "/api/v1/tasks/{task_id}/complete"              CompleteTask     -      yes    yes          -
    GET    "/api/v1/keys"                                  ListKeys         -      -      yes          -
    POST   "/api/v1/keys"                                  CreateKey        -      -      yes          -
    DELETE "/api/v1/keys/{key_id}"                         RevokeKey        -      -      yes          -
    POST   "/api/v1/keys/{key_id}/rotate"                  RotateKey        -      -      yes          -
    POST   "/api/v1/nats/credentials"                      IssueAccess      yes    yes    yes          -
    DELETE "/api/v1/nats/credentials"                      RevokeAccess     -      -      yes          -
    DELETE "/api/v1/nats/credentials/{public_key}"         RevokeOne        yes    yes    yes          -
    NATS   "feed"                                          ReadFeed         -      -      yes          -
    NATS   "serve"                                         ServeTool        -      -      yes          -
    POST   "/api/v1/tenants"                               CreateTenant     -      -      -            yes
}

impl Operation {
    /// The operation of this method at this address, as the router spells it.
    pub(crate) fn find(method: &Method, path: &str) -> Option<Self> {
        // Whatever answers GET answers HEAD, without the body.
        let method = if method == Method::HEAD { Method::GET.as_str() } else { method.as_str() };
        Self::ALL.iter().copied().find(|operation| operation.at() == (method, path))
    }

    /// The roles that may do it.
    pub(crate) fn roles(self) -> impl Iterator<Item = Role> {
        Role::ALL.iter().copied().filter(move |role| self.allows(*role))
    }

    /// Whether it is asked for over HTTP.
    #[cfg(test)]
    pub(crate) fn is_of_http(self) -> bool {
        self.at().0 != "NATS"
    }

    /// Whether only people may do it: a key that makes keys would outlive its end.
    pub(crate) const fn is_for_people(self) -> bool {
        matches!(self, Self::CreateKey | Self::RotateKey)
    }

    /// Whether a client may say who it is over the WebSocket that this opens.
    pub(crate) const fn hears_who_asks(self) -> bool {
        matches!(self, Self::StreamRun | Self::StreamSession)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operator_sees_no_tenants_data_and_only_an_operator_makes_tenants() {
        for operation in Operation::ALL {
            let installation = operation.at().1.starts_with("/api/v1/tenants");
            assert_eq!(operation.allows(Role::Operator), installation, "{operation:?}");
            assert!(!installation || operation.roles().count() == 1, "{operation:?}");
        }
    }

    #[test]
    fn a_viewer_changes_nothing_but_what_is_its_own() {
        let changes = Operation::ALL.iter().filter(|it| it.allows(Role::Viewer) && it.at().0 != "GET");
        let own = [Operation::CreateSession, Operation::IssueAccess, Operation::RevokeOne];
        assert!(changes.eq(&own));
    }

    #[test]
    fn who_may_more_may_all_that_others_may() {
        for operation in Operation::ALL {
            assert!(operation.allows(Role::Member) || !operation.allows(Role::Viewer), "{operation:?}");
            assert!(operation.allows(Role::TenantAdmin) || !operation.allows(Role::Member), "{operation:?}");
        }
    }

    #[test]
    fn an_operation_is_found_by_its_method_and_address() {
        assert_eq!(Operation::find(&Method::GET, "/api/v1/runs"), Some(Operation::ListRuns));
        assert_eq!(Operation::find(&Method::HEAD, "/api/v1/runs"), Some(Operation::ListRuns));
        assert_eq!(Operation::find(&Method::DELETE, "/api/v1/runs"), None);
        for operation in Operation::ALL {
            let (method, path) = operation.at();
            let found = method.parse().ok().and_then(|method| Operation::find(&method, path));
            assert_eq!(found, Some(*operation), "two operations at one address");
        }
    }
}
