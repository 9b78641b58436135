/**
 * What an MCP toolset can be told, checked and with its defaults.
 * @module
 */
import { systemClock } from "../context/system.ts";
import { SetupError, type SetupProblem } from "../run/error.ts";
import type { Clock, Logger } from "../run/seams.ts";
import type { ProcessToolCall } from "./remote_tools.ts";
import type { ToolErrorPolicy } from "./remote_call.ts";
import type { InProcessServer } from "./server.ts";
import { dependsOnRequest, isLegalHeader, type McpValues } from "./values.ts";
import type { FetchLike } from "./watched_fetch.ts";

/** Where the server is: exactly one of `url`, `command` and `server`. */
export interface McpServerOptions {
  /** Address of a server that is reached over HTTP. */
  readonly url?: string;
  /** How to talk HTTP: `sse` for servers from before 2025. @default "streamable-http" */
  readonly transport?: "streamable-http" | "sse";
  /** Sent with every request over HTTP. Kept secret. */
  readonly headers?: McpValues;
  /** Program to start, which is talked to over its input and output. */
  readonly command?: string;
  /** Arguments of the program. */
  readonly args?: readonly string[];
  /** Environment of the program; of this process's only `PATH`, `HOME` and the like are added. */
  readonly env?: McpValues;
  /** Folder to start the program in. @default this process's */
  readonly cwd?: string;
  /** A server in this process: the SDK's object, or a function that makes one for each connection. */
  readonly server?: InProcessServer;
}

/** How to make an {@linkcode MCPToolset}. */
export interface MCPToolsetOptions<Deps = unknown> extends McpServerOptions {
  /** Names it in errors and logs; unique within an agent. */
  readonly id: string;
  /** Longest wait for the answer to a call, in milliseconds. @default 300000 (5 minutes) */
  readonly timeoutMs?: number;
  /** Longest time the server may take to start and greet, in milliseconds. @default 30000 */
  readonly startTimeoutMs?: number;
  /** Put before each tool's name and an underscore. */
  readonly prefix?: string;
  /** Only these tools, by the server's names. @default all */
  readonly allow?: readonly string[];
  /** Never these tools, by the server's names. @default none */
  readonly deny?: readonly string[];
  /** Whether runs fail while the server is down; else they go on without its tools. @default true */
  readonly required?: boolean;
  /** Retries of its tools. @default the agent's */
  readonly retries?: number;
  /** Told to clients as progress when one of its tools is called. @default nothing is told */
  readonly label?: string;
  /** Labels of single tools, by the server's names. @default `label` */
  readonly labels?: Readonly<Record<string, string>>;
  /** What an error result means. @default "retry" */
  readonly toolErrors?: ToolErrorPolicy;
  /** Whether the server's own words on how to use it go into the instructions. @default false */
  readonly instructions?: boolean;
  /** Stands around each call. */
  readonly processToolCall?: ProcessToolCall<Deps>;
  /**
   * Where headers depend on the request: `per-identity` keeps a session for each combination of
   * values; `shared` has one session and sends the values with each call, for servers that look at
   * every request by itself.
   * @default "per-identity"
   */
  readonly sessions?: "per-identity" | "shared";
  /** Most sessions at once; further runs wait. @default 500 over HTTP, 16 programs */
  readonly maxSessions?: number;
  /** How long an identity's session stays open when nobody uses it, in milliseconds. @default 60000 */
  readonly idleMs?: number;
  /** Longest message of the server, in bytes; a longer one ends the session. @default 64 MiB */
  readonly maxMessageBytes?: number;
  /** Most characters of a result that the model reads. @default 1000000 */
  readonly maxResultChars?: number;
  /** Told of servers that come and go. @default the logger of the runs */
  readonly logger?: Logger;
  /** Time. @default the runtime's */
  readonly clock?: Clock;
  /** Does HTTP requests. @default the runtime's */
  readonly fetch?: FetchLike;
}

/** Options with nothing left to work out. */
export interface McpPlan<Deps> {
  readonly id: string;
  readonly target:
    | {
      readonly type: "stdio";
      readonly command: string;
      readonly args: readonly string[];
      readonly cwd: string | undefined;
    }
    | { readonly type: "streamable-http" | "sse"; readonly url: string }
    | { readonly type: "in-process"; readonly server: InProcessServer };
  /** Headers, or variables of the program. */
  readonly values: McpValues;
  readonly valueUse: "header" | "variable";
  readonly perIdentity: boolean;
  /** Whether values of the request go along with each call instead. */
  readonly valuesPerCall: boolean;
  readonly timeoutMs: number;
  readonly startTimeoutMs: number;
  readonly prefix: string | undefined;
  readonly allow: readonly string[] | undefined;
  readonly deny: readonly string[];
  readonly required: boolean;
  readonly retries: number | undefined;
  readonly labelOf: (tool: string) => string | undefined;
  readonly toolErrors: ToolErrorPolicy;
  readonly instructions: boolean;
  readonly processToolCall: ProcessToolCall<Deps> | undefined;
  readonly maxSessions: number;
  readonly idleMs: number;
  readonly maxMessageBytes: number;
  readonly maxResultChars: number;
  readonly logger: Logger | undefined;
  readonly clock: Clock;
  readonly fetch: FetchLike;
}

