import { everything } from "./lists.js";
/** Tasks of people, which runs create and change too. */
export class Tasks {
    #http;
    constructor(http) {
        this.#http = http;
    }
    list(query = {}, options = {}) {
        return this.#http.get("/tasks", { ...query }, options);
    }
    all(query = {}, options = {}) {
        return everything((page) => this.list({ ...query, page }, options));
    }
    get(id, options = {}) {
        return this.#http.get(`/tasks/${encodeURIComponent(id)}`, undefined, options);
    }
    create(task, options = {}) {
        return this.#http.create("/tasks", task, options);
    }
    /** Changes what is named; `null` takes a value away. */
    update(id, change, options = {}) {
        return this.#http.json({ method: "PATCH", path: `/tasks/${encodeURIComponent(id)}`, body: change, signal: options.signal });
    }
    complete(id, options = {}) {
        return this.#http.json({ method: "POST", path: `/tasks/${encodeURIComponent(id)}/complete`, signal: options.signal });
    }
}
