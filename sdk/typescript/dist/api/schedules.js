import { everything } from "./lists.js";
/** What starts runs by the clock. */
export class Schedules {
    #http;
    constructor(http) {
        this.#http = http;
    }
    list(query = {}, options = {}) {
        return this.#http.get("/schedules", { ...query }, options);
    }
    all(query = {}, options = {}) {
        return everything((page) => this.list({ ...query, page }, options));
    }
    get(id, options = {}) {
        return this.#http.get(this.#path(id), undefined, options);
    }
    create(schedule, options = {}) {
        return this.#http.create("/schedules", schedule, options);
    }
    pause(id, options = {}) {
        return this.#http.json({ method: "POST", path: `${this.#path(id)}/pause`, signal: options.signal });
    }
    resume(id, options = {}) {
        return this.#http.json({ method: "POST", path: `${this.#path(id)}/resume`, signal: options.signal });
    }
    async delete(id, options = {}) {
        await this.#http.send({ method: "DELETE", path: this.#path(id), signal: options.signal });
    }
    #path(id) {
        return `/schedules/${encodeURIComponent(id)}`;
    }
}
