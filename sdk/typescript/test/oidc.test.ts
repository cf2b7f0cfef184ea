import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { SbaClient } from "../dist/index.js";
import { Installation, SBA } from "./support/installation.js";
import { IdentityProvider } from "./support/provider.js";

const AUDIENCE = "https://sba.example";

describe("a real OpenID Connect provider", { skip: SBA === undefined ? "SBA_BIN names no program" : false }, () => {
  let sba: Installation;
  let provider: IdentityProvider;
  before(async () => {
    provider = await IdentityProvider.start();
    process.env["SBA_AUTH__ISSUERS"] = `[{issuer="${provider.issuer}", audiences=["${AUDIENCE}"], tenant_claim="org.id", roles={"org:member"="member"}}]`;
    process.env["SBA_AUTH__JWKS_RETRY_SECONDS"] = "1";
    sba = await Installation.start();
    const operator = new SbaClient({ baseUrl: sba.url, token: await sba.token() });
    await operator.createTenant({ name: "Acme", external_ids: [{ issuer: provider.issuer, id: "org_1" }] });
  });
  after(async () => {
    provider?.stop();
    await sba?.stop();
  });

  const client = (token: string): SbaClient => new SbaClient({ baseUrl: sba.url, token });

  for (const algorithm of ["ES256", "RS256"] as const) {
    test(`its tokens are taken, signed with ${algorithm}, for their tenant and with their roles`, async () => {
      const machine = client(await provider.token(AUDIENCE, algorithm));
      const run = await machine.runs.start({ prompt: "Who am I?" });
      assert.equal((await run.view()).run_id, run.id);
      await assert.rejects(machine.createTenant({ name: "Mine" }), { name: "ApiError", code: "forbidden" });
    });
  }

  test("a token for somebody else is refused", async () => {
    const token = await provider.token("https://other.example", "ES256");
    await assert.rejects(client(token).runs.list(), { name: "ApiError", code: "unauthenticated" });
  });

  test("a key that it takes back is good for nothing, and its new one for all", async () => {
    const old = client(await provider.token(AUDIENCE, "ES256"));
    await old.runs.list();
    provider.rotate();
    const fresh = client(await provider.token(AUDIENCE, "ES256"));
    const deadline = Date.now() + 10_000;
    while (!(await fresh.runs.list().then(() => true, () => false))) {
      assert.ok(Date.now() < deadline, "the new key is never taken");
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await assert.rejects(old.runs.list(), { name: "ApiError", code: "unauthenticated" });
  });
});
