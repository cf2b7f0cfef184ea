import type { TokenSource } from "./token.js";

/** What every part of a client shares. */
export interface Connection {
  /** Of the gateway, without a slash at the end. */
  readonly baseUrl: string;
  readonly tokens: TokenSource;
  readonly fetch: typeof globalThis.fetch;
}

/** The address of an API path, with those parameters that are set. */
export function urlOf(baseUrl: string, path: string, query: Query = {}): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null) parameters.set(name, String(value));
  }
  const text = parameters.toString();
  return `${baseUrl}/api/v1${path}${text === "" ? "" : `?${text}`}`;
}

export type Query = Readonly<Record<string, string | number | boolean | null | undefined>>;
