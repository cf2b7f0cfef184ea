/** One server-sent event. */
export interface ServerSentEvent {
    readonly id: string | undefined;
    readonly data: string;
}
/** Reads `text/event-stream`, however it is cut into chunks. */
export declare class SseParser {
    #private;
    /** The events that are whole now. */
    push(chunk: string): ServerSentEvent[];
}
