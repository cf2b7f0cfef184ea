import type { CallOptions, Http, KeyedCallOptions } from "../http/http.js";
import type { StreamSettings } from "../stream/run-stream.js";
import { Run } from "./run.js";
import type { Page, PageQuery, RunSummary, StartRun } from "./types.js";
export interface RunsQuery extends PageQuery {
    readonly status?: string;
    readonly user_id?: string;
    readonly session_id?: string;
}
/** Runs of the tenant. */
export declare class Runs {
    #private;
    constructor(http: Http, settings: StreamSettings);
    /** Starts a run. It is stored when this resolves: from then on it is driven, whoever watches. */
    start(run: StartRun, options?: KeyedCallOptions): Promise<Run>;
    /** A run that is there already. `sessionToken` is that of the session that it belongs to, if it does. */
    open(id: string, sessionToken?: string): Run;
    /** One page of the runs, the newest first. */
    list(query?: RunsQuery, options?: CallOptions): Promise<Page<RunSummary>>;
    all(query?: Omit<RunsQuery, "page">, options?: CallOptions): AsyncGenerator<RunSummary, void>;
}
