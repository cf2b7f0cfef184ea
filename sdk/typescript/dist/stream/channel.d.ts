import { type CodecName } from "../codec/codec.js";
import { type ServerMessage } from "../events/message.js";
import { type Connection, type Query } from "../http/config.js";
import { type Advice } from "./advice.js";
import type { WebSocketClass } from "./websocket-like.js";
/** What a WebSocket is opened with. */
export interface ChannelTarget {
    readonly connection: Connection;
    readonly webSocket: WebSocketClass;
    readonly codec: CodecName;
    /** Below `/api/v1`. */
    readonly path: string;
    readonly query?: Query;
    readonly sessionToken?: string | undefined;
    readonly timing: ChannelTiming;
}
export interface ChannelTiming {
    /** Longest wait for the handshake. */
    readonly openMs: number;
    /** Silence after which the server is asked whether it is there, and again after which it is not. */
    readonly idleMs: number;
}
export declare const DEFAULT_TIMING: ChannelTiming;
/** What is heard of a channel. */
export interface ChannelListener {
    message(message: ServerMessage): void;
    /** Once, at the end. */
    closed(advice: Advice): void;
}
/** One open WebSocket that speaks the protocol. It keeps itself alive and its token fresh; it does not come back. */
export declare class Channel {
    #private;
    /**
     * Opens one.
     * @throws Interrupted when that fails. A browser does not tell a refusal from a dead network, so neither does this.
     */
    static open(target: ChannelTarget, listener: ChannelListener, signal: AbortSignal): Promise<Channel>;
    private constructor();
    /** The codec that was agreed on. */
    get codec(): CodecName;
    /** Hands a message to the network; false if there is none any more. */
    send(message: object): boolean;
    /** Ends it from here; the listener hears nothing more. */
    close(): void;
}
