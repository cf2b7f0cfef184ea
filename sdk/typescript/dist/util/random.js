/** A version 4 UUID. `crypto.randomUUID` is missing where a page was not loaded securely. */
export function randomId() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    const hex = Array.from(bytes, (byte, at) => {
        if (at === 6)
            return ((byte & 0x0f) | 0x40).toString(16);
        if (at === 8)
            return ((byte & 0x3f) | 0x80).toString(16);
        return byte.toString(16).padStart(2, "0");
    }).join("");
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
