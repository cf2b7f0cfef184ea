/** A bounded queue between one writer that cannot wait and one reader that may be slow. */
export class BoundedQueue<Item> {
  readonly #capacity: number;
  #items: Item[] = [];
  #head = 0;
  #ended: { readonly error: Error | undefined } | undefined;
  #wake: (() => void) | undefined;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#items.length - this.#head;
  }

  /** Adds an item; answers whether there was room and somebody may still read it. */
  push(item: Item): boolean {
    if (this.#ended || this.size >= this.#capacity) return false;
    this.#items.push(item);
    this.#notify();
    return true;
  }

  /** Nothing follows. What is there is read before the error is. The first end counts. */
  end(error?: Error): void {
    this.#ended ??= { error };
    this.#notify();
  }

  /** Forgets what was not read. */
  clear(): void {
    this.#items = [];
    this.#head = 0;
  }

  /** The next item, or undefined at the end. */
  async next(): Promise<Item | undefined> {
    for (;;) {
      if (this.size > 0) return this.#shift();
      if (this.#ended?.error) throw this.#ended.error;
      if (this.#ended) return undefined;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  #shift(): Item {
    const item = this.#items[this.#head] as Item;
    this.#head += 1;
    // Shifting an array of thousands for each item would copy it each time.
    if (this.#head > 1024 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  #notify(): void {
    this.#wake?.();
    this.#wake = undefined;
  }
}
