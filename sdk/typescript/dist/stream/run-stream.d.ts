import type { CodecName } from "../codec/codec.js";
import type { RunMessage } from "../events/event.js";
import type { Http } from "../http/http.js";
import { type SharedTiming } from "../tabs/shared.js";
import type { BackoffOptions } from "../util/backoff.js";
import type { ChannelTiming } from "./channel.js";
import { type SseTiming } from "./sse.js";
import type { ConnectionState } from "./state.js";
import type { TransportName } from "./transport.js";
import type { WebSocketClass } from "./websocket-like.js";
/** What a caller may say about watching a run. */
export interface StreamOptions {
    /** The last event that the caller has: the stream begins behind it. 0, the default, is the beginning. */
    readonly after?: number;
    /** `snapshot` begins with the run as it stands instead of its history, where the transport has that. */
    readonly from?: "history" | "snapshot";
    readonly signal?: AbortSignal;
    /** Whether tabs of one browser share a connection, where it can do so. */
    readonly shared?: boolean;
    /** Hears of connections, losses and returns. */
    readonly onState?: (state: ConnectionState) => void;
}
/** How a client watches, by its configuration. */
export interface StreamSettings {
    readonly transports: readonly TransportName[];
    readonly webSocket: WebSocketClass | undefined;
    readonly codec: CodecName;
    readonly backoff: BackoffOptions;
    readonly shared: boolean;
    readonly channel: ChannelTiming;
    readonly sse: SseTiming;
    readonly tabs: SharedTiming;
    /** Messages that are kept for a reader that is slow. */
    readonly capacity: number;
}
export declare const DEFAULT_CAPACITY = 8192;
/** Every message of a run once and in order, until its end. */
export declare function streamRun(http: Http, settings: StreamSettings, run: string, sessionToken: string | undefined, options: StreamOptions): AsyncGenerator<RunMessage, void>;
