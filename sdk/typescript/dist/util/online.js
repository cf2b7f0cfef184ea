/** Calls back when a browser finds the network again; elsewhere never. The answer stops listening. */
export function onOnline(callback) {
    if (typeof globalThis.addEventListener !== "function")
        return () => { };
    globalThis.addEventListener("online", callback);
    return () => globalThis.removeEventListener("online", callback);
}
