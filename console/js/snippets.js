// A request as what people would type: curl, and the SDK.

/** One word for a POSIX shell, whatever is in it. */
export function shellWord(text) {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** The request for curl. Address and token stand in variables: what is copied is pasted where others see it. */
export function curlOf({ method, path, body, key, stream }) {
  const lines = [`curl${stream ? " -N" : " -s"} -H "Authorization: Bearer $SBA_TOKEN"`];
  if (stream) lines.push(`-H "Accept: text/event-stream"`);
  if (key) lines.push(`-H "Idempotency-Key: $(uuidgen)"`);
  if (body !== undefined) lines.push(`-H "Content-Type: application/json"`, `-d ${shellWord(JSON.stringify(body))}`);
  if (method !== "GET" && !(method === "POST" && body !== undefined)) lines.push(`-X ${method}`);
  // The path is quoted for what is in it; the variable before it must not be.
  lines.push(`"$SBA_URL"${shellWord(`/api/v1${path}`)}`);
  return lines.join(" \\\n  ");
}

const CLIENT = `import { SbaClient } from "@sba/sdk";

const client = new SbaClient({ baseUrl: process.env.SBA_URL, token: process.env.SBA_TOKEN });
`;

/** The same for the SDK. */
export function sdkOf(code) {
  return CLIENT + code;
}

/** A value as JavaScript. */
export function literal(value) {
  return JSON.stringify(value, null, 2);
}
