import type { CodecName } from "../codec/codec.js";
import type { ServerMessage } from "../events/message.js";
import type { Connection } from "../http/config.js";
import { type ChannelTiming } from "./channel.js";
import type { Transport, Watch } from "./transport.js";
import type { WebSocketClass } from "./websocket-like.js";
export interface WebSocketTransportOptions {
    readonly webSocket: WebSocketClass;
    readonly codec: CodecName;
    readonly timing: ChannelTiming;
    /** Messages that are kept for a reader that is slow. */
    readonly capacity: number;
}
/** Watches over a WebSocket. */
export declare class WebSocketTransport implements Transport {
    #private;
    readonly name = "websocket";
    constructor(connection: Connection, options: WebSocketTransportOptions);
    watch(watch: Watch): AsyncGenerator<ServerMessage>;
}
