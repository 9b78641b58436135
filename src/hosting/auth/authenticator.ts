/**
 * From a request's headers to who is calling.
 * @module
 */
import { RequestError, SetupError } from "../../run/error.ts";
import type { Clock } from "../../run/seams.ts";
import type { ApiKey, AuthHook, AuthResult, Caller } from "./api_key.ts";
import { ApiKeyAuth, type KeyRecord } from "./api_key_auth.ts";

/** Who may call one entrypoint. */
export interface Authenticator {
  /** Whether callers have to show anything. */
  readonly keyed: boolean;
  /** Served names that keys are limited to; each has to exist. */
  readonly scopes: readonly string[];
  /**
   * Who is calling. Sees headers only.
   *
   * @throws {RequestError} `invalid-api-key` when nothing valid was shown
   * @throws {HttpError} an app's own refusal
   */
  authenticate(request: Request): Caller | Promise<Caller>;
}

/** What an authenticator is made of. */
export interface AuthenticatorOptions {
  /** Path of the entrypoint; part of the tenant, so that equal names stay apart. */
  readonly prefix: string;
  /** Keys to accept. */
  readonly apiKeys?: readonly ApiKey[];
  /** Keys made elsewhere, or the app's own way; excludes `apiKeys`. */
  readonly auth?: ApiKeyAuth | AuthHook;
  /** Tells which keys have expired. */
  readonly clock: Clock;
}

/**
 * The authenticator of an entrypoint.
 *
 * @throws {SetupError} when keys are malformed, or keys and `auth` are both given
 */
export function authenticatorOf(options: AuthenticatorOptions): Authenticator {
  const { prefix, apiKeys, auth, clock } = options;
  if (apiKeys !== undefined && auth !== undefined) {
    throw new SetupError(`Cannot use both apiKeys and auth for "${prefix}": give one of them`);
  }
  const keys = apiKeys === undefined ? auth : new ApiKeyAuth(apiKeys);
  if (keys === undefined) return anybody(prefix);
  return keys instanceof ApiKeyAuth ? byKey(keys, prefix, clock) : byHook(keys, prefix);
}

function anybody(prefix: string): Authenticator {
  const caller = callerOf({ name: undefined, models: undefined }, prefix);
  return { keyed: false, scopes: [], authenticate: () => caller };
}

function byKey(keys: ApiKeyAuth, prefix: string, clock: Clock): Authenticator {
  const callers = new Map<KeyRecord, Caller>(
    keys.records.map((record) => [record, callerOf(record, prefix)]),
  );
  return {
    keyed: true,
    scopes: [...new Set(keys.records.flatMap((record) => record.models ?? []))],
    authenticate({ headers }) {
      let shown = false;
      for (const header of KEY_HEADERS) {
        const credential = credentialIn(headers, header);
        if (credential === undefined) continue;
        shown = true;
        const record = keys.find(credential, clock.now());
        if (record) return callers.get(record)!;
      }
      throw refusal(shown);
    },
  };
}

function byHook(hook: AuthHook, prefix: string): Authenticator {
  return {
    keyed: true,
    scopes: [],
    async authenticate(request) {
      // Without a body, so that a hook can neither consume it nor make a stranger's be read.
      const { url, method, headers } = request;
      const result: AuthResult | null = await hook(new Request(url, { method, headers }));
      if (!result) throw refusal(KEY_HEADERS.some((name) => headers.has(name)));
      return callerOf(result, prefix);
    },
  };
}

/** Where clients put keys. SDKs force a dummy into one of them: any valid one wins. */
const KEY_HEADERS = ["authorization", "x-api-key", "api-key"] as const;

function credentialIn(
  headers: Headers,
  header: (typeof KEY_HEADERS)[number],
): string | undefined {
  const value = headers.get(header);
  if (value === null || header !== "authorization") return value?.trim() || undefined;
  return /^bearer +(\S.*)$/i.exec(value.trim())?.[1];
}

function callerOf(
  { name, models }: { readonly name: string | undefined; readonly models?: readonly string[] },
  prefix: string,
): Caller {
  return {
    principal: { name, tenant: JSON.stringify([prefix, name ?? null]) },
    models: models === undefined ? undefined : new Set(models),
  };
}

function refusal(shown: boolean): RequestError {
  return new RequestError(
    "invalid-api-key",
    shown
      ? "Incorrect API key provided"
      : "You didn't provide an API key: send it as `Authorization: Bearer <key>`",
  );
}
