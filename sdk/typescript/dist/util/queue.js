/** A bounded queue between one writer that cannot wait and one reader that may be slow. */
export class BoundedQueue {
    #capacity;
    #items = [];
    #head = 0;
    #ended;
    #wake;
    constructor(capacity) {
        this.#capacity = capacity;
    }
    get size() {
        return this.#items.length - this.#head;
    }
    /** Adds an item; answers whether there was room and somebody may still read it. */
    push(item) {
        if (this.#ended || this.size >= this.#capacity)
            return false;
        this.#items.push(item);
        this.#notify();
        return true;
    }
    /** Nothing follows. What is there is read before the error is. The first end counts. */
    end(error) {
        this.#ended ??= { error };
        this.#notify();
    }
    /** Forgets what was not read. */
    clear() {
        this.#items = [];
        this.#head = 0;
    }
    /** The next item, or undefined at the end. */
    async next() {
        for (;;) {
            if (this.size > 0)
                return this.#shift();
            if (this.#ended?.error)
                throw this.#ended.error;
            if (this.#ended)
                return undefined;
            await new Promise((resolve) => (this.#wake = resolve));
        }
    }
    #shift() {
        const item = this.#items[this.#head];
        this.#head += 1;
        // Shifting an array of thousands for each item would copy it each time.
        if (this.#head > 1024 && this.#head * 2 > this.#items.length) {
            this.#items = this.#items.slice(this.#head);
            this.#head = 0;
        }
        return item;
    }
    #notify() {
        this.#wake?.();
        this.#wake = undefined;
    }
}
