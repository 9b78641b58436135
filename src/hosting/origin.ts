/**
 * Which web pages may call, and from which machines callers come.
 * @module
 */
import { RequestError, SetupError } from "../run/error.ts";
import type { ConnectionInfo } from "./app.ts";
import { isLoopback, isLoopbackAuthority } from "./loopback.ts";

/** Headers a page may send besides the harmless ones: credentials, and what SDKs tell of themselves. */
const ALLOWED_HEADER =
  /^(?:authorization|content-type|x-api-key|api-key|x-request-id|idempotency-key|openai-[a-z-]+|x-stainless-[a-z-]+)$/;

/** Decides about requests that come from web pages. */
export class CorsPolicy {
  readonly #any: boolean;
  readonly #origins: ReadonlySet<string>;

  /**
   * Names the allowed origins.
   *
   * @param origins as `https://app.example.com`; `*` is any
   * @throws {SetupError} when one is no origin
   */
  constructor(origins: readonly string[] = []) {
    for (const origin of origins) {
      if (origin === "*" || origin === "null" || URL.parse(origin)?.origin === origin) continue;
      // A browser extension's or an app's page has an origin URL knows nothing of.
      if (/^[a-z][a-z0-9+.-]*:\/\/[^/\s]+$/.test(origin) && !/^https?:/.test(origin)) continue;
      throw new SetupError(
        `Cannot allow origin ${JSON.stringify(origin)}: expected scheme and host alone, ` +
          'as "https://app.example.com", or "*"',
        { path: "corsOrigins" },
      );
    }
    this.#any = origins.includes("*");
    this.#origins = new Set(origins);
  }

  /** Headers that let the page of `origin` read the answer; undefined when it may not. */
  headersFor(origin: string): Readonly<Record<string, string>> | undefined {
    if (!this.#allows(origin)) return undefined;
    return {
      "access-control-allow-origin": this.#any ? "*" : origin,
      "access-control-expose-headers":
        "x-request-id, openai-processing-ms, retry-after, idempotent-replayed",
      "vary": "origin",
    };
  }

  /**
   * Headers of the answer to a page's question whether it may call.
   *
   * @param requested the headers it wants to send, as in `Access-Control-Request-Headers`
   */
  preflightHeadersFor(
    origin: string,
    requested: string | null,
  ): Readonly<Record<string, string>> | undefined {
    const headers = this.headersFor(origin);
    if (!headers) return undefined;
    const allowed = (requested ?? "").toLowerCase().split(",").map((name) => name.trim())
      .filter((name) => ALLOWED_HEADER.test(name));
    return {
      ...headers,
      "access-control-allow-methods": "GET, HEAD, POST, DELETE, OPTIONS",
      "access-control-allow-headers": allowed.join(", "),
      "access-control-max-age": "600",
    };
  }

  /**
   * Refuses pages of other sites: a visitor's browser could otherwise be made to run an agent.
   *
   * @param authority the request's own host and port
   * @throws {RequestError} `permission-denied`
   */
  check(origin: string, authority: string): void {
    if (this.#allows(origin)) return;
    if (origin.slice(origin.indexOf("://") + 3) === authority && origin.includes("://")) return;
    throw new RequestError(
      "permission-denied",
      `Cannot answer a page of ${JSON.stringify(origin.slice(0, 100))}: ` +
        "its origin is not among the allowed ones",
    );
  }

  #allows(origin: string): boolean {
    return this.#any || this.#origins.has(origin);
  }
}

/**
 * Refuses callers beyond this machine, and names that only pretend to be this machine, where no key
 * is needed. Without `info` nothing is known of the connection: whoever embeds the app stands at the
 * door.
 *
 * @throws {RequestError} `permission-denied`
 */
export function checkLoopback(request: Request, info: ConnectionInfo | undefined): void {
  const address = info?.remoteAddr as { readonly hostname?: unknown } | undefined;
  if (typeof address?.hostname !== "string") return;
  if (!isLoopback(address.hostname)) {
    throw new RequestError(
      "permission-denied",
      "Cannot answer other machines without a key: configure keys, or allow it with `insecure`",
    );
  }
  if (!isLoopbackAuthority(authorityOf(request))) {
    throw new RequestError(
      "permission-denied",
      "Cannot answer under this host name without a key: use localhost or 127.0.0.1",
    );
  }
}

/** Host and port a request was sent to. */
export function authorityOf(request: Request): string {
  const host = request.headers.get("host");
  if (host !== null) return host;
  const { url } = request;
  const start = url.indexOf("://") + 3;
  const end = url.indexOf("/", start);
  return end < 0 ? url.slice(start) : url.slice(start, end);
}
