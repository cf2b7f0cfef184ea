// Asks a question, shows the answer as it is written, and prints the report: node examples/ask.mjs "A question?"
import { SbaClient } from "../dist/index.js";

const client = new SbaClient({ baseUrl: process.env.SBA_URL, token: process.env.SBA_TOKEN });
const run = await client.runs.start({ prompt: process.argv[2] ?? "How does a run survive a crash?", options: { top_k: 4 } });
for await (const event of run.stream()) {
  if (event.type === "step_started") process.stdout.write(`\n[${event.payload.name}] `);
  if (event.type === "token") process.stdout.write(event.payload.text);
  if (event.type === "done") console.log(`\n${event.payload.status}`);
}
const { data } = await run.artifacts();
const report = data.find((artifact) => artifact.media_type === "text/markdown");
if (report) console.log(await (await client.artifacts.content(report.artifact_id)).text());
