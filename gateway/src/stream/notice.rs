//! What viewers are told of a run besides its events. It has no place in a log, and so no `seq`.

use sba_subjects::{envelope::VERSION, id::RunId};
use serde_json::{Value, json};

use crate::api::RunView;

/// The run as it stood at `seq`: it replaces everything that the client has of it.
pub(crate) fn snapshot(run: RunId, seq: u64, view: &RunView) -> Value {
    json!({"v": VERSION, "type": "snapshot", "run": run, "payload": {"seq": seq, "run": view}})
}

/// Events that are not there any more.
pub(crate) fn gap(run: RunId, from: u64, to: u64) -> Value {
    json!({"v": VERSION, "type": "gap", "run": run, "payload": {"from": from, "to": to}})
}
