import { everything } from "./lists.js";
import { Run } from "./run.js";
/** Runs of the tenant. */
export class Runs {
    #http;
    #settings;
    constructor(http, settings) {
        this.#http = http;
        this.#settings = settings;
    }
    /** Starts a run. It is stored when this resolves: from then on it is driven, whoever watches. */
    async start(run, options = {}) {
        const started = await this.#http.create("/runs", run, options);
        return new Run(this.#http, this.#settings, started.run_id, { started });
    }
    /** A run that is there already. `sessionToken` is that of the session that it belongs to, if it does. */
    open(id, sessionToken) {
        return new Run(this.#http, this.#settings, id, { sessionToken });
    }
    /** One page of the runs, the newest first. */
    list(query = {}, options = {}) {
        return this.#http.get("/runs", { ...query }, options);
    }
    all(query = {}, options = {}) {
        return everything((page) => this.list({ ...query, page }, options));
    }
}
