import type { SbaError } from "../errors.js";
import type { TransportName } from "./transport.js";

/** How a stream's connection stands, for people to see. */
export type ConnectionState =
  | { readonly phase: "connecting"; readonly transport: TransportName; readonly attempt: number }
  | { readonly phase: "open"; readonly transport: TransportName }
  /** Another tab of the same browser has the connection. */
  | { readonly phase: "shared" }
  /** Cut off; the next attempt comes by itself. */
  | { readonly phase: "waiting"; readonly retryInMs: number; readonly attempt: number; readonly cause: SbaError }
  | { readonly phase: "closed"; readonly cause?: SbaError };
