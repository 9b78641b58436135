/**
 * Backends that speak OpenAI's chat completions.
 * @module
 */
import type OpenAI from "openai";
import { RequestError, RunError } from "../run/error.ts";
import type { InputPart } from "../run/request.ts";
import { fetchParts } from "./fetch_parts.ts";
import type { Model, ModelCallOptions, ModelEvent, ModelProfile, ModelRequest } from "./model.ts";
import { BackendCall } from "./openai/backend_call.ts";
import { httpError } from "./openai/backend_error.ts";
import { backendFetch, type Fetch, redactor } from "./openai/backend_fetch.ts";
import {
  type BackendVariables,
  checkOptions,
  type OpenAICompatibleBackendOptions,
  readVariables,
  runtimeClock,
} from "./openai/backend_options.ts";
import { createClient, loadSdk, type Sdk } from "./openai/client.ts";
import type { ReasoningField } from "./openai/decode_completion.ts";
import type { FetchedPart } from "./openai/encode_content.ts";
import { encodeRequest } from "./openai/encode_request.ts";
import { CompletionReader } from "./openai/read_completion.ts";

export type { BackendVariables, Fetch, OpenAICompatibleBackendOptions };

/**
 * An upstream LLM behind OpenAI's chat completions API. Takes nothing from `OPENAI_*` environment
 * variables and passes on nothing of what a client sent in its headers.
 *
 * @example
 * ```ts
 * import { OpenAICompatibleBackend } from "@x/fakellm";
 *
 * const backend = new OpenAICompatibleBackend({
 *   baseURL: "http://127.0.0.1:11434/v1",
 *   model: "qwen3",
 * });
 * ```
 */
export class OpenAICompatibleBackend implements Model {
  /** As given, or the backend's name of the model. */
  readonly name: string;
  /** As given, with defaults. */
  readonly profile: ModelProfile;
  readonly #options: OpenAICompatibleBackendOptions;
  readonly #timeoutMs: number;
  readonly #idleTimeoutMs: number;
  readonly #redact: (text: string) => string;
  #sdk: Sdk | undefined;
  #client: OpenAI | undefined;
  /** Learnt from answers; reasoning of earlier turns goes back where it came from. */
  #reasoningField: ReasoningField | undefined;
  /** Bytes of fetched URLs for as long as a conversation holds the part, so steps fetch once. */
  readonly #fetched = new WeakMap<InputPart, FetchedPart>();

  /**
   * A backend; nothing is sent yet.
   *
   * @throws {SetupError} when the base URL, the model or a number is unusable
   */
  constructor(options: OpenAICompatibleBackendOptions) {
    const checked = checkOptions(options);
    this.#options = options;
    this.#timeoutMs = checked.timeoutMs;
    this.#idleTimeoutMs = checked.idleTimeoutMs;
    this.#redact = redactor(checked.secrets);
    this.name = options.name ?? options.model;
    this.profile = checked.profile;
  }

  /**
   * A backend named by environment variables.
   *
   * @param variables names of the variables
   * @param options everything else
   * @throws {SetupError} when the endpoint or the model is missing, or may not be read
   */
  static fromEnv(
    variables: BackendVariables = {},
    options: Omit<OpenAICompatibleBackendOptions, "baseURL" | "model" | "apiKey"> = {},
  ): OpenAICompatibleBackend {
    return new OpenAICompatibleBackend({
      ...options,
      ...readVariables(variables),
    });
  }

  /**
   * One call. Attempts are repeated only before the first byte of an answer.
   *
   * @throws {RequestError} `unsupported-value` when a message holds what the backend cannot take
   * @throws {RunError} `backend-down`, `backend-overloaded`, `backend-timeout`,
   *   `rate-limit-exceeded`, `context-length-exceeded`; the cause holds status and body
   */
  call(
    request: ModelRequest,
    options: ModelCallOptions,
  ): AsyncIterableIterator<ModelEvent, undefined> {
    const reader = new CompletionReader({
      backend: this.name,
      redact: this.#redact,
      mintId: () => `call_${crypto.randomUUID().replaceAll("-", "")}`,
      customTools: customTools(request),
    });
    return new BackendCall({
      backend: this.name,
      open: (signal) => this.#open(request, signal),
      explain: (error) => this.#explain(error),
      onComplete: () =>
        this.#reasoningField = reader.decoder.reasoningField ?? this.#reasoningField,
      reader,
      signal: options.signal,
      timeoutMs: this.#timeoutMs,
      idleTimeoutMs: this.#idleTimeoutMs,
      clock: this.#options.clock ?? runtimeClock,
    });
  }

  async #open(request: ModelRequest, signal: AbortSignal): Promise<Response> {
    this.#sdk ??= await loadSdk();
    const client = this.#client ??= createClient(this.#sdk, {
      baseURL: this.#options.baseURL.replace(/\/+$/, ""),
      apiKey: this.#options.apiKey,
      headers: this.#options.headers,
      maxRetries: this.#options.maxRetries ?? 2,
      fetch: backendFetch(this.#options.fetch ?? fetch, this.#redact),
    });
    const fetched = this.profile.fetchUrls
      ? await fetchParts(request.messages, { known: this.#fetched, signal })
      : NOTHING_FETCHED;
    const body = encodeRequest(request, {
      model: this.#options.model,
      profile: this.profile,
      fetched,
      reasoningField: this.#reasoningField,
      maxTokensField: this.#options.maxTokensField ?? "max_completion_tokens",
      extraBody: this.#options.extraBody,
    });
    return await client.post("/chat/completions", { body, signal }).asResponse();
  }

  /** What the OpenAI package threw, as what a call throws; its causes without secrets. */
  #explain(error: unknown): unknown {
    const sdk = this.#sdk;
    if (error instanceof RunError || error instanceof RequestError) return error;
    if (!(error instanceof Error)) return error;
    if (sdk && error instanceof sdk.APIError && error.status !== undefined && error.headers) {
      const { status, headers, error: told } = error;
      const body = told === undefined ? error.message : JSON.stringify(told);
      return httpError(this.name, { status, headers, body });
    }
    const cause = new Error(this.#redact(describe(error)));
    if (sdk && error instanceof sdk.APIConnectionTimeoutError) {
      return new RunError(
        "backend-timeout",
        `Backend "${this.name}" could not be reached in time`,
        {
          cause,
        },
      );
    }
    return sdk && error instanceof sdk.APIConnectionError
      ? new RunError("backend-down", `Backend "${this.name}" could not be reached`, { cause })
      : new RunError("internal", `Backend "${this.name}" could not be called`, { cause });
  }
}

const NOTHING_FETCHED: ReadonlyMap<InputPart, FetchedPart> = new Map();
const NO_TOOLS: ReadonlySet<string> = new Set();

function customTools({ tools }: ModelRequest): ReadonlySet<string> {
  return tools.some((tool) => tool.kind === "custom")
    ? new Set(tools.filter((tool) => tool.kind === "custom").map((tool) => tool.name))
    : NO_TOOLS;
}

/** An error and what caused it, on one line. */
function describe(error: Error): string {
  const causes: string[] = [];
  for (let at: unknown = error; at instanceof Error && causes.length < 5; at = at.cause) {
    causes.push(`${at.name}: ${at.message}`);
  }
  return causes.join("; caused by ");
}
