/**
 * What flags and `FAKELLM_*` variables say, flags first.
 * @module
 */
import {
  KEY_ACCEPTED,
  KEY_PATTERN,
  type Overrides,
  PREFIX_ACCEPTED,
  PREFIX_PATTERN,
} from "../deploy/overrides.ts";
import { SetupError } from "../run/error.ts";
import type { Flags } from "./flags.ts";
import type { Terminal } from "./output.ts";

/** Flags that `serverOverrides` reads. */
export const SERVER_TEXT_FLAGS: readonly string[] = ["host", "port", "prefix", "log"];

/** Switches that `serverOverrides` reads. */
export const SERVER_SWITCHES: readonly string[] = ["insecure"];

/** The lines of help about those flags. */
export const SERVER_FLAG_HELP =
  `  --host HOST      address to listen at (FAKELLM_HOST; default 127.0.0.1)
  --port PORT      port to listen at, 0 for a free one (FAKELLM_PORT; default 8000)
  --prefix PATH    path of the API (default /v1)
  --insecure       listen beyond loopback without keys (FAKELLM_INSECURE=1)
  --log FORM       pretty or json (default: pretty)`;

/**
 * Where and how to listen, as flags and variables say.
 *
 * @throws {SetupError} naming the flag or variable that cannot be used
 */
export function serverOverrides(flags: Flags, env: Terminal["env"]): Overrides {
  const variable = (name: string) => env(name) || undefined;
  const port = flags.text("port") !== undefined
    ? readPort(flags.text("port")!, "--port")
    : variable("FAKELLM_PORT") !== undefined
    ? readPort(variable("FAKELLM_PORT")!, "FAKELLM_PORT")
    : undefined;
  return {
    host: flags.text("host") ?? variable("FAKELLM_HOST"),
    port,
    prefix: readPrefix(flags.text("prefix")),
    insecure: flags.on("insecure") || readSwitch(variable("FAKELLM_INSECURE"), "FAKELLM_INSECURE"),
    log: readLog(flags.text("log")),
    apiKey: readKey(variable("FAKELLM_API_KEY")),
  };
}

function readPort(text: string, path: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  if (!(port <= 65_535)) {
    throw new SetupError(`Cannot use "${text}"; accepted: a whole number from 0 to 65535`, {
      path,
    });
  }
  return port;
}

function readPrefix(text: string | undefined): string | undefined {
  if (text !== undefined && !PREFIX_PATTERN.test(text)) {
    throw new SetupError(`Cannot use "${text}"; accepted: ${PREFIX_ACCEPTED}`, {
      path: "--prefix",
    });
  }
  return text;
}

function readLog(text: string | undefined): "pretty" | "json" | undefined {
  if (text === undefined || text === "pretty" || text === "json") return text;
  throw new SetupError(`Cannot use "${text}"; accepted: pretty, json`, { path: "--log" });
}

function readSwitch(text: string | undefined, path: string): boolean | undefined {
  if (text === undefined) return undefined;
  if (text === "1" || text === "true") return true;
  if (text === "0" || text === "false") return false;
  throw new SetupError(`Cannot use "${text}"; accepted: 1, true, 0, false`, { path });
}

function readKey(text: string | undefined): string | undefined {
  if (text !== undefined && !KEY_PATTERN.test(text)) {
    throw new SetupError(`Cannot use this value; accepted: ${KEY_ACCEPTED}`, {
      path: "FAKELLM_API_KEY",
    });
  }
  return text;
}
