/**
 * An app of several tenants: two keys that two entrypoints know by the same names.
 * @module
 */
import type { App, Runner } from "../../mod.ts";
import type { Entrypoint, HostOptions } from "../../src/hosting/entrypoint.ts";
import { createHost } from "../../src/hosting/host.ts";
import type { Answer } from "./foreign_client.ts";

/** Owner of what is kept: a key of an entrypoint. */
export interface Tenant {
  readonly prefix: string;
  readonly key: string;
}

const PREFIXES = ["/a/v1", "/b/v1"];
const KEYS = ["ann", "bob"];

/** All tenants; each differs from each other in key, entrypoint or both. */
export const TENANTS: readonly Tenant[] = PREFIXES.flatMap((prefix) =>
  KEYS.map((name) => ({ prefix, key: `sk-${name}` }))
);

/** One runner for all tenants. */
export function appOfTenants(
  runner: Runner,
  { entrypoint, ...options }: Omit<HostOptions, "entrypoints"> & {
    readonly entrypoint?: Partial<Entrypoint>;
  } = {},
): App {
  const apiKeys = KEYS.map((name) => ({ name, key: `sk-${name}` }));
  return createHost({
    logger: { log() {} },
    ...options,
    entrypoints: PREFIXES.map((prefix) => ({
      prefix,
      models: { agent: runner },
      apiKeys,
      ...entrypoint,
    })),
  });
}

/** What a tenant sends. */
export interface Sent {
  /** @default "POST" with a body, else "GET" */
  readonly method?: string;
  /** Below the tenant's prefix. */
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Sends a request, not waiting for the end of the answer. */
export function request(
  app: App,
  tenant: Tenant,
  { path, body, headers, method = body === undefined ? "GET" : "POST" }: Sent,
): Promise<Response> {
  return Promise.resolve(app.fetch(
    new Request(`http://localhost${tenant.prefix}${path}`, {
      method,
      headers: {
        "content-type": "application/json",
        authorization: `Bearer ${tenant.key}`,
        ...headers,
      },
      body: body === undefined ? null : JSON.stringify(body),
    }),
  ));
}

/** Sends a request and reads the answer to its end. */
export async function send(app: App, tenant: Tenant, sent: Sent): Promise<Answer> {
  const { status, headers, body } = await request(app, tenant, sent);
  return { status, headers, text: body ? await new Response(body).text() : "" };
}
