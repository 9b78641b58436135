/**
 * Keys and who holds them.
 * @module
 */
import type { Principal } from "../../run/seams.ts";

/** A key that clients send, given itself or as its hash. Exactly one of `key` and `keySha256`. */
export interface ApiKey {
  /** Shown in logs; several keys may share a name, as while one replaces another. */
  readonly name: string;
  /** The key: visible ASCII, no blanks. Secret. */
  readonly key?: string;
  /** SHA-256 of the key, 64 hex digits. */
  readonly keySha256?: string;
  /** Served names the key may use; absent means every model of its entrypoint. */
  readonly models?: readonly string[];
  /** From when on the key is worth nothing; absent means never. */
  readonly expiresAt?: Date;
}

/** What an app's own authentication makes of a request. */
export interface AuthResult {
  /** Who is calling; owns stored records and is shown in logs. */
  readonly name: string;
  /** Served names the caller may use; absent means all. */
  readonly models?: readonly string[];
}

/**
 * An app's own authentication. It sees method, URL and headers, never the body; null refuses with
 * 401, a thrown `HttpError` with its own status.
 */
export type AuthHook = (request: Request) => AuthResult | null | Promise<AuthResult | null>;

/** A caller that was let in. */
export interface Caller {
  /** Who is calling, as runs and stores see it. */
  readonly principal: Principal;
  /** Served names the caller may use; undefined means all. */
  readonly models: ReadonlySet<string> | undefined;
}
