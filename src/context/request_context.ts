/**
 * What app code may see of the request behind a run.
 * @module
 */
import type { RunRequest } from "../run/request.ts";
import type { RunContext } from "../run/runner.ts";

/** Headers that carry credentials; hidden here even when a host forgot to remove them. */
const CREDENTIAL_HEADERS: ReadonlySet<string> = new Set([
  "authorization",
  "proxy-authorization",
  "x-api-key",
  "api-key",
  "cookie",
]);

/** Whether `name` names a header that is never shown. */
export function isCredentialHeader(name: string): boolean {
  return CREDENTIAL_HEADERS.has(name.toLowerCase());
}

/** What the runs that one client's request leads to have in common, and share with no other. */
export interface RequestOrigin {
  /** The body's fields, as decoded. */
  readonly parameters: object;
  /** The caller. */
  readonly principal: object;
  /** The run's id. */
  readonly runId: string;
}

/** Set by the class, which alone can look inside. */
let readOrigin: (context: RequestContext) => RequestOrigin | undefined;

/** Which request `context` reads; undefined for an object that only looks like a `RequestContext`. */
export function originOf(context: RequestContext): RequestOrigin | undefined {
  return readOrigin(context);
}

/** Reads one request: its headers, fields and caller. Handed to app code, workflows and tools. */
export class RequestContext<Deps = unknown> {
  static {
    readOrigin = (context) => {
      if (!(#request in context)) return undefined;
      const { principal, runId } = context.#context;
      return { parameters: context.#request.parameters, principal, runId };
    };
  }

  readonly #request: RunRequest;
  readonly #context: RunContext;

  /** Shows `request`, and the headers, principal and deps of its run's `context`. */
  constructor(request: RunRequest, context: RunContext) {
    this.#request = request;
    this.#context = context;
  }

  /** The name of the caller's key; undefined where no keys are configured. */
  get authName(): string | undefined {
    return this.#context.principal.name;
  }

  /** The served name the client asked for. */
  get modelId(): string {
    return this.#context.modelId;
  }

  /** Aborted when the client leaves, a deadline passes or the server stops. */
  get signal(): AbortSignal {
    return this.#context.signal;
  }

  /** What the app's `requestContextFactory` made; undefined while it is still making it. */
  get deps(): Deps {
    return this.#context.deps as Deps;
  }

  /**
   * A header of the request, in any case; undefined when absent. Credentials are never visible.
   *
   * @throws {TypeError} when `name` cannot be a header's name
   */
  header(name: string): string | undefined {
    if (isCredentialHeader(name)) return undefined;
    return this.#context.headers.get(name) ?? undefined;
  }

  /** A top-level field of the request body as the client sent it; undefined when absent. */
  parameter(name: string): unknown {
    return ownField(this.#request.parameters, name);
  }

  /** Like `parameter`, for fields fakellm gives no meaning to, as `user` or `metadata`. */
  extraParameter(name: string): unknown {
    return ownField(this.#request.extraParameters, name);
  }
}

/** Own fields only: a client must not be asked for what `Object.prototype` has. */
function ownField(fields: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(fields, name) ? fields[name] : undefined;
}
