export { SbaClient, type ClientOptions } from "./client.js";
export { Run, type Answer } from "./api/run.js";
export type { Runs, RunsQuery } from "./api/runs.js";
export { Session, type SessionStreamOptions } from "./api/session.js";
export type { Sessions } from "./api/sessions.js";
export type { Artifacts } from "./api/artifacts.js";
export type { Documents, DocumentFile } from "./api/documents.js";
export type { Tasks } from "./api/tasks.js";
export type { Schedules } from "./api/schedules.js";
export type * from "./api/types.js";
export type { components, operations, paths } from "./generated/openapi.js";

export { ApiError, ConnectionError, DecodeError, RejectedError, SbaError, StreamError, type FieldProblem } from "./errors.js";
export type { CallOptions, HttpOptions, KeyedCallOptions } from "./http/http.js";
export type { TokenProvider, TokenReason } from "./http/token.js";

export * from "./events/event.js";
export { fold, foldAll } from "./events/fold.js";
export { isLast, isTerminal } from "./events/terminal.js";
export { Order, type Verdict } from "./events/order.js";
export * from "./events/run-state.js";
export { stateOfView } from "./events/snapshot.js";

export type { CodecName } from "./codec/codec.js";
export { decodeCbor, encodeCbor } from "./codec/cbor.js";
export { decodeMsgpack, encodeMsgpack } from "./codec/msgpack.js";

export type { BackoffOptions } from "./util/backoff.js";
export type { StreamOptions } from "./stream/run-stream.js";
export type { ConnectionState } from "./stream/state.js";
export type { TransportName } from "./stream/transport.js";
export type { WebSocketClass, WebSocketLike } from "./stream/websocket-like.js";
export type { CommandOptions, SessionStream } from "./session/session-stream.js";
export type { Priority, SubscribeOptions } from "./session/subscription.js";
export type { AckPayload } from "./session/outbox.js";
