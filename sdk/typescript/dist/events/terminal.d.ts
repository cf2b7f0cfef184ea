import type { RunMessage } from "./event.js";
/** Whether a run in this status has ended. */
export declare function isTerminal(status: unknown): boolean;
/** Whether nothing follows this message: `done` is always a run's last event, and a snapshot may show that it was said. */
export declare function isLast(message: RunMessage): boolean;
