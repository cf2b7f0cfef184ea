/** What sharing between tabs takes of the browser. All of it is there only where a page was loaded securely. */
export interface TabsPlatform {
    readonly locks: LockManager;
    readonly BroadcastChannel: typeof globalThis.BroadcastChannel;
    readonly digest: (bytes: Uint8Array<ArrayBuffer>) => Promise<ArrayBuffer>;
}
/** The platform's means, or nothing where some are missing: then each tab has a connection of its own. */
export declare function tabsPlatform(): TabsPlatform | undefined;
