import { DecodeError } from "../errors.js";
/** More than any event of SBA has. A server that sends no line end must not fill the memory. */
const MAX_EVENT_CHARS = 16 * 1024 * 1024;
/** Reads `text/event-stream`, however it is cut into chunks. */
export class SseParser {
    #rest = "";
    #data = [];
    #size = 0;
    #id;
    #begun = false;
    /** The events that are whole now. */
    push(chunk) {
        this.#rest += this.#begun ? chunk : chunk.replace(/^\uFEFF/, "");
        this.#begun ||= chunk !== "";
        const events = [];
        const lines = this.#rest.split(/\r\n|\n|\r(?!$)/);
        this.#rest = lines.pop() ?? "";
        for (const line of lines)
            this.#line(line, events);
        if (this.#rest.length + this.#size > MAX_EVENT_CHARS)
            throw new DecodeError("an event is too large");
        return events;
    }
    #line(line, events) {
        if (line === "")
            return this.#dispatch(events);
        const colon = line.indexOf(":");
        // A comment: a sign of life, which the caller has noticed by the bytes.
        if (colon === 0)
            return;
        const field = colon < 0 ? line : line.slice(0, colon);
        const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
        if (field === "data") {
            this.#data.push(value);
            this.#size += value.length;
        }
        else if (field === "id" && !value.includes("\0"))
            this.#id = value;
    }
    #dispatch(events) {
        if (this.#data.length > 0)
            events.push({ id: this.#id, data: this.#data.join("\n") });
        this.#data = [];
        this.#size = 0;
    }
}
