// Who is signed in. The token lives in this tab only: sessionStorage goes with it, and other tabs do not see it.

import { SbaClient } from "../sdk/index.js";

const KEY = "sba.token";

/** Takes `#token=…` out of the address, before anything else can see or store it there. */
export function takeTokenFromAddress() {
  const found = /^#token=([^&]+)/.exec(location.hash);
  if (!found) return undefined;
  history.replaceState(null, "", `${location.pathname}${location.search}#/`);
  return decoded(found[1]);
}

/** A part of the address. Anybody may have written it, so it may be no part of one at all. */
export function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export function storedToken() {
  return sessionStorage.getItem(KEY) ?? undefined;
}

export function storeToken(token) {
  sessionStorage.setItem(KEY, token);
}

export function forgetToken() {
  sessionStorage.removeItem(KEY);
}

/** A client for this token, on the gateway that served the page. */
export function clientFor(token) {
  return new SbaClient({ baseUrl: location.origin, token });
}

/** What the token says of itself, for people to see whose it is. Rights are the server's business. */
export function claimsOf(token) {
  try {
    const part = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
    const claims = JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(part), (char) => char.charCodeAt(0))));
    return claims !== null && typeof claims === "object" ? claims : {};
  } catch {
    return {};
  }
}

/** Whether the text can be a token at all: anything else would break the requests that carry it. */
export function looksLikeToken(text) {
  return /^[\w-]+\.[\w-]+\.[\w-]+$/.test(text);
}
