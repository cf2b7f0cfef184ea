import { isMap } from "../events/message.js";
/** Reads the middle part of a JWT. Of what is no JWT nothing is known. */
export function claimsOf(token) {
    const part = token.split(".")[1];
    if (part === undefined)
        return {};
    try {
        const claims = JSON.parse(decodeBase64Url(part));
        if (!isMap(claims))
            return {};
        const { exp, tenant_id, user_id } = claims;
        return {
            ...(typeof exp === "number" ? { exp } : {}),
            ...(typeof tenant_id === "string" ? { tenant_id } : {}),
            ...(typeof user_id === "string" ? { user_id } : {}),
        };
    }
    catch {
        return {};
    }
}
function decodeBase64Url(text) {
    const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    return new TextDecoder().decode(Uint8Array.from(binary, (char) => char.charCodeAt(0)));
}
