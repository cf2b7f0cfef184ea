// Hands files in and waits until they can be found: node examples/documents.mjs README.md
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { SbaClient } from "../dist/index.js";

const client = new SbaClient({ baseUrl: process.env.SBA_URL, token: process.env.SBA_TOKEN });
for (const path of process.argv.slice(2)) {
  const file = new Blob([await readFile(path)]);
  const taken = await client.documents.putFile({ file, name: basename(path), source: path });
  const { title, status, chunks, error } = await client.documents.settled(taken.document_id);
  console.log(`${path}: ${status}, “${title}”, ${chunks} passages${error ? `: ${error.message}` : ""}`);
}
