import { randomId } from "../util/random.js";
import { sleep } from "../util/sleep.js";
import { everything } from "./lists.js";
/** Documents that runs draw on. */
export class Documents {
    #http;
    constructor(http) {
        this.#http = http;
    }
    list(query = {}, options = {}) {
        return this.#http.get("/knowledge/documents", { ...query }, options);
    }
    all(query = {}, options = {}) {
        return everything((page) => this.list({ ...query, page }, options));
    }
    get(id, options = {}) {
        return this.#http.get(`/knowledge/documents/${encodeURIComponent(id)}`, undefined, options);
    }
    /** Hands text in. It can be found once its `status` is `indexed`. */
    putText(document, options = {}) {
        return this.#http.create("/knowledge/documents", document, options);
    }
    /** Hands a file in. */
    putFile(document, options = {}) {
        const form = new FormData();
        for (const name of ["source", "title", "media_type"]) {
            const value = document[name];
            if (value !== undefined)
                form.set(name, value);
        }
        // The last part: the server knows all about it by then.
        form.set("file", document.file, document.name);
        const idempotencyKey = options.idempotencyKey ?? randomId();
        return this.#http.json({ method: "POST", path: "/knowledge/documents", body: form, idempotencyKey, signal: options.signal });
    }
    /** Waits until a document can be found, or cannot be read. */
    async settled(id, options = {}) {
        for (let pause = 100;; pause = Math.min(pause * 1.5, 2000)) {
            const document = await this.get(id, options);
            if (document.status !== "pending")
                return document;
            await sleep(pause, options.signal);
        }
    }
    async delete(id, options = {}) {
        await this.#http.send({ method: "DELETE", path: `/knowledge/documents/${encodeURIComponent(id)}`, signal: options.signal });
    }
}
