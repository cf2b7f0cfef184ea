import { generateKeyPairSync, type JsonWebKey } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Provider } from "oidc-provider";

const SECRET = "of this machine alone";

/** A real OpenID Connect provider, whose clients are machines and whose tokens are JWTs. */
export class IdentityProvider {
  readonly issuer: string;
  readonly #server: Server;
  #provider: Provider;

  static async start(): Promise<IdentityProvider> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new IdentityProvider(server);
  }

  private constructor(server: Server) {
    this.issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    this.#server = server;
    this.#provider = this.#made("1");
    server.on("request", (request, response) => this.#provider.callback()(request, response));
  }

  /** Goes on with other keys, and without those that it had. */
  rotate(): void {
    this.#provider = this.#made("2");
  }

  /** A token of a machine for this audience, signed so. */
  async token(audience: string, algorithm: "ES256" | "RS256"): Promise<string> {
    const answer = await fetch(`${this.issuer}/token`, {
      method: "POST",
      headers: { authorization: `Basic ${btoa(`machine-${algorithm}:${encodeURIComponent(SECRET)}`)}` },
      body: new URLSearchParams({ grant_type: "client_credentials", resource: audience, scope: "api" }),
    });
    const said = (await answer.json()) as { access_token?: string };
    if (said.access_token === undefined) throw new Error(JSON.stringify(said));
    return said.access_token;
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #made(edition: string): Provider {
    const machine = (algorithm: string): object => ({
      client_id: `machine-${algorithm}`,
      client_secret: SECRET,
      grant_types: ["client_credentials"],
      redirect_uris: [],
      response_types: [],
    });
    const server = (context: { oidc: { client: { clientId: string } } }, audience: string): object => ({
      scope: "api",
      audience,
      accessTokenFormat: "jwt",
      jwt: { sign: { alg: context.oidc.client.clientId.replace("machine-", "") } },
    });
    return new Provider(this.issuer, {
      clients: ["ES256", "RS256"].map(machine),
      features: {
        devInteractions: { enabled: false },
        clientCredentials: { enabled: true },
        resourceIndicators: { enabled: true, getResourceServerInfo: server },
      },
      ttl: { ClientCredentials: 600 },
      extraTokenClaims: () => ({ org: { id: "org_1" }, roles: ["org:member"] }),
      jwks: { keys: [key("ES256", edition), key("RS256", edition)] },
    });
  }
}

/** A new key that signs so. */
function key(algorithm: "ES256" | "RS256", edition: string): JsonWebKey {
  const pair = algorithm === "ES256" ? generateKeyPairSync("ec", { namedCurve: "P-256" }) : generateKeyPairSync("rsa", { modulusLength: 2048 });
  return { ...pair.privateKey.export({ format: "jwk" }), alg: algorithm, kid: `${algorithm}-${edition}`, use: "sig" };
}
