/**
 * Where in a request a value of the deps comes from, and what its caller calls that place.
 * @module
 */
import { RequestError } from "../run/error.ts";
import type { RequestContext } from "./request_context.ts";

/** One place in a request. */
export type RequestSource =
  | {
    /** `extra`: a field fakellm gives no meaning to. `parameter`: any top-level field. */
    readonly type: "extra" | "parameter";
    /** As the client writes it, as `metadata.user`. */
    readonly name: string;
    /** The top-level field, then the fields of the objects below. */
    readonly path: readonly [string, ...string[]];
  }
  | { readonly type: "header"; readonly name: string }
  /** The name of the caller's key. */
  | { readonly type: "auth" };

/** The value there; undefined when the request has none. A client's null is as good as none. */
export function readSource(source: RequestSource, context: RequestContext): unknown {
  switch (source.type) {
    case "header":
      return context.header(source.name);
    case "auth":
      return context.authName;
    case "extra":
    case "parameter": {
      const [first, ...below] = source.path;
      let value = source.type === "extra"
        ? context.extraParameter(first)
        : context.parameter(first);
      for (const key of below) value = ownField(value, key);
      return value ?? undefined;
    }
    default:
      return source satisfies never;
  }
}

/** Own fields only: a client must not be asked for what `Object.prototype` has. */
function ownField(value: unknown, key: string): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  return Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
}

/** What the client is told when the value is not there. */
export function missingValue(source: RequestSource): RequestError {
  switch (source.type) {
    case "header":
      return new RequestError("missing-parameter", `Send the header "${source.name}"`);
    case "auth":
      return new RequestError("invalid-api-key", "Send an API key: this API must know its callers");
    case "extra":
    case "parameter":
      return new RequestError(
        "missing-parameter",
        `Missing required parameter "${source.name}"`,
        { param: source.name },
      );
    default:
      return source satisfies never;
  }
}

/** What the client is told when the value is not what the app takes. */
export function wrongValue(
  source: RequestSource,
  issue: { readonly message: string; readonly place: string },
): RequestError {
  switch (source.type) {
    case "header":
      return new RequestError(
        "invalid-value",
        `Cannot read the header "${source.name}": ${issue.message}`,
      );
    case "auth":
      // Who may call is for the operator to know; the caller learns that it is not this one.
      return new RequestError("permission-denied", "Send another API key: this one may not call");
    case "extra":
    case "parameter": {
      const param = source.name + issue.place;
      return new RequestError("invalid-value", `Cannot read "${param}": ${issue.message}`, {
        param,
      });
    }
    default:
      return source satisfies never;
  }
}
