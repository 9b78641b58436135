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
    return this.#map(value as Value);
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

/**
 * Works all values out.
 *
 * @throws {SetupError} when a variable is not set
 * @throws {RunError} `internal` when the deps lack a value
 */
export function resolveValues(values: McpValues, deps: unknown): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => {
      const text = typeof value === "string"
        ? value
        : value instanceof EnvSecret
        ? value.read()
        : value.of(deps);
      return text === undefined ? [] : [[name, text]];
    }),
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
