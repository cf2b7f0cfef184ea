/** The platform's means, or nothing where some are missing: then each tab has a connection of its own. */
export function tabsPlatform() {
    const { navigator, BroadcastChannel, crypto } = globalThis;
    // Node has channels and, in newer versions, locks too, but no tabs.
    if (typeof globalThis.document === "undefined")
        return undefined;
    if (!navigator?.locks || typeof BroadcastChannel !== "function" || !crypto?.subtle)
        return undefined;
    return { locks: navigator.locks, BroadcastChannel, digest: (bytes) => crypto.subtle.digest("SHA-256", bytes) };
}
