import type { RunMessage } from "../events/event.js";
import { type RunState } from "../events/run-state.js";
import type { CallOptions, Http, KeyedCallOptions } from "../http/http.js";
import { type StreamOptions, type StreamSettings } from "../stream/run-stream.js";
import type { ArtifactView, Commanded, Page, PageQuery, RunView, Started } from "./types.js";
/** What a run is asked with. */
export interface Answer {
    /** The question; the oldest one where none is named. */
    readonly ask_id?: string;
    /** Words, one of the options, or for an approval a boolean or `{approved, comment}`. */
    readonly input: unknown;
}
/** One run: what may be asked of it and done to it. */
export declare class Run {
    #private;
    readonly id: string;
    /** What the API said when it was started; undefined for a run that was found by its id. */
    readonly started: Started | undefined;
    constructor(http: Http, settings: StreamSettings, id: string, extra?: {
        started?: Started;
        sessionToken?: string | undefined;
    });
    /** The run as it stands. */
    view(options?: CallOptions): Promise<RunView>;
    /** The same, in the form in which {@link states} gives it. */
    state(options?: CallOptions): Promise<RunState>;
    /** Every message of the run once and in order, until its end, whatever becomes of connections in between. */
    stream(options?: StreamOptions): AsyncGenerator<RunMessage, void>;
    /** The run after each of its messages. */
    states(options?: Omit<StreamOptions, "after">): AsyncGenerator<RunState, void>;
    /** Waits for its end. */
    finished(options?: Omit<StreamOptions, "after">): Promise<RunState>;
    /** Answers what it asks. */
    answer(answer: Answer, options?: KeyedCallOptions): Promise<Commanded>;
    cancel(reason?: string, options?: KeyedCallOptions): Promise<Commanded>;
    pause(options?: KeyedCallOptions): Promise<Commanded>;
    resume(options?: KeyedCallOptions): Promise<Commanded>;
    /** Starts a new run with the results of this one, up to a step. */
    fork(atStep: number, options?: KeyedCallOptions): Promise<Run>;
    /** A page of what it made. */
    artifacts(query?: PageQuery, options?: CallOptions): Promise<Page<ArtifactView>>;
}
