/** A bounded queue between one writer that cannot wait and one reader that may be slow. */
export declare class BoundedQueue<Item> {
    #private;
    constructor(capacity: number);
    get size(): number;
    /** Adds an item; answers whether there was room and somebody may still read it. */
    push(item: Item): boolean;
    /** Nothing follows. What is there is read before the error is. The first end counts. */
    end(error?: Error): void;
    /** Forgets what was not read. */
    clear(): void;
    /** The next item, or undefined at the end. */
    next(): Promise<Item | undefined>;
}
