import type { AskedCall, Failure, RunStatus, Usage } from "./event.js";
/** A run as its events tell it. Never changed in place: a new state shares with the old what stayed the same. */
export interface RunState {
    readonly run: string;
    readonly status: RunStatus;
    /** Why it is paused, and until when in milliseconds since 1970, where the run says so. */
    readonly reason?: string;
    readonly until?: number;
    readonly workflow?: string;
    readonly prompt?: string;
    readonly options?: Readonly<Record<string, unknown>>;
    readonly sessionId?: string;
    /** The last event that is part of this. */
    readonly seq: number;
    readonly attempt: number;
    readonly steps: readonly StepState[];
    /** Questions that are open, the oldest first. */
    readonly asks: readonly AskState[];
    readonly artifacts: readonly ArtifactState[];
    readonly usage: Usage;
    readonly error?: Failure;
    /** Commands that were refused, and errors that did not end the run. */
    readonly notices: readonly NoticeState[];
    /** Events that are not there any more, where some are. */
    readonly gap?: {
        readonly from: number;
        readonly to: number;
    };
    /** Milliseconds since 1970. */
    readonly createdAt?: number;
    readonly endedAt?: number;
}
export interface StepState {
    readonly number: number;
    readonly kind: string;
    readonly name: string;
    readonly status: "running" | "completed" | "failed" | "cancelled";
    readonly input: unknown;
    readonly output?: unknown;
    /** What was said in it; what a superseded attempt said is dropped. */
    readonly text: string;
    readonly calls: readonly CallState[];
    readonly usage?: Usage;
    readonly error?: Failure;
    readonly startedAt?: number;
    readonly endedAt?: number;
}
export interface CallState {
    readonly callId: string;
    readonly toolName: string;
    readonly params: unknown;
    /** Undefined while it is under way. */
    readonly success?: boolean;
    readonly result?: unknown;
    readonly error?: Failure;
    readonly durationMs?: number;
}
export interface AskState {
    readonly askId: string;
    readonly kind: string;
    readonly text: string;
    readonly options: readonly string[];
    readonly step?: number;
    /** Milliseconds since 1970. */
    readonly expiresAt?: number;
    readonly call?: AskedCall;
}
export interface ArtifactState {
    readonly artifactId: string;
    readonly title: string;
    readonly mediaType: string;
    readonly bytes: number;
    readonly url: string;
    readonly citations: number;
}
export interface NoticeState {
    readonly seq: number;
    readonly kind: "error" | "refused" | "stalled";
    readonly text: string;
    readonly code: string;
}
/** A run of which nothing is known yet. */
export declare function emptyRun(run: string): RunState;
