/** The one of the platform. Node has one since version 22. */
export function platformWebSocket() {
    return globalThis.WebSocket;
}
