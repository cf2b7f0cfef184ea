import type { ServerMessage } from "../events/message.js";
export type TransportName = "websocket" | "sse" | "polling";
/** What a transport is asked for: one run, from behind a position. */
export interface Watch {
    readonly run: string;
    readonly after: number;
    /** With `snapshot` the server may give the run as it stands in the place of events that it would have to look up. */
    readonly from: "history" | "snapshot";
    readonly sessionToken?: string | undefined;
    readonly signal: AbortSignal;
    /** Called when the server has accepted. */
    opened(): void;
}
/** One way to watch a run. It returns at the end of the run, and throws `Interrupted` when it is cut off before. */
export interface Transport {
    readonly name: TransportName;
    watch(watch: Watch): AsyncIterable<ServerMessage>;
}
