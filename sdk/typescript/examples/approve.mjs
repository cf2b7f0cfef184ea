// Lets the model choose its tools, and asks you whenever the run asks somebody: node examples/approve.mjs "Do something."
// A run asks for approval where the tenant's settings name the tool in `approve`.
import { createInterface } from "node:readline/promises";
import { SbaClient } from "../dist/index.js";

const terminal = createInterface({ input: process.stdin, output: process.stdout });
const client = new SbaClient({ baseUrl: process.env.SBA_URL, token: process.env.SBA_TOKEN });
const prompt = process.argv[2] ?? "Create a task to pay the invoice of Acme.";
const run = await client.runs.start({ prompt, workflow: "agentic" });
const asked = new Set();
for await (const state of run.states()) {
  for (const ask of state.asks.filter(({ askId }) => !asked.has(askId))) {
    asked.add(ask.askId);
    const call = ask.call ? ` ${ask.call.tool_name}(${JSON.stringify(ask.call.params)})` : "";
    const words = await terminal.question(`${ask.text}${call} > `);
    await run.answer({ ask_id: ask.askId, input: ask.kind === "approval" ? words.startsWith("y") : words });
  }
}
const { status, steps, error } = await run.state();
console.log(status, error ?? "", "\n" + steps.map((step) => `${step.name}: ${step.text}`).join("\n"));
terminal.close();
