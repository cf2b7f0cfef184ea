import type { RunView } from "../api/types.js";
import type { SnapshotMessage } from "./event.js";
import { type RunState } from "./run-state.js";
/** The state that a snapshot shows. It replaces what was known, but for a gap that it is the answer to. */
export declare function stateOfSnapshot(message: SnapshotMessage, before: RunState): RunState;
/** The state that `GET /runs/{id}` shows. */
export declare function stateOfView(view: RunView, seq?: number): RunState;
