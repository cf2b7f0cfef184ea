/** Why a signal was aborted, as an error that can be thrown. */
export declare function abortReason(signal: AbortSignal): Error;
/** A signal that aborts when any of these does. */
export declare function anySignal(...signals: (AbortSignal | undefined)[]): AbortSignal;