const TIMEOUT_MS = 300_000;
/** Longest start of a server, in milliseconds: `npx` alone can take ten seconds to fetch one. */
export const START_TIMEOUT_MS = 30_000;
const IDLE_MS = 60_000;
const MAX_HTTP_SESSIONS = 500;
const MAX_PROGRAMS = 16;
const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;
const MAX_RESULT_CHARS = 1_000_000;

const HTTP_ONLY = ["transport", "headers"] as const;
const STDIO_ONLY = ["args", "env", "cwd"] as const;

/**
 * Works out the options.
 *
 * @throws {SetupError} listing everything that is wrong with them
 */
export function planMcp<Deps>(options: MCPToolsetOptions<Deps>): McpPlan<Deps> {
  const problems = mcpProblems(options);
  if (problems.length > 0) throw new SetupError(problems);
  const target = targetOf(options);
  const values = (target.type === "stdio" ? options.env : options.headers) ?? {};
  const byRequest = dependsOnRequest(values);
  const valuesPerCall = byRequest && options.sessions === "shared";
  return {
    id: options.id,
    target,
    values,
    valueUse: target.type === "stdio" ? "variable" : "header",
    perIdentity: byRequest && !valuesPerCall,
    valuesPerCall,
    timeoutMs: options.timeoutMs ?? TIMEOUT_MS,
    startTimeoutMs: options.startTimeoutMs ?? START_TIMEOUT_MS,
    prefix: options.prefix,
    allow: options.allow,
    deny: options.deny ?? [],
    required: options.required ?? true,
    retries: options.retries,
    labelOf: labeller(options),
    toolErrors: options.toolErrors ?? "retry",
    instructions: options.instructions ?? false,
    processToolCall: options.processToolCall,
    maxSessions: options.maxSessions ??
      (target.type === "stdio" ? MAX_PROGRAMS : MAX_HTTP_SESSIONS),
    idleMs: options.idleMs ?? IDLE_MS,
    maxMessageBytes: options.maxMessageBytes ?? MAX_MESSAGE_BYTES,
    maxResultChars: options.maxResultChars ?? MAX_RESULT_CHARS,
    logger: options.logger,
    clock: options.clock ?? systemClock,
    fetch: options.fetch ?? fetch,
  };
}

function labeller<Deps>({ label, labels = {} }: MCPToolsetOptions<Deps>) {
  return (tool: string) => (Object.hasOwn(labels, tool) ? labels[tool] : label) || undefined;
}

function targetOf<Deps>(options: MCPToolsetOptions<Deps>): McpPlan<Deps>["target"] {
  const { url, transport = "streamable-http", command, args = [], cwd, server } = options;
  if (url !== undefined) return { type: transport, url };
  if (command !== undefined) return { type: "stdio", command, args, cwd };
  return { type: "in-process", server: server! };
}

/** Everything that is wrong with the options. */
export function mcpProblems<Deps>(options: MCPToolsetOptions<Deps>): SetupProblem[] {
  const { id, url, command, server, prefix, sessions } = options;
  const problems: SetupProblem[] = [];
  const say = (path: string, message: string) =>
    problems.push({ path: `${id || "MCPToolset"}.${path}`, message });
  if (id === "") say("id", "Give the MCP server an id: it is empty");
  const given = [url, command, server].filter((place) => place !== undefined).length;
  if (command === "") say("command", "Name the program: it is empty");
  if (given !== 1) say("url", "Say where the server is: exactly one of url, command and server");
  if (url !== undefined && !/^https?:$/.test(URL.parse(url)?.protocol ?? "")) {
    say("url", "Cannot use this URL; accepted: an absolute http:// or https:// URL");
  }
  for (
    const key of [...url === undefined ? HTTP_ONLY : [], ...command === undefined ? STDIO_ONLY : []]
  ) {
    const kind = (HTTP_ONLY as readonly string[]).includes(key) ? "a url" : "a command";
    if (options[key] !== undefined) say(key, `Can stand beside ${kind} only`);
  }
  if (prefix !== undefined && !/^[A-Za-z0-9_-]{1,32}$/.test(prefix)) {
    say("prefix", `Cannot use "${prefix}"; accepted: 1 to 32 letters, digits, "_" and "-"`);
  }
  if (sessions === "shared" && url === undefined) {
    say("sessions", "Cannot share a session whose values depend on the request except over HTTP");
  }
  for (const [name, value] of Object.entries(options.headers ?? {})) {
    if (!isLegalHeader(name, typeof value === "string" ? value : "")) {
      say(`headers.${name}`, "Cannot send this header: its name or value has illegal characters");
    }
  }
  for (const [key, least] of DURATIONS) {
    const value = options[key];
    if (value === undefined || (value >= least && value <= MAX_TIMER_MS)) continue;
    say(key, `Cannot use ${value}; accepted: ${least} to ${MAX_TIMER_MS} (24 days)`);
  }
  for (const key of AMOUNTS) {
    const value = options[key];
    if (value !== undefined && !(value > 0)) say(key, `Cannot use ${value}; accepted: above 0`);
  }
  return problems;
}

const AMOUNTS = ["maxSessions", "maxMessageBytes", "maxResultChars"] as const;

/** Each with its least value. */
const DURATIONS = [["timeoutMs", 1], ["startTimeoutMs", 1], ["idleMs", 0]] as const;

/** A timer that is set to more goes off at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;
