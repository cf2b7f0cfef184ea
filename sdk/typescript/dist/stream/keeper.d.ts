import type { ServerMessage } from "../events/message.js";
import type { TokenSource } from "../http/token.js";
/** What a keeper works with. */
export interface KeeperOptions {
    readonly tokens: TokenSource;
    /** The token of the handshake. */
    readonly token: string;
    readonly sessionToken?: string | undefined;
    readonly idleMs: number;
    send(message: object): boolean;
    /** Called when the server shows no sign of life. */
    dead(): void;
}
/** Keeps one WebSocket: asks whether the server is there, since pings are not seen by scripts, and renews the token in place. */
export declare class Keeper {
    #private;
    constructor(options: KeeperOptions);
    /** Takes note of a message; answers whether it was for the keeper only. */
    hear(message: ServerMessage): boolean;
    stop(): void;
}
