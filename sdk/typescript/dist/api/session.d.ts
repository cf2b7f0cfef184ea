import type { Http, KeyedCallOptions } from "../http/http.js";
import type { ConnectionState } from "../stream/state.js";
import { type StreamSettings } from "../stream/run-stream.js";
import { SessionStream } from "../session/session-stream.js";
import { Run } from "./run.js";
import type { StartRun, Started } from "./types.js";
/** What a caller may say about a session's stream. */
export interface SessionStreamOptions {
    readonly onState?: (state: ConnectionState) => void;
    /** Most messages that wait for the connection. */
    readonly outbox?: number;
    /** The pace of messages: the server takes 20 a second, and five times as many at once. */
    readonly messagesPerSecond?: number;
    readonly burst?: number;
}
/** A session: runs that only those can watch who have its token. */
export declare class Session {
    #private;
    readonly id: string;
    readonly token: string | undefined;
    constructor(http: Http, settings: StreamSettings, id: string, token: string | undefined);
    /** Starts a run that belongs to this session. */
    start(run: Omit<StartRun, "session_id">, options?: KeyedCallOptions): Promise<Run>;
    /** A run of this session. */
    run(id: string, started?: Started): Run;
    /** Opens one socket for many runs. It connects when it is first used. */
    stream(options?: SessionStreamOptions): SessionStream;
}
