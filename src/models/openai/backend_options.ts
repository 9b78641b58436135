/**
 * What an operator says of a backend, checked.
 * @module
 */
import { SetupError } from "../../run/error.ts";
import type { Clock } from "../../run/seams.ts";
import type { ModelProfile } from "../model.ts";
import type { Fetch } from "./backend_fetch.ts";

/** Where a backend is and how to talk to it. */
export interface OpenAICompatibleBackendOptions {
  /** `http:` or `https:` URL up to and without `/chat/completions`, as `https://api.openai.com/v1`. */
  readonly baseURL: string;
  /** Sent as bearer token; absent or empty: no `Authorization` header. */
  readonly apiKey?: string;
  /** The backend's name of the model. */
  readonly model: string;
  /** For logs and error messages. @default the model's name */
  readonly name?: string;
  /** Sends the requests, for example to an app in the same process. @default the global `fetch` */
  readonly fetch?: Fetch;
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Longest duration of a call, retries and the whole answer included. @default 600000 */
  readonly timeoutMs?: number;
  /** Longest silence within a stream. @default 120000, or `timeoutMs` if that is less */
  readonly idleTimeoutMs?: number;
  /** Further attempts before the first byte of an answer. @default 2 */
  readonly maxRetries?: number;
  /** The best form of structured output it takes. @default "json-schema" */
  readonly structuredOutput?: ModelProfile["structuredOutput"];
  /** Whether it tells log probabilities of tokens. @default true */
  readonly logprobs?: boolean;
  /** Whether it understands audio. @default false */
  readonly audioInput?: boolean;
  /**
   * Whether file and image URLs are fetched (`https:`, public addresses, 20 MiB) and their bytes
   * sent, and image file ids passed on. @default false
   */
  readonly fetchUrls?: boolean;
  /** The field for the most tokens of an answer. @default "max_completion_tokens" */
  readonly maxTokensField?: "max_completion_tokens" | "max_tokens";
  /** Fields put into every request as they are; those of a request's settings win over them. */
  readonly extraBody?: Readonly<Record<string, unknown>>;
  /** Measures timeouts. @default the runtime's timers */
  readonly clock?: Clock;
}

/** Names of environment variables. */
export interface BackendVariables {
  /** Holds the base URL. @default "LLM_ENDPOINT" */
  readonly endpoint?: string;
  /** Holds the model. @default "LLM_MODEL" */
  readonly model?: string;
  /** Holds the key; the variable may be unset. @default "LLM_KEY" */
  readonly apiKey?: string;
}

const DEFAULT_TIMEOUT_MS = 600_000;
const DEFAULT_IDLE_TIMEOUT_MS = 120_000;

/** Time of the runtime. */
export const runtimeClock: Clock = {
  now: () => performance.now(),
  schedule(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};

/** What follows from options. */
export interface CheckedOptions {
  /** Longest duration of a call. */
  readonly timeoutMs: number;
  /** Longest silence within a stream. */
  readonly idleTimeoutMs: number;
  /** With defaults. */
  readonly profile: ModelProfile;
  /** What must not be seen in logs. */
  readonly secrets: readonly string[];
}

/**
 * Checks options and fills in defaults.
 *
 * @throws {SetupError} when the base URL, the model, a header or a number is unusable
 */
export function checkOptions(options: OpenAICompatibleBackendOptions): CheckedOptions {
  const url = checkBaseUrl(options.baseURL);
  if (options.model === "") throw new SetupError("Name the backend's model, got an empty string");
  checkHeaders(options);
  const timeoutMs = positive("timeoutMs", options.timeoutMs ?? DEFAULT_TIMEOUT_MS);
  const idleTimeoutMs = positive(
    "idleTimeoutMs",
    options.idleTimeoutMs ?? Math.min(DEFAULT_IDLE_TIMEOUT_MS, timeoutMs),
  );
  return {
    timeoutMs,
    idleTimeoutMs,
    profile: {
      structuredOutput: options.structuredOutput ?? "json-schema",
      logprobs: options.logprobs ?? true,
      audioInput: options.audioInput ?? false,
      fetchUrls: options.fetchUrls ?? false,
    },
    secrets: [
      options.apiKey ?? "",
      ...Object.values(options.headers ?? {}),
      ...url.searchParams.values(),
    ],
  };
}

/**
 * Reads a backend's place, model and key from the environment.
 *
 * @throws {SetupError} when the endpoint or the model is missing, or may not be read
 */
export function readVariables(
  variables: BackendVariables,
): Pick<OpenAICompatibleBackendOptions, "baseURL" | "model" | "apiKey"> {
  return {
    baseURL: requiredVariable(variables.endpoint ?? "LLM_ENDPOINT"),
    model: requiredVariable(variables.model ?? "LLM_MODEL"),
    apiKey: variable(variables.apiKey ?? "LLM_KEY"),
  };
}

function checkBaseUrl(text: string): URL {
  const url = URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new SetupError(`Cannot use base URL "${text}": it must begin with http:// or https://`);
  }
  if (url.username !== "" || url.password !== "") {
    throw new SetupError(
      "Cannot use a base URL with a user name or password: give them as apiKey or headers",
    );
  }
  return url;
}

/** What the constructor lets pass would fail each call, with the key in the message. */
function checkHeaders({ apiKey, headers }: OpenAICompatibleBackendOptions): void {
  for (const [name, value] of Object.entries({ ...headers, authorization: apiKey ?? "" })) {
    try {
      new Headers([[name, value]]);
    } catch {
      const what = name === "authorization" ? "the API key" : `header "${name}"`;
      throw new SetupError(`Cannot send ${what}: it holds characters that a header may not`);
    }
  }
}

function positive(name: string, value: number): number {
  // Beyond 2^31 - 1 a timer fires at once.
  if (value > 0 && value <= 2_147_483_647) return value;
  throw new SetupError(`Cannot use ${name} ${value}: it must be 1 to 2147483647`);
}

function requiredVariable(name: string): string {
  const value = variable(name);
  if (!value) throw new SetupError(`Set environment variable "${name}": it is missing or empty`);
  return value;
}

function variable(name: string): string | undefined {
  try {
    return Deno.env.get(name)?.trim();
  } catch (cause) {
    throw new SetupError(`Cannot read environment variable "${name}": grant --allow-env=${name}`, {
      cause,
    });
  }
}
