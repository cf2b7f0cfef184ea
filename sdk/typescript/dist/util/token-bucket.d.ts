/** Lets so many through at once, and so many a second in the long run. */
export declare class TokenBucket {
    #private;
    constructor(perSecond: number, burst: number, now?: () => number);
    /** Takes one where there is one; otherwise says after how many milliseconds there will be. */
    take(): number;
    /** Takes everything: the server found that there were too many. */
    drain(): void;
}
