// Several runs at once, on one socket: node examples/many.mjs "One question?" "Another question?"
import { SbaClient } from "../dist/index.js";

const client = new SbaClient({ baseUrl: process.env.SBA_URL, token: process.env.SBA_TOKEN });
const session = await client.sessions.open({ ttl_seconds: 600 });
const stream = session.stream({ onState: (state) => console.log("connection:", state.phase) });

async function watch(prompt) {
  const run = await session.start({ prompt, options: { top_k: 3 } });
  let words = 0;
  for await (const event of stream.subscribe(run.id)) {
    if (event.type === "token") words += event.payload.count;
    if (event.type === "done") console.log(`${event.payload.status}: ${prompt} (${words} tokens)`);
  }
}

await Promise.all((process.argv.length > 2 ? process.argv.slice(2) : ["What is a run?", "What is a fence?"]).map(watch));
stream.close();
