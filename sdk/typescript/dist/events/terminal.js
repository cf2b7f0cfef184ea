const TERMINAL = new Set(["completed", "failed", "cancelled"]);
/** Whether a run in this status has ended. */
export function isTerminal(status) {
    return typeof status === "string" && TERMINAL.has(status);
}
/** Whether nothing follows this message: `done` is always a run's last event, and a snapshot may show that it was said. */
export function isLast(message) {
    if (message.type === "done")
        return true;
    return message.type === "snapshot" && isTerminal(message.payload.run["status"]);
}
