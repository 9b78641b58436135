/**
 * Values of headers and variables that are not written down: from the environment, from a request.
 * @module
 */
import { RunError, SetupError } from "../run/error.ts";

/** A secret by the name of the environment variable that holds it; read when a server is connected. */
export class EnvSecret {
  /** Name of the variable. */
  readonly variable: string;

  /** Names the variable. */
  constructor(variable: string) {
    this.variable = variable;
  }

  /**
   * Reads the variable.
   *
   * @throws {SetupError} when it is not set or empty
   */
  read(): string {
    const value = Deno.env.get(this.variable);
    if (!value) throw new SetupError(`Set ${this.variable}: an MCP server needs it`);
    return value;
  }
}

/**
 * A value out of the deps of the request at hand. Servers never see two requests' values mixed: there
 * is one session for each combination of values.
 */
export class ContextValue<Value = unknown> {
  /** Field of the deps. */
  readonly field: string;
  readonly #map: (value: Value) => string | undefined;

  /**
   * Names the field.
   *
   * @param map makes the text; undefined leaves the header or variable out. By default a field must
   *   hold text, a number or a boolean.
   */
  constructor(field: string, map?: (value: Value) => string | undefined) {
    this.field = field;
    this.#map = map ?? ((value) => plainText(field, value));
  }

  /**
   * Takes the value out of the deps.
   *
   * @throws {RunError} `internal` when the field does not hold what can be sent
   */
  of(deps: unknown): string | undefined {
    const value = typeof deps === "object" && deps !== null && Object.hasOwn(deps, this.field)
      ? (deps as Record<string, unknown>)[this.field]
      : undefined;
    let text: unknown;
    try {
      text = this.#map(value as Value);
    } catch (cause) {
      if (cause instanceof RunError) throw cause;
      throw new RunError("internal", `Cannot map deps field "${this.field}"`, { cause });
    }
    if (text === undefined || typeof text === "string") return text;
    throw new RunError("internal", `Map of deps field "${this.field}" must make text`);
  }
}

/** The value of a header or of a variable. */
export type McpValue = string | EnvSecret | ContextValue<never>;

/** Headers or variables by name. */
export type McpValues = Readonly<Record<string, McpValue>>;

/** Whether any value depends on the request. */
export function dependsOnRequest(values: McpValues): boolean {
  return Object.values(values).some((value) => value instanceof ContextValue);
}

/** Those values that do not. */
export function fixedValues(values: McpValues): McpValues {
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => !(value instanceof ContextValue)),
  );
}

/** What values are for, which decides what they may hold. */
export interface ValueOptions {
  /** Headers are pickier. @default "variable" */
  readonly use?: "header" | "variable";
}

/** Whether a header can be sent. */
export function isLegalHeader(name: string, value: string): boolean {
  try {
    return new Headers([[name, value]]).has(name);
  } catch {
    // What it says quotes the value, which may be a secret.
    return false;
  }
}

function isLegalValue(text: string, { use = "variable" }: ValueOptions): boolean {
  return use === "variable" ? !text.includes("\0") : isLegalHeader("name", text);
}

/**
 * Works all values out.
 *
 * @throws {SetupError} when a variable is not set, or holds what cannot be sent
 * @throws {RunError} `internal` when the deps lack a value, or hold what cannot be sent
 */
export function resolveValues(
  values: McpValues,
  deps: unknown,
  options: ValueOptions = {},
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => {
      const text = typeof value === "string"
        ? value
        : value instanceof EnvSecret
        ? value.read()
        : value.of(deps);
      if (text === undefined) return [];
      if (!isLegalValue(text, options)) throw illegal(value, options);
      return [[name, text]];
    }),
  );
}

/** Tells where an illegal value comes from, and not what it is. */
function illegal(value: McpValue, { use = "variable" }: ValueOptions): Error {
  const message = `holds characters that cannot stand in a ${use} for an MCP server`;
  return value instanceof ContextValue
    ? new RunError("internal", `Deps field "${value.field}" ${message}: map it to others`)
    : new SetupError(
      value instanceof EnvSecret ? `${value.variable} ${message}` : `A fixed value ${message}`,
    );
}

function plainText(field: string, value: unknown): string {
  switch (typeof value) {
    case "string":
    case "number":
    case "boolean":
      return String(value);
    default:
      throw new RunError(
        "internal",
        `Deps field "${field}" must hold text for an MCP server, got ${
          value === null ? "null" : typeof value
        }`,
      );
  }
}
