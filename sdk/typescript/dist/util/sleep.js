import { abortReason } from "./abort.js";
/** Waits so many milliseconds, or until `wake` resolves; throws when the signal aborts. */
export function sleep(ms, signal, wake) {
    return new Promise((resolve, reject) => {
        if (signal?.aborted)
            return reject(abortReason(signal));
        const finish = () => {
            clearTimeout(timer);
            signal?.removeEventListener("abort", abort);
            resolve();
        };
        const abort = () => {
            clearTimeout(timer);
            reject(abortReason(signal));
        };
        const timer = setTimeout(finish, ms);
        signal?.addEventListener("abort", abort, { once: true });
        void wake?.then(finish);
    });
}
