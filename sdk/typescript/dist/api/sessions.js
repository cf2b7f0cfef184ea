import { Session } from "./session.js";
/** Sessions of a user. */
export class Sessions {
    #http;
    #settings;
    constructor(http, settings) {
        this.#http = http;
        this.#settings = settings;
    }
    /** Opens a session. Its token is told only once: whoever wants to come back keeps it. */
    async open(session = {}, options = {}) {
        const created = await this.#http.create("/sessions", session, options);
        return this.attach(created.session_id, created.session_token ?? undefined);
    }
    /** A session that is there already. */
    attach(id, token) {
        return new Session(this.#http, this.#settings, id, token);
    }
    get(id, options = {}) {
        return this.#http.get(`/sessions/${encodeURIComponent(id)}`, undefined, options);
    }
}
