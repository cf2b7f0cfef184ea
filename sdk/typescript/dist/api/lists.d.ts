import type { Page } from "./types.js";
/** Everything in a list, page after page, as it is asked for. */
export declare function everything<Item>(page: (number: number) => Promise<Page<Item>>): AsyncGenerator<Item, void>;
