// deno-lint-ignore-file camelcase -- field names are the backend's
/**
 * What backends send, as loosely as they send it: every field may be absent or null. What we send
 * is typed by the `openai` package.
 *
 * Source: https://platform.openai.com/docs/api-reference/chat (2025-11), and the fields that
 * vLLM, llama.cpp, DeepSeek and OpenRouter add to it.
 *
 * @module
 */

/** A piece of a tool call, or in an unstreamed answer a whole one. */
export interface WireToolCall {
  /** Position of the call; some backends leave it out, some send 0 for each. */
  readonly index?: number | null;
  /** Comes with the first piece. */
  readonly id?: string | null;
  /** What is called. */
  readonly function?: {
    /** Comes with the first piece. */
    readonly name?: string | null;
    /** JSON text; some backends send the value itself. */
    readonly arguments?: unknown;
  } | null;
}

/** A piece of the answer, or in an unstreamed answer the whole message. */
export interface WireDelta {
  /** Visible text. */
  readonly content?: string | null;
  /** Why the model will not answer. */
  readonly refusal?: string | null;
  /** Reasoning as OpenRouter, Ollama and newer vLLM send it. */
  readonly reasoning?: string | null;
  /** Reasoning as DeepSeek, llama.cpp and older vLLM send it. */
  readonly reasoning_content?: string | null;
  /** Calls of tools, often interleaved. */
  readonly tool_calls?: readonly WireToolCall[] | null;
  /** Predecessor of `tool_calls`. */
  readonly function_call?: WireToolCall["function"];
}

/** One alternative of the answer; only the first is read. */
export interface WireChoice {
  /** 0 for the first. */
  readonly index?: number | null;
  /** In a stream. */
  readonly delta?: WireDelta | null;
  /** In an unstreamed answer. */
  readonly message?: WireDelta | null;
  /** `stop`, `length`, `tool_calls`, `content_filter`, `function_call`, or a backend's own word. */
  readonly finish_reason?: string | null;
  /** Of the tokens of this piece. */
  readonly logprobs?: {
    /** One item for each token. */
    readonly content?: readonly Readonly<Record<string, unknown>>[] | null;
  } | null;
}

/** Token counts. */
export interface WireUsage {
  /** Tokens of the prompt, cached ones included. */
  readonly prompt_tokens?: number | null;
  /** Tokens of the answer, reasoning included. */
  readonly completion_tokens?: number | null;
  /** Parts of `prompt_tokens`. */
  readonly prompt_tokens_details?: { readonly cached_tokens?: number | null } | null;
  /** Parts of `completion_tokens`. */
  readonly completion_tokens_details?: { readonly reasoning_tokens?: number | null } | null;
}

/** A failure told in a body. */
export interface WireError {
  /** For people. */
  readonly message?: string | null;
  /** A word for the kind of failure. */
  readonly type?: string | null;
  /** OpenAI sends a word, OpenRouter and llama.cpp the HTTP status. */
  readonly code?: string | number | null;
}

/** A chunk of a stream, or an unstreamed answer. */
export interface WireCompletion {
  /** Empty in the chunk that brings the token counts. */
  readonly choices?: readonly WireChoice[] | null;
  /** Comes last, or with every chunk. */
  readonly usage?: WireUsage | null;
  /** Instead of everything else. */
  readonly error?: WireError | string | null;
}
