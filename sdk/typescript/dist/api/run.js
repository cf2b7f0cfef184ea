import { fold } from "../events/fold.js";
import { emptyRun } from "../events/run-state.js";
import { stateOfView } from "../events/snapshot.js";
import { streamRun } from "../stream/run-stream.js";
/** One run: what may be asked of it and done to it. */
export class Run {
    id;
    /** What the API said when it was started; undefined for a run that was found by its id. */
    started;
    #http;
    #settings;
    #sessionToken;
    constructor(http, settings, id, extra = {}) {
        this.id = id;
        this.started = extra.started;
        this.#http = http;
        this.#settings = settings;
        this.#sessionToken = extra.sessionToken;
    }
    /** The run as it stands. */
    view(options = {}) {
        return this.#http.get(this.#path(), undefined, options);
    }
    /** The same, in the form in which {@link states} gives it. */
    async state(options = {}) {
        return stateOfView(await this.view(options));
    }
    /** Every message of the run once and in order, until its end, whatever becomes of connections in between. */
    stream(options = {}) {
        return streamRun(this.#http, this.#settings, this.id, this.#sessionToken, options);
    }
    /** The run after each of its messages. */
    async *states(options = {}) {
        let state = emptyRun(this.id);
        for await (const message of this.stream(options)) {
            state = fold(state, message);
            yield state;
        }
    }
    /** Waits for its end. */
    async finished(options = {}) {
        let last = emptyRun(this.id);
        for await (const state of this.states(options))
            last = state;
        return last;
    }
    /** Answers what it asks. */
    answer(answer, options = {}) {
        return this.#http.create(this.#path("/continue"), answer, options);
    }
    cancel(reason, options = {}) {
        return this.#http.create(this.#path("/cancel"), reason === undefined ? {} : { reason }, options);
    }
    pause(options = {}) {
        return this.#http.create(this.#path("/pause"), {}, options);
    }
    resume(options = {}) {
        return this.#http.create(this.#path("/resume"), {}, options);
    }
    /** Starts a new run with the results of this one, up to a step. */
    async fork(atStep, options = {}) {
        const started = await this.#http.create(this.#path("/fork"), { at_step: atStep }, options);
        return new Run(this.#http, this.#settings, started.run_id, { started, sessionToken: this.#sessionToken });
    }
    /** A page of what it made. */
    artifacts(query = {}, options = {}) {
        return this.#http.get("/artifacts", { run_id: this.id, ...query }, options);
    }
    #path(rest = "") {
        return `/runs/${encodeURIComponent(this.id)}${rest}`;
    }
}
