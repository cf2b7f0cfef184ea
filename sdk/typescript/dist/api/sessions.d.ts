import type { CallOptions, Http, KeyedCallOptions } from "../http/http.js";
import type { StreamSettings } from "../stream/run-stream.js";
import { Session } from "./session.js";
import type { CreateSession, SessionView } from "./types.js";
/** Sessions of a user. */
export declare class Sessions {
    #private;
    constructor(http: Http, settings: StreamSettings);
    /** Opens a session. Its token is told only once: whoever wants to come back keeps it. */
    open(session?: CreateSession, options?: KeyedCallOptions): Promise<Session>;
    /** A session that is there already. */
    attach(id: string, token?: string): Session;
    get(id: string, options?: CallOptions): Promise<SessionView>;
}
