import { Artifacts } from "./api/artifacts.js";
import { Documents } from "./api/documents.js";
import { Runs } from "./api/runs.js";
import { Schedules } from "./api/schedules.js";
import { Sessions } from "./api/sessions.js";
import { Tasks } from "./api/tasks.js";
import type { CreateTenant, ExecuteTool, Executing, TenantView } from "./api/types.js";
import type { CodecName } from "./codec/codec.js";
import { type HttpOptions, type KeyedCallOptions } from "./http/http.js";
import { type TokenProvider } from "./http/token.js";
import { type ChannelTiming } from "./stream/channel.js";
import { type SseTiming } from "./stream/sse.js";
import type { TransportName } from "./stream/transport.js";
import { type WebSocketClass } from "./stream/websocket-like.js";
import { type SharedTiming } from "./tabs/shared.js";
import { type BackoffOptions } from "./util/backoff.js";
/** What a client is made with. Only the address and the token are needed. */
export interface ClientOptions {
    /** Of a gateway, e.g. `https://sba.example`. */
    readonly baseUrl: string;
    /** A JWT, or a function that gives one. Only with a function can a token be renewed. */
    readonly token: TokenProvider;
    /** How to watch, best first. Each is passed over where it does not work. */
    readonly transports?: readonly TransportName[];
    /** How messages are written on a WebSocket. A server that does not know it is spoken to in JSON. */
    readonly codec?: CodecName;
    /** Whether tabs of one browser share the connection of a run; on where the browser can. */
    readonly shared?: boolean;
    /** Pauses between attempts to come back; without end by default. */
    readonly reconnect?: Partial<BackoffOptions>;
    /** The class for WebSockets where the platform has none, such as that of the package `ws`. */
    readonly webSocket?: WebSocketClass;
    readonly fetch?: typeof globalThis.fetch;
    readonly http?: Partial<HttpOptions>;
    readonly timing?: {
        readonly websocket?: Partial<ChannelTiming>;
        readonly sse?: Partial<SseTiming>;
        readonly tabs?: Partial<SharedTiming>;
    };
    /** Messages that are kept for a reader that is slow, before the stream is cut and resumed. */
    readonly capacity?: number;
}
/** A client of SBA, for one user of one tenant. */
export declare class SbaClient {
    #private;
    readonly runs: Runs;
    readonly sessions: Sessions;
    readonly artifacts: Artifacts;
    readonly documents: Documents;
    readonly tasks: Tasks;
    readonly schedules: Schedules;
    constructor(options: ClientOptions);
    /** Makes one tool call without a model. The run that it names ends with the call. */
    executeTool(call: ExecuteTool, options?: KeyedCallOptions): Promise<Executing>;
    /** Makes a tenant; for operators. */
    createTenant(tenant: CreateTenant, options?: KeyedCallOptions): Promise<TenantView>;
}
