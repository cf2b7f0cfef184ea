import type { RunMessage, RunStatus } from "./event.js";

const TERMINAL: ReadonlySet<string> = new Set<RunStatus>(["completed", "failed", "cancelled"]);

/** Whether a run in this status has ended. */
export function isTerminal(status: unknown): boolean {
  return typeof status === "string" && TERMINAL.has(status);
}

/** Whether nothing follows this message: `done` is always a run's last event, and a snapshot may show that it was said. */
export function isLast(message: RunMessage): boolean {
  if (message.type === "done") return true;
  return message.type === "snapshot" && isTerminal(message.payload.run["status"]);
}
