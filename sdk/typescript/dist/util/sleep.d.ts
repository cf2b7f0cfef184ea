/** Waits so many milliseconds, or until `wake` resolves; throws when the signal aborts. */
export declare function sleep(ms: number, signal?: AbortSignal, wake?: Promise<void>): Promise<void>;
