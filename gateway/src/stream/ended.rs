//! A run whose log was removed: what is left to be said to whoever wants to watch it.

use axum::extract::ws::Utf8Bytes;
use sba_subjects::id::RunId;
use serde_json::json;

use crate::api::RunView;

/// What a viewer behind event `after` gets of a run that ended with event `last`: that everything between is gone, and how
/// the run ended. Nothing, where it has seen the end.
pub(crate) fn farewell(run: RunId, after: u64, last: u64, view: &RunView) -> Vec<Utf8Bytes> {
    if after >= last {
        return Vec::new();
    }
    let gap = json!({"type": "gap", "run": run, "payload": {"from": after + 1, "to": last}});
    let snapshot = json!({"type": "snapshot", "run": run, "payload": view});
    [gap, snapshot].map(|message| message.to_string().into()).into()
}
