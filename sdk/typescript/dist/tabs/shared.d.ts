import type { RunMessage } from "../events/event.js";
import type { ConnectionState } from "../stream/state.js";
import type { TabsPlatform } from "./platform.js";
/** What a run that is shared between tabs is watched with. */
export interface SharedOptions {
    readonly name: string;
    readonly run: string;
    readonly after: number;
    readonly platform: TabsPlatform;
    readonly signal: AbortSignal;
    /** A connection of this tab's own, from behind a position. */
    own(after: number, signal: AbortSignal): AsyncIterable<RunMessage>;
    /** What is there now behind a position, read once; `ended` if nothing will follow. */
    history(after: number, signal: AbortSignal): Promise<{
        readonly messages: readonly RunMessage[];
        readonly ended: boolean;
    }>;
    state(state: ConnectionState): void;
    readonly timing?: SharedTiming;
}
export interface SharedTiming {
    /** How often a leader says that it is there. */
    readonly beatMs: number;
    /** Silence of the leader after which a tab goes on by itself: a browser may freeze a tab that holds a lock. */
    readonly silenceMs: number;
}
export declare const DEFAULT_SHARED: SharedTiming;
/**
 * Watches a run with one connection for all tabs. The tab that holds the lock has it and passes every message on. The others
 * read the log up to where these messages begin, and read it again wherever one is missing: so a tab may come, go, sleep
 * and take over at any moment, and each still has every message once and in order.
 */
export declare function shared(options: SharedOptions): AsyncGenerator<RunMessage, void>;
