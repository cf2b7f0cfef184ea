import { isMap } from "../events/message.js";

/** What a JWT says, unverified: good for planning a renewal, never for a decision about rights. */
export interface Claims {
  readonly exp?: number;
  readonly tenant_id?: string;
  readonly user_id?: string;
}

/** Reads the middle part of a JWT. Of what is no JWT nothing is known. */
export function claimsOf(token: string): Claims {
  const part = token.split(".")[1];
  if (part === undefined) return {};
  try {
    const claims: unknown = JSON.parse(decodeBase64Url(part));
    if (!isMap(claims)) return {};
    const { exp, tenant_id, user_id } = claims;
    return {
      ...(typeof exp === "number" ? { exp } : {}),
      ...(typeof tenant_id === "string" ? { tenant_id } : {}),
      ...(typeof user_id === "string" ? { user_id } : {}),
    };
  } catch {
    return {};
  }
}

function decodeBase64Url(text: string): string {
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return new TextDecoder().decode(Uint8Array.from(binary, (char) => char.charCodeAt(0)));
}
