/**
 * Reads a command's flags and arguments.
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { nearest } from "../deploy/suggest.ts";
import { SetupError } from "../run/error.ts";

/** What a command takes. */
export interface FlagSpec {
  /** The command as typed, for messages: `fakellm deploy`. */
  readonly command: string;
  /** Flags with a value. */
  readonly text?: readonly string[];
  /** Flags with a value that may be given several times. */
  readonly lists?: readonly string[];
  /** Flags without a value. */
  readonly switches?: readonly string[];
  /** Most arguments that are no flag. */
  readonly maxArguments: number;
}

/** What was given. */
export interface Flags {
  /** Whether help was asked for. */
  readonly help: boolean;
  /** The value of a flag, or undefined when it was not given. */
  text(name: string): string | undefined;
  /** The values of a flag that may be given several times. */
  list(name: string): readonly string[];
  /** Whether a switch was given. */
  on(name: string): boolean;
  /** What is no flag, in order. */
  readonly arguments: readonly string[];
}

/**
 * Reads `args`.
 *
 * @throws {SetupError} at an unknown flag, a flag without its value, or too many arguments
 */
export function readFlags(args: readonly string[], spec: FlagSpec): Flags {
  const lists = spec.lists ?? [];
  const texts = [...spec.text ?? [], ...lists];
  const switches = ["help", ...spec.switches ?? []];
  const unknown = args.slice(0, end(args)).find((arg) => !isKnown(arg, [...texts, ...switches]));
  if (unknown !== undefined) throw unknownFlag(unknown, spec, [...texts, ...switches]);
  const parsed = parseArgs(args, {
    string: texts,
    boolean: switches,
    collect: lists,
    alias: { help: "h" },
  });
  for (const name of texts) {
    if ([parsed[name]].flat().includes("")) {
      throw new SetupError(`Flag "--${name}" needs a value; ${seeHelp(spec)}`);
    }
  }
  const rest = parsed._.map(String);
  if (rest.length > spec.maxArguments) {
    throw new SetupError(
      `Unexpected argument "${rest[spec.maxArguments]}"; ${seeHelp(spec)}`,
    );
  }
  return {
    help: parsed.help === true,
    text: (name) => parsed[name],
    list: (name) => parsed[name] ?? [],
    on: (name) => parsed[name] === true,
    arguments: rest,
  };
}

/** Where flags end: at `--`, or at the end. */
function end(args: readonly string[]): number {
  const index = args.indexOf("--");
  return index < 0 ? args.length : index;
}

function isKnown(arg: string, names: readonly string[]): boolean {
  if (!arg.startsWith("-") || arg === "-" || /^-\d/.test(arg)) return true;
  if (arg === "-h") return true;
  return arg.startsWith("--") && names.includes(arg.slice(2).split("=", 1)[0]!);
}

function unknownFlag(arg: string, spec: FlagSpec, names: readonly string[]): SetupError {
  const flag = arg.split("=", 1)[0]!;
  const meant = nearest(flag.replace(/^-+/, ""), names);
  const hint = meant === undefined ? "" : ` (did you mean "--${meant}"?)`;
  return new SetupError(`Unknown flag "${flag}"${hint}; ${seeHelp(spec)}`);
}

function seeHelp(spec: FlagSpec): string {
  return `run "${spec.command} --help" to see what is accepted`;
}
