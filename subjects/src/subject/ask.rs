//! What a tenant's client asks over NATS, after the tenant and the caller in its subject.

use std::fmt;

use crate::{
    caller::CallerKey,
    id::{InstanceId, InvalidId, RunId, TenantKey},
    name::{Control, Discovery, FeedVerb, ServeVerb, ServiceName, ToolName},
    subject::Subject,
};

/// What is asked. No word of it makes a command that only SBA's own processes give.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Ask {
    /// Start a run.
    Start,
    /// Tell a run something.
    Control(Control, RunId),
    /// Open or close the tenant's feed.
    Feed(FeedVerb),
    /// Serve a tool.
    Serve(ServeVerb, ToolName),
}

impl Ask {
    /// The subject, spelled.
    pub(super) fn spell(&self, tenant: &TenantKey, caller: &CallerKey, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start => write!(f, "cmd.{tenant}.{caller}.start"),
            Self::Control(verb, run) => write!(f, "cmd.{tenant}.{caller}.{verb}.{run}"),
            Self::Feed(verb) => write!(f, "feed.{tenant}.{caller}.{verb}"),
            Self::Serve(verb, tool) => write!(f, "serve.{tenant}.{caller}.{verb}.{tool}"),
        }
    }
}

/// Reads a subject of this kind; `None` where it has the form of none.
pub(super) fn read(tokens: &[&str]) -> Option<Result<Subject, InvalidId>> {
    let (tenant, caller, ask) = match tokens {
        ["cmd", tenant, caller, "start"] => (tenant, caller, Ok(Ask::Start)),
        ["cmd", tenant, caller, verb, run] => (tenant, caller, control(verb, run)),
        ["feed", tenant, caller, verb] => (tenant, caller, verb.parse().map(Ask::Feed)),
        ["serve", tenant, caller, verb, tool] => (tenant, caller, serve(verb, tool)),
        ["srv", tenant, rest @ ..] => return discovery(tenant, rest),
        _ => return None,
    };
    let inbound = || Ok(Subject::Inbound { tenant: tenant.parse()?, caller: caller.parse()?, ask: ask? });
    Some(inbound())
}

fn control(verb: &str, run: &str) -> Result<Ask, InvalidId> {
    Ok(Ask::Control(verb.parse()?, run.parse()?))
}

fn serve(verb: &str, tool: &str) -> Result<Ask, InvalidId> {
    Ok(Ask::Serve(verb.parse()?, tool.parse()?))
}

/// `PING` or `INFO`: of all services, of those of a name, of one instance.
fn discovery(tenant: &str, tokens: &[&str]) -> Option<Result<Subject, InvalidId>> {
    let (ask, service, id) = match tokens {
        [ask] => (ask, None, None),
        [ask, service] => (ask, Some(service), None),
        [ask, service, id] => (ask, Some(service), Some(id)),
        _ => return None,
    };
    let read = || {
        Ok(Subject::Discovery {
            tenant: tenant.parse()?,
            ask: ask.parse::<Discovery>()?,
            service: service.map(|name| name.parse::<ServiceName>()).transpose()?,
            id: id.map(|id| id.parse::<InstanceId>()).transpose()?,
        })
    };
    Some(read())
}
