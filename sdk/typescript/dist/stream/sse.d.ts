import { type ServerMessage } from "../events/message.js";
import { type Connection } from "../http/config.js";
import type { Transport, Watch } from "./transport.js";
export interface SseTiming {
    /** Longest wait for the answer, and for the first bytes of it: a proxy that keeps them back is found out so. */
    readonly openMs: number;
    /** Longest silence; the server says something every 20 seconds. */
    readonly idleMs: number;
}
export declare const DEFAULT_SSE: SseTiming;
/** Watches by server-sent events, read with `fetch`: an `EventSource` can send no token. */
export declare class SseTransport implements Transport {
    #private;
    readonly name = "sse";
    constructor(connection: Connection, timing?: SseTiming);
    watch(watch: Watch): AsyncGenerator<ServerMessage>;
}
