//! Runs that were accepted and not begun: of these there is a `start` among the commands, and nothing else.

use async_nats::jetstream::stream::RawMessageErrorKind;
use sba_subjects::{
    codec::{self, CodecError},
    command::{Command, CommandBody},
    id::{RunId, TenantKey},
    name::Verb,
    subject::Subject,
};

use super::{Loaded, ReadError, RunLog, within};

impl RunLog {
    /// The run as the `start` promises it that waits for an orchestrator; `None` where none waits.
    pub(super) async fn promised(&self, tenant: &TenantKey, run: RunId) -> Result<Option<Loaded>, ReadError> {
        let places = Subject::Cmd { tenant: tenant.clone(), run, verb: Verb::Start }.places();
        let mut found = None;
        for subject in places {
            let request = self.cmds.raw_message_builder().last_by_subject(subject.to_string()).send();
            match within(self.answer, request).await? {
                Ok(message) => {
                    found = Some(message);
                    break;
                }
                Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => {}
                Err(error) => return Err(ReadError::Unavailable(error.to_string())),
            }
        }
        let Some(message) = found else { return Ok(None) };
        let unreadable = |source: CodecError| ReadError::Unreadable { stream_sequence: message.sequence, source };
        let start: Command = codec::versioned(&message.payload).map_err(unreadable)?;
        match &start.body {
            // A start that names another tenant than its subject is never obeyed.
            CommandBody::Start(created) if created.tenant_id == tenant.id() => Ok(Loaded::promised(run, &start)?),
            _ => Ok(None),
        }
    }
}
