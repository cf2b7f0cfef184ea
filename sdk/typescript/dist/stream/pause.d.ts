import type { TokenSource } from "../http/token.js";
import type { Backoff } from "../util/backoff.js";
import type { Advice } from "./advice.js";
import type { ConnectionState } from "./state.js";
export interface PauseOptions {
    readonly backoff: Backoff;
    readonly tokens: TokenSource;
    readonly signal: AbortSignal;
    state(state: ConnectionState): void;
}
/** The time between two connections: as long as it must be, with a new token where one is needed. */
export declare class Pause {
    #private;
    constructor(options: PauseOptions);
    /** The last connection brought something. */
    progress(): void;
    /**
     * Waits until it is time to come back. `atOnce`: there is another way to try first.
     * @throws StreamError when there is nothing to come back for.
     */
    before(advice: Exclude<Advice, {
        kind: "ended";
    }>, atOnce: boolean): Promise<void>;
}
