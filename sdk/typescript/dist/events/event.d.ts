/** What a run says, as docs/wire-format.md lists it. Types and fields that are not listed here are passed on unread. */
export type RunStatus = "created" | "running" | "waiting_tool" | "waiting_input" | "paused" | "cancelling" | "completed" | "failed" | "cancelled";
export interface Failure {
    readonly code: string;
    readonly message: string;
}
export interface Usage {
    readonly input_tokens: number;
    readonly output_tokens: number;
    readonly cost_micros?: number;
}
export interface AskedCall {
    readonly tool_name: string;
    readonly params: unknown;
}
/** Payloads by the type of their event. */
export interface Payloads {
    created: {
        readonly tenant_id: string;
        readonly user_id?: string;
        readonly session_id?: string;
        readonly workflow: string;
        readonly prompt: string;
        readonly options: Readonly<Record<string, unknown>>;
        readonly fork_of?: {
            readonly run: string;
            readonly step: number;
        };
        readonly schedule?: {
            readonly schedule_id: string;
            readonly at: number;
        };
        readonly call?: AskedCall;
    };
    attempt: {
        readonly instance: string;
        readonly restarts_step?: number;
    };
    status: {
        readonly status: RunStatus;
        readonly reason?: string;
        readonly until?: number;
    };
    step_started: {
        readonly kind: string;
        readonly name: string;
        readonly input: unknown;
    };
    token: {
        readonly text: string;
        readonly index: number;
        readonly count: number;
    };
    tool_request: AskedCall & {
        readonly call_id: string;
        readonly effect: string;
    };
    tool_result: {
        readonly call_id: string;
        readonly tool_name: string;
        readonly success: boolean;
        readonly result: unknown;
        readonly error?: Failure;
        readonly duration_ms: number;
    };
    input_request: {
        readonly ask_id: string;
        readonly kind: "approval" | "question";
        readonly text: string;
        readonly options?: readonly string[];
        readonly expires_at?: number;
        readonly call?: AskedCall;
    };
    input_result: {
        readonly ask_id: string;
        readonly user_id?: string;
        readonly answer: unknown;
    };
    step_finished: {
        readonly status: "completed" | "failed" | "cancelled";
        readonly output: unknown;
        readonly usage?: Usage;
        readonly error?: Failure;
    };
    artifact: {
        readonly artifact_id: string;
        readonly title: string;
        readonly media_type: string;
        readonly bytes: number;
        readonly url: string;
        readonly citations: number;
    };
    error: Failure;
    refused: {
        readonly verb: string;
        readonly reason: Failure;
    };
    stalled: {
        readonly reason: string;
        readonly since: number;
        readonly count: number;
    };
    done: {
        readonly run_id: string;
        readonly status: "completed" | "failed" | "cancelled";
        readonly usage: Usage;
        readonly error?: Failure;
        readonly unconfirmed?: readonly string[];
    };
}
interface Envelope<Type extends string, Payload> {
    readonly v: number;
    readonly type: Type;
    readonly run: string;
    readonly step?: number;
    readonly attempt: number;
    /** Position in the run's log, from 1, without gaps. */
    readonly seq: number;
    /** Milliseconds since 1970, UTC. */
    readonly ts: number;
    readonly cause?: string;
    readonly payload: Payload;
}
/** An event of a type that this SDK knows. */
export type KnownEvent = {
    [Type in keyof Payloads]: Envelope<Type, Payloads[Type]>;
}[keyof Payloads];
/** An event as it is stored. A newer server may say types that are not in {@link Payloads}: pass over them. */
export type RunEvent = KnownEvent;
/** The run as it stood at `payload.seq`. It replaces everything that is known of it. */
export interface SnapshotMessage {
    readonly type: "snapshot";
    readonly run: string;
    readonly payload: {
        readonly seq: number;
        readonly run: Readonly<Record<string, unknown>>;
    };
}
/** These events are no longer there; a snapshot follows. */
export interface GapMessage {
    readonly type: "gap";
    readonly run: string;
    readonly payload: {
        readonly from: number;
        readonly to: number;
    };
}
/** What a viewer of a run gets, in order. */
export type RunMessage = RunEvent | SnapshotMessage | GapMessage;
/** Whether a message is an event of the log, and not a stand-in for events that are gone. */
export declare function isEvent(message: RunMessage): message is RunEvent;
export {};
