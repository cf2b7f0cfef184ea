import type { RunMessage } from "../events/event.js";
import type { TokenSource } from "../http/token.js";
import { type BackoffOptions } from "../util/backoff.js";
import type { ConnectionState } from "./state.js";
import type { Transport } from "./transport.js";
/** What a run is followed with. */
export interface FollowOptions {
    readonly run: string;
    readonly after: number;
    readonly from: "history" | "snapshot";
    readonly sessionToken?: string | undefined;
    readonly transports: readonly Transport[];
    readonly tokens: TokenSource;
    readonly backoff: BackoffOptions;
    readonly signal: AbortSignal;
    state(state: ConnectionState): void;
}
/** Every message of a run once and in order, whatever becomes of connections in between. */
export declare function follow(options: FollowOptions): AsyncGenerator<RunMessage, void>;
