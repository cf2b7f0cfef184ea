import type { TabsPlatform } from "./platform.js";
/** What tabs must have in common to share what one of them is shown. */
export interface SharedWith {
    readonly baseUrl: string;
    readonly tenant: string | undefined;
    readonly user: string | undefined;
    readonly sessionToken: string | undefined;
    readonly run: string;
}
/**
 * The name of the lock and the channel. Tabs of another user, of another tenant, or without the session's token arrive at
 * another name: what one may see is never handed to the other. A hash, because names of channels are no secrets.
 */
export declare function sharedName(shared: SharedWith, platform: TabsPlatform): Promise<string>;
