/** Everything in a list, page after page, as it is asked for. */
export async function* everything(page) {
    for (let number = 1;; number++) {
        const { data, meta } = await page(number);
        yield* data;
        if (!meta.has_next)
            return;
    }
}
