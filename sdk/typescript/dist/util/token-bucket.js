/** Lets so many through at once, and so many a second in the long run. */
export class TokenBucket {
    #perSecond;
    #burst;
    #now;
    #tokens;
    #filledAt;
    constructor(perSecond, burst, now = () => performance.now()) {
        this.#perSecond = perSecond;
        this.#burst = burst;
        this.#now = now;
        this.#tokens = burst;
        this.#filledAt = now();
    }
    /** Takes one where there is one; otherwise says after how many milliseconds there will be. */
    take() {
        const now = this.#now();
        this.#tokens = Math.min(this.#burst, this.#tokens + ((now - this.#filledAt) / 1000) * this.#perSecond);
        this.#filledAt = now;
        if (this.#tokens >= 1) {
            this.#tokens -= 1;
            return 0;
        }
        return Math.ceil(((1 - this.#tokens) / this.#perSecond) * 1000);
    }
    /** Takes everything: the server found that there were too many. */
    drain() {
        this.#tokens = 0;
        this.#filledAt = this.#now();
    }
}
