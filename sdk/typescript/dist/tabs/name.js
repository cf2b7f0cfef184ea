/**
 * The name of the lock and the channel. Tabs of another user, of another tenant, or without the session's token arrive at
 * another name: what one may see is never handed to the other. A hash, because names of channels are no secrets.
 */
export async function sharedName(shared, platform) {
    const parts = [shared.baseUrl, shared.tenant, shared.user, shared.sessionToken ?? null, shared.run];
    const digest = await platform.digest(new TextEncoder().encode(JSON.stringify(parts)));
    return `sba-${Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
