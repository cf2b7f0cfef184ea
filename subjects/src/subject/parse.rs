//! Reading a subject back into its type.

use crate::{
    id::{CallId, InvalidId, Partition, RunId, ScheduleId, TenantKey},
    name::Origin,
    subject::{DeadLetter, Subject, Surplus, ask},
};

pub(super) fn subject(text: &str) -> Result<Subject, InvalidId> {
    let unknown = || InvalidId::new("subject", text);
    let tokens: Vec<&str> = text.split('.').collect();
    match tokens.as_slice() {
        ["sba", tenant, rest @ ..] => of_tenant(&tenant.parse()?, rest).unwrap_or_else(|| Err(unknown())),
        ["live", tenant, run, kind] => {
            Ok(Subject::Live { tenant: tenant.parse()?, run: run.parse()?, kind: kind.parse()? })
        }
        ["ctl", instance] => Ok(Subject::Ctl(instance.parse()?)),
        ["stop", call] => Ok(Subject::Stop(call.parse()?)),
        ["hb", instance] => Ok(Subject::Hb(instance.parse()?)),
        other => ask::read(other).unwrap_or_else(|| Err(unknown())),
    }
}

/// What follows `sba.<tenant>.`; `None` where no family has that form.
fn of_tenant(tenant: &TenantKey, tokens: &[&str]) -> Option<Result<Subject, InvalidId>> {
    let tenant = tenant.clone();
    Some(match tokens {
        ["run", p, run, kind] => run_of(p, run).and_then(|run| Ok(Subject::Run { tenant, run, kind: kind.parse()? })),
        ["snap", p, run] => run_of(p, run).map(|run| Subject::Snap { tenant, run }),
        ["cmd", p, run, verb] => run_of(p, run).and_then(|run| Ok(Subject::Cmd { tenant, run, verb: verb.parse()? })),
        ["job", p, queue, call] => {
            call_of(p, call).and_then(|call| Ok(Subject::Job { tenant, queue: queue.parse()?, call }))
        }
        ["jobx", tool, call] => external(tenant, tool, call),
        ["timer", p, run, name] => {
            run_of(p, run).and_then(|run| Ok(Subject::Timer { tenant, run, name: name.parse()? }))
        }
        ["fired", p, run, name] => {
            run_of(p, run).and_then(|run| Ok(Subject::Fired { tenant, run, name: name.parse()? }))
        }
        ["answer", slot] => slot.parse().map(|slot| Subject::Answer { tenant, slot }),
        ["schedule", p, schedule] => schedule_of(p, schedule).map(|schedule| Subject::Schedule { tenant, schedule }),
        ["due", p, schedule] => schedule_of(p, schedule).map(|schedule| Subject::Due { tenant, schedule }),
        ["audit", action] => action.parse().map(|action| Subject::Audit { tenant, action }),
        ["dead", origin, ..] => {
            if let Err(error) = origin.parse::<Origin>() {
                return Some(Err(error));
            }
            // An origin is spelled like the family it names, so what follows `dead` reads as the original did.
            return of_tenant(&tenant, &tokens[1..]).map(|original| original.and_then(|subject| dead(subject, origin)));
        }
        ["surplus", family, ..] => {
            return of_tenant(&tenant, &tokens[1..]).map(|within| within.and_then(|subject| surplus(subject, family)));
        }
        _ => return None,
    })
}

fn surplus(within: Subject, family: &str) -> Result<Subject, InvalidId> {
    Surplus::of(within).map(Subject::Surplus).ok_or_else(|| InvalidId::new("surplus", family))
}

fn dead(original: Subject, origin: &str) -> Result<Subject, InvalidId> {
    DeadLetter::of(original).map(Subject::Dead).ok_or_else(|| InvalidId::new("dead letter origin", origin))
}

fn external(tenant: TenantKey, tool: &str, call: &str) -> Result<Subject, InvalidId> {
    Ok(Subject::Jobx { tenant, tool: tool.parse()?, call: call.parse()? })
}

fn run_of(partition: &str, run: &str) -> Result<RunId, InvalidId> {
    let id: RunId = run.parse()?;
    same(partition, id.partition(), run).map(|()| id)
}

fn call_of(partition: &str, call: &str) -> Result<CallId, InvalidId> {
    let id: CallId = call.parse()?;
    same(partition, Partition::of(id.as_uuid()), call).map(|()| id)
}

fn schedule_of(partition: &str, schedule: &str) -> Result<ScheduleId, InvalidId> {
    let id: ScheduleId = schedule.parse()?;
    same(partition, Partition::of(id.as_uuid()), schedule).map(|()| id)
}

fn same(spelled: &str, due: Partition, id: &str) -> Result<(), InvalidId> {
    if spelled.parse::<Partition>()? == due { Ok(()) } else { Err(InvalidId::new("partition of this id", id)) }
}
