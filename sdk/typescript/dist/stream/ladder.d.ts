import type { Transport } from "./transport.js";
/**
 * Chooses among transports, best first. One that was never opened here is passed over at its first failure: in a browser the
 * next one also finds out what was wrong, for a WebSocket does not tell. After the last the first is tried again, since all
 * of them fail while the network is down.
 */
export declare class Ladder {
    #private;
    constructor(transports: readonly Transport[]);
    get current(): Transport;
    opened(): void;
    /** Begins with the best again: the server itself refused, which says nothing of the way to it. */
    restart(): void;
    /** Counts a handshake that failed; answers whether the next attempt uses a transport that was not tried just before. */
    failed(): boolean;
}
