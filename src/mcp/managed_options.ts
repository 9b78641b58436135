/**
 * What a managed MCP server can be told.
 * @module
 */
import { SetupError, type SetupProblem } from "../run/error.ts";
import { parseDuration } from "../run/units.ts";
import { mcpProblems, type MCPToolsetOptions } from "./toolset_options.ts";
import { dependsOnRequest } from "./values.ts";

/** How to make a {@linkcode ManagedMCP}. */
export interface ManagedMCPOptions<Deps = unknown>
  extends Omit<MCPToolsetOptions<Deps>, "url" | "server" | "sessions"> {
  /** Program to start where the environment names no server. */
  readonly command: string;
  /**
   * Variable that may name the URL of a server that runs elsewhere: then nothing is started.
   * @default none
   */
  readonly urlEnv?: string;
  /** Variable that may hold `timeoutMs`, as `30s`; a plain number means seconds. @default none */
  readonly timeoutEnv?: string;
  /** Variable that may hold `startTimeoutMs`, likewise. @default none */
  readonly startTimeoutEnv?: string;
}

/** How to make a managed server that is talked to over HTTP. */
export interface ManagedHttpOptions<Deps = unknown> extends ManagedMCPOptions<Deps> {
  /**
   * Where the started program serves. `{port}`, here and in `args`, stands for a free port, chosen at
   * each start of the app.
   * @default "http://127.0.0.1:{port}/mcp"
   */
  readonly url?: string;
  /** Variable that tells the program its port. @default "PORT" */
  readonly portEnv?: string;
}

/** A managed server before its environment is read. */
export interface ManagedPlan<Deps> {
  readonly kind: "http" | "stdio";
  readonly options: ManagedHttpOptions<Deps>;
}

/** What the environment says of a managed server. */
export interface ManagedEnvironment {
  /** Of a server that runs elsewhere; undefined: the program is started. */
  readonly url: string | undefined;
  readonly timeoutMs: number | undefined;
  readonly startTimeoutMs: number | undefined;
}

/** What stands for the port that was chosen. */
export const PORT_PLACEHOLDER = "{port}";

/** Where a started program serves unless told otherwise. */
export const DEFAULT_URL = `http://127.0.0.1:${PORT_PLACEHOLDER}/mcp`;

/**
 * Checks what can be checked before anything is started.
 *
 * @throws {SetupError} when options exclude each other
 */
export function checkManaged<Deps>({ kind, options }: ManagedPlan<Deps>): void {
  const { url = DEFAULT_URL, urlEnv, timeoutEnv: _1, startTimeoutEnv: _2, portEnv: _3, ...rest } =
    options;
  const { id, command, env = {}, headers, transport: _4, ...common } = rest;
  const problems: SetupProblem[] = [];
  const say = (path: string, message: string) =>
    problems.push({ path: `${id || "ManagedMCP"}.${path}`, message });
  if (id === "") say("id", "Give the MCP server an id: it is empty");
  if (command === "") say("command", "Name the program to start: it is empty");
  if (kind === "http") {
    if (URL.parse(url.replace(PORT_PLACEHOLDER, "1")) === null) {
      say("url", 'Cannot use this URL; accepted: as "http://127.0.0.1:{port}/mcp"');
    }
    if (dependsOnRequest(env)) {
      say("env", "Cannot depend on the request: the program is everybody's");
    }
  } else if (urlEnv === undefined && headers !== undefined) {
    say("headers", "Can be sent only to a server that urlEnv names");
  }
  // Where the server is, is known only when the environment has been read.
  const place = { id: id || "ManagedMCP", command: command || "?", env };
  problems.push(...mcpProblems({ ...common, ...place }));
  if (problems.length > 0) throw new SetupError(problems);
}

/**
 * Reads the variables that options name.
 *
 * @throws {SetupError} naming the variable that cannot be used
 */
export function readEnvironment<Deps>(options: ManagedMCPOptions<Deps>): ManagedEnvironment {
  const { urlEnv, timeoutEnv, startTimeoutEnv } = options;
  const url = variable(urlEnv);
  if (url !== undefined && !/^https?:$/.test(URL.parse(url)?.protocol ?? "")) {
    throw new SetupError("Cannot use this URL; accepted: an absolute http:// or https:// URL", {
      path: urlEnv,
    });
  }
  return {
    url,
    timeoutMs: durationIn(timeoutEnv) ?? options.timeoutMs,
    startTimeoutMs: durationIn(startTimeoutEnv) ?? options.startTimeoutMs,
  };
}

function variable(name: string | undefined): string | undefined {
  return name === undefined ? undefined : Deno.env.get(name) || undefined;
}

function durationIn(name: string | undefined): number | undefined {
  const text = variable(name);
  if (text === undefined) return undefined;
  const ms = parseDuration(/^\d+(?:\.\d+)?$/.test(text) ? `${text}s` : text);
  if (ms !== undefined && ms > 0) return ms;
  throw new SetupError(
    `Cannot use "${text}"; accepted: a duration as "30s" or "500ms", or seconds as a number`,
    { path: name },
  );
}
