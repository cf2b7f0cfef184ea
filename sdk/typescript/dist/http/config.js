/** The address of an API path, with those parameters that are set. */
export function urlOf(baseUrl, path, query = {}) {
    const parameters = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) {
        if (value !== undefined && value !== null)
            parameters.set(name, String(value));
    }
    const text = parameters.toString();
    return `${baseUrl}/api/v1${path}${text === "" ? "" : `?${text}`}`;
}
