import type { RunMessage } from "./event.js";
import { type RunState } from "./run-state.js";
/** The state after one more message. Messages must come in order, as {@link Order} has them. */
export declare function fold(state: RunState, message: RunMessage): RunState;
/** The state after all of these messages. */
export declare function foldAll(run: string, messages: Iterable<RunMessage>): RunState;
