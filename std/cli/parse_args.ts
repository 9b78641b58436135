/**
 * Stand-in for `@std/cli/parse-args`, over `npm:minimist` (which the real one descends from).
 * @module
 */
// @ts-types="npm:@types/minimist@^1.2.5"
import minimist from "npm:minimist@^1.2.8";

/** The options of `parseArgs` this project uses. */
export interface ParseOptions {
  /** Names that are always boolean. */
  readonly boolean?: readonly string[];
  /** Names that are always string. */
  readonly string?: readonly string[];
  /** Names that may be given several times; always an array. */
  readonly collect?: readonly string[];
  /** Short and other names of an option. */
  readonly alias?: Readonly<Record<string, string | readonly string[]>>;
  /** Stop at the first argument that is no option. */
  readonly stopEarly?: boolean;
  /** Called with each option that was not declared; `false` drops it. */
  readonly unknown?: (arg: string, key?: string, value?: unknown) => unknown;
}

/** What `parseArgs` returns: options by name, the rest under `_`. */
export interface Args {
  // deno-lint-ignore no-explicit-any -- the real package's type.
  [name: string]: any;
  /** Arguments that are no option. */
  _: Array<string | number>;
}

/** Reads command-line arguments. */
export function parseArgs(args: readonly string[], options: ParseOptions = {}): Args {
  const collect = new Set(options.collect ?? []);
  const parsed = minimist([...args], {
    boolean: [...options.boolean ?? []],
    string: ["_", ...options.string ?? []],
    alias: options.alias as Record<string, string | string[]>,
    stopEarly: options.stopEarly,
    unknown: (arg: string) => {
      if (!arg.startsWith("-") || !options.unknown) return true;
      const [, key, value] = /^--?([^=]+)(?:=(.*))?$/s.exec(arg) ?? [];
      return options.unknown(arg, key, value) !== false;
    },
  }) as Args;
  for (const name of [...options.string ?? [], ...collect]) {
    const value = parsed[name];
    if (collect.has(name)) parsed[name] = value === undefined ? [] : [value].flat();
    else if (Array.isArray(value)) parsed[name] = value.at(-1);
  }
  return parsed;
}
