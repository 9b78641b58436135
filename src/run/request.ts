/**
 * What a caller asks of a served model, free of any wire format.
 * @module
 */

/** A JSON Schema as clients and tools write it; never trusted, never dereferenced remotely. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** One span of input content. */
export type InputPart = TextInput | ImageInput | FileInput | AudioInput;

/** Plain text. */
export interface TextInput {
  /** Tells parts apart. */
  readonly type: "text";
  /** The text as it is. */
  readonly text: string;
}

/** An image by `https:` or `data:` URL, or by the backend's file id. Exactly one of `url`, `fileId`. */
export interface ImageInput {
  /** Tells parts apart. */
  readonly type: "image";
  /** `https:` or `data:`. */
  readonly url?: string;
  /** As the backend knows it; not validated. */
  readonly fileId?: string;
  /** How closely to look. */
  readonly detail?: "auto" | "low" | "high" | "original";
}

/** A file by the backend's id, inline data or URL. Exactly one of `fileId`, `data`, `url`. */
export interface FileInput {
  /** Tells parts apart. */
  readonly type: "file";
  /** As the backend knows it; not validated. */
  readonly fileId?: string;
  /** Base64, no `data:` prefix. */
  readonly data?: string;
  /** MIME type of `data`; absent when the client sent bare base64. */
  readonly mediaType?: string;
  /** `https:`; only for backends that may fetch. */
  readonly url?: string;
  /** Name shown to the model. */
  readonly filename?: string;
}

/** Inline audio. */
export interface AudioInput {
  /** Tells parts apart. */
  readonly type: "audio";
  /** Base64. */
  readonly data: string;
  /** Encoding of `data`. */
  readonly format: "wav" | "mp3";
}

/** Standing orders: a client's `system` or `developer` message, or an agent's own. */
export interface SystemMessage {
  /** Tells messages apart. */
  readonly role: "system";
  /** The text as it is. */
  readonly content: string;
}

/** What the user said. */
export interface UserMessage {
  /** Tells messages apart. */
  readonly role: "user";
  /** At least one part. */
  readonly content: readonly InputPart[];
  /** Tells several users apart. */
  readonly name?: string;
}

/** What the model said before. */
export interface AssistantMessage {
  /** Tells messages apart. */
  readonly role: "assistant";
  /** Visible text; empty when the message only calls tools. */
  readonly content: string;
  /** Text of a refusal, when the model refused. */
  readonly refusal?: string;
  /** Reasoning text, sent back only to the model family that made it. */
  readonly reasoning?: string;
  /** Calls made in this message, in order. */
  readonly toolCalls: readonly ToolCall[];
  /**
   * Ids of what the client was asked to consent to in this message; once more in a later one, where
   * it answered only after the assistant had gone on.
   *
   * @default nothing
   */
  readonly approvalIds?: readonly string[];
}

/** The answer to one tool call. */
export interface ToolMessage {
  /** Tells messages apart. */
  readonly role: "tool";
  /** Id of the call this answers. */
  readonly toolCallId: string;
  /** What the tool returned. */
  readonly content: readonly InputPart[];
}

/** One message of a conversation. */
export type Message = SystemMessage | UserMessage | AssistantMessage | ToolMessage;

/** `function`: arguments are JSON text. `custom`: arguments are free text. */
export type ToolKind = "function" | "custom";

/** A call of a tool. */
export interface ToolCall {
  /** Unique in the conversation. */
  readonly id: string;
  /** Name of the tool. */
  readonly name: string;
  /** Whether `arguments` is JSON or free text. */
  readonly kind: ToolKind;
  /** JSON text (`function`) or free text (`custom`), exactly as produced. */
  readonly arguments: string;
}

/** A tool as a model is told of it. */
export interface ToolSpec {
  /** At most 64 characters of `a-zA-Z0-9_-`. */
  readonly name: string;
  /** Whether the arguments are JSON or free text. */
  readonly kind: ToolKind;
  /** Tells the model what the tool is for. */
  readonly description?: string;
  /** JSON Schema of the arguments; absent means an object without properties. */
  readonly parameters?: JsonSchema;
  /** Asks the backend to hold the arguments to the schema. */
  readonly strict?: boolean;
}

/** Which tools the model may or must call; governs client tools only. */
export type ToolChoice =
  | { readonly type: "auto" | "none" | "required" }
  | { readonly type: "tool"; readonly name: string }
  | {
    readonly type: "allowed";
    readonly mode: "auto" | "required";
    readonly names: readonly string[];
  };

/** The form of the final answer. */
export type OutputFormat =
  | { readonly type: "text" }
  | { readonly type: "json-object" }
  | {
    readonly type: "json-schema";
    readonly name: string;
    readonly schema: JsonSchema;
    readonly strict?: boolean;
    readonly description?: string;
  };

/** How much a model thinks before it answers. */
export type ReasoningEffort = "none" | "minimal" | "low" | "medium" | "high" | "xhigh" | "max";

/** Sampling and length settings of one model call; an absent field is left to the backend. */
export interface ModelSettings {
  /** Most tokens of one model call. */
  readonly maxTokens?: number;
  /** 0 to 2. */
  readonly temperature?: number;
  /** 0 to 1. */
  readonly topP?: number;
  /** At most four sequences. */
  readonly stop?: readonly string[];
  /** Makes sampling repeatable where the backend can. */
  readonly seed?: number;
  /** -2 to 2. */
  readonly presencePenalty?: number;
  /** -2 to 2. */
  readonly frequencyPenalty?: number;
  /** Token id to bias, -100 to 100. */
  readonly logitBias?: Readonly<Record<string, number>>;
  /** Ask for log probabilities of the answer's tokens. */
  readonly logprobs?: boolean;
  /** 0 to 20. */
  readonly topLogprobs?: number;
  /** How much to think before answering. */
  readonly reasoningEffort?: ReasoningEffort;
  /** How long the answer should be. */
  readonly verbosity?: "low" | "medium" | "high";
  /** Fields put into the backend's request as they are. */
  readonly extraBody?: Readonly<Record<string, unknown>>;
}

/** What a client says to something it was asked to consent to. */
export interface ApprovalAnswer {
  /** Id of the question. */
  readonly id: string;
  /** Whether the client consents. */
  readonly approve: boolean;
  /** Why, for the model. */
  readonly reason?: string;
}

/** One call of a served model, decoded. */
export interface RunRequest {
  /** The conversation as received: not merged, not repaired. */
  readonly messages: readonly Message[];
  /** Tools the client offers and runs itself. */
  readonly tools: readonly ToolSpec[];
  /** Which of `tools` may or must be called. */
  readonly toolChoice: ToolChoice;
  /** `false`: at most one client call in an answer. */
  readonly parallelToolCalls: boolean;
  /** The form of the final answer. */
  readonly output: OutputFormat;
  /** What the client asked of sampling and length. */
  readonly settings: ModelSettings;
  /** Whether the client reads the answer as it is made. */
  readonly stream: boolean;
  /** Most tool calls that run inside, besides the Runner's own limit; absent means no other. */
  readonly maxToolCalls?: number;
  /**
   * What the client says to the approvals it was asked for in `messages`; absent where its protocol has
   * no way to ask.
   */
  readonly approvals?: readonly ApprovalAnswer[];
  /** Top-level fields as the client sent them, for `RequestContext.parameter`. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Those of `parameters` that fakellm itself gives no meaning to. */
  readonly extraParameters: Readonly<Record<string, unknown>>;
}
