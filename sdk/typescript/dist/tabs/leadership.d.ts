import type { TabsPlatform } from "./platform.js";
/** A place in the queue for one lock: whoever holds it leads, and the browser passes it on when that tab goes. */
export declare class Leadership {
    #private;
    /** Resolves when this tab leads. */
    readonly elected: Promise<void>;
    constructor(name: string, platform: TabsPlatform);
    get leads(): boolean;
    /** Leaves the queue, or hands the lock on. */
    resign(): void;
}
