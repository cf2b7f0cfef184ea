import { type RunMessage } from "./event.js";
/** What a message means for a viewer that has everything up to some position. */
export type Verdict = "next" | "repeat" | "hole";
/** Keeps the events of one run dense: nothing twice, nothing left out. */
export declare class Order {
    #private;
    constructor(after?: number);
    /** The last event that was taken: where a stream goes on from. */
    get seq(): number;
    /** Judges a message; the position moves if it is the next one. */
    take(message: RunMessage): Verdict;
    /** Takes back what could not be kept. */
    rewind(seq: number): void;
}
