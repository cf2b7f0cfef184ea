/** Calls back when a browser finds the network again; elsewhere never. The answer stops listening. */
export declare function onOnline(callback: () => void): () => void;
