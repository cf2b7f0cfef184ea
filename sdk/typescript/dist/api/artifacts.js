import { everything } from "./lists.js";
/** What runs made. */
export class Artifacts {
    #http;
    constructor(http) {
        this.#http = http;
    }
    list(query = {}, options = {}) {
        return this.#http.get("/artifacts", { ...query }, options);
    }
    all(query = {}, options = {}) {
        return everything((page) => this.list({ ...query, page }, options));
    }
    get(id, options = {}) {
        return this.#http.get(`/artifacts/${encodeURIComponent(id)}`, undefined, options);
    }
    /** Downloads one. It is made of documents and a model's words: show it as text, or in a sandbox. */
    async content(id, format, options = {}) {
        const path = `/artifacts/${encodeURIComponent(id)}/content`;
        const response = await this.#http.send({ method: "GET", path, query: { format }, signal: options.signal });
        return response.blob();
    }
}
