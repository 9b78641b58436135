/**
 * The OpenAI package: loaded on first use, deaf to its environment variables.
 * @module
 */
import type OpenAI from "openai";
import type { Fetch } from "./backend_fetch.ts";

/** The package as a module. */
export type Sdk = typeof import("openai");

let loading: Promise<Sdk> | undefined;

/** The package, loaded once for all backends: it takes some 40 ms. */
export function loadSdk(): Promise<Sdk> {
  return loading ??= import("openai").catch((error) => {
    loading = undefined;
    throw error;
  });
}

/** What a client is made of. */
export interface ClientOptions {
  /** Without a slash at its end. */
  readonly baseURL: string;
  /** Absent or empty: no `Authorization` header. */
  readonly apiKey: string | undefined;
  /** Sent with every request. */
  readonly headers: Readonly<Record<string, string>> | undefined;
  /** Further attempts before the first byte of an answer. */
  readonly maxRetries: number;
  /** Sends the requests. */
  readonly fetch: Fetch;
}

/**
 * A client that takes nothing but `options`: each value the package would look up is given. It posts
 * JSON to one path, so the package builds a request once and later ones differ in their body alone.
 */
export function createClient({ OpenAI: Client }: Sdk, options: ClientOptions): OpenAI {
  class BackendClient extends Client {
    #fixed: FixedParts | undefined;

    override async buildRequest(input: RequestInput, attempt?: RequestAttempt) {
      const { url, timeout, headers } = this.#fixed ??= fixedParts(
        await super.buildRequest(input, attempt),
      );
      const { body, signal } = input;
      return { url, timeout, req: { method: "POST", headers, body: JSON.stringify(body), signal } };
    }

    /** Without the package's timer: whoever calls has one for all attempts together. */
    override fetchWithTimeout(url: string, init: RequestInit): Promise<Response> {
      return options.fetch(url, init);
    }
  }
  const key = options.apiKey || undefined;
  return withoutVariable("OPENAI_CUSTOM_HEADERS", () =>
    new BackendClient({
      baseURL: options.baseURL,
      // The package refuses to be without a key; the header it would make is taken out below.
      apiKey: key ?? "none",
      adminAPIKey: null,
      organization: null,
      project: null,
      webhookSecret: null,
      logLevel: "off",
      maxRetries: options.maxRetries,
      fetch: options.fetch,
      defaultHeaders: { ...(key === undefined && { Authorization: null }), ...options.headers },
    }));
}

type RequestInput = Parameters<OpenAI["buildRequest"]>[0];
type RequestAttempt = Parameters<OpenAI["buildRequest"]>[1];
type BuiltRequest = Awaited<ReturnType<OpenAI["buildRequest"]>>;
type FixedParts = Pick<BuiltRequest, "url" | "timeout"> & Pick<BuiltRequest["req"], "headers">;

/**
 * What all requests have in common. What the package tells of the machine and of its retries is left
 * out: no backend needs it, and each header costs a request about as much as decoding its answer does.
 */
function fixedParts({ url, timeout, req: { headers } }: BuiltRequest): FixedParts {
  for (const name of [...headers.keys()]) {
    if (name.startsWith("x-stainless-")) headers.delete(name);
  }
  return { url, timeout, headers };
}

/**
 * Calls `make` while an environment variable is out of sight: no option overrides this one. Where
 * the variable may not be read, the package cannot read it either.
 */
function withoutVariable<T>(name: string, make: () => T): T {
  const { state } = Deno.permissions.querySync({ name: "env", variable: name });
  const value = state === "granted" ? Deno.env.get(name) : undefined;
  if (value === undefined) return make();
  Deno.env.delete(name);
  try {
    return make();
  } finally {
    Deno.env.set(name, value);
  }
}
