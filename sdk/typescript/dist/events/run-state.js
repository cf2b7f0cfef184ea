const NOTHING_USED = { input_tokens: 0, output_tokens: 0 };
/** A run of which nothing is known yet. */
export function emptyRun(run) {
    return { run, status: "created", seq: 0, attempt: 0, steps: [], asks: [], artifacts: [], usage: NOTHING_USED, notices: [] };
}
