import type { CodecName } from "../codec/codec.js";
import type { ServerMessage } from "../events/message.js";
import type { Connection } from "../http/config.js";
import { Channel, type ChannelTiming } from "../stream/channel.js";
import type { ConnectionState } from "../stream/state.js";
import type { WebSocketClass } from "../stream/websocket-like.js";
import { type BackoffOptions } from "../util/backoff.js";
export interface LinkSettings {
    readonly session: string;
    readonly sessionToken: string | undefined;
    readonly webSocket: WebSocketClass | undefined;
    readonly codec: CodecName;
    readonly timing: ChannelTiming;
    readonly backoff: BackoffOptions;
    readonly onState?: ((state: ConnectionState) => void) | undefined;
}
/** What is told of a link. */
export interface LinkListener {
    opened(channel: Channel): void;
    /** The channel is gone; another may follow. */
    cut(): void;
    message(message: ServerMessage): void;
    /** No WebSocket was ever had, and none will be tried again. */
    impossible(): void;
}
/** Keeps a WebSocket to a session's stream open: one after another, until there is nothing to come back for. */
export declare class SessionLink {
    #private;
    constructor(connection: Connection, settings: LinkSettings, signal: AbortSignal, listener: LinkListener);
    /** Never returns while there is something to come back for, or the fall-back has taken over. */
    run(): Promise<Error | undefined>;
}
