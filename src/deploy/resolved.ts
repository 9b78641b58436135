/**
 * A deployment with every default filled in, every unit parsed and every name known to exist.
 * @module
 */
import type { Grants } from "../isolation/grant.ts";
import type { ModelSettings } from "../run/request.ts";

/** A whole deployment. */
export interface ResolvedDeployment {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  readonly insecure: boolean;
  readonly backends: readonly ResolvedBackend[];
  readonly mcps: readonly ResolvedMcp[];
  /** At least one. */
  readonly entrypoints: readonly ResolvedEntrypoint[];
  readonly store: ResolvedStore;
  readonly playground: boolean;
  readonly metrics: boolean;
  readonly log: "pretty" | "json";
  readonly corsOrigins: readonly string[];
  readonly shutdownGraceMs: number;
  readonly limits: ResolvedServerLimits;
  readonly workers: number;
}

/** An upstream LLM. */
export type ResolvedBackend = ResolvedEndpoint | ResolvedDemo;

/** An OpenAI-compatible endpoint. */
export interface ResolvedEndpoint {
  readonly type: "openai-compatible";
  readonly name: string;
  readonly baseUrl: string;
  /** Secret. Undefined: no Authorization header. */
  readonly apiKey: string | undefined;
  /** The endpoint's name of the model. */
  readonly model: string;
  /** Values are secret. */
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number | undefined;
  readonly maxRetries: number | undefined;
  readonly fetchUrls: boolean;
  /** Names of the backends to try next, in order. */
  readonly fallback: readonly string[];
}

/** The built-in demo. */
export interface ResolvedDemo {
  readonly type: "demo";
  readonly name: string;
  readonly fallback: readonly string[];
}

/** An MCP server. */
export interface ResolvedMcp {
  readonly name: string;
  readonly connection:
    | {
      readonly transport: "stdio";
      readonly command: string;
      readonly args: readonly string[];
      /** Values are secret. */
      readonly env: Readonly<Record<string, string>>;
      readonly cwd: string | undefined;
    }
    | {
      readonly transport: "streamable-http" | "sse";
      readonly url: string;
      /** Texts are secret. */
      readonly headers: Readonly<Record<string, string | ResolvedRequestValue>>;
      readonly sessions: "per-identity" | "shared";
    };
  readonly timeoutMs: number | undefined;
  readonly startTimeoutMs: number | undefined;
  readonly prefix: string | undefined;
  /** Undefined: all tools. */
  readonly allowTools: readonly string[] | undefined;
  readonly denyTools: readonly string[];
  /** Told as progress when one of its tools is called. */
  readonly label: string | undefined;
  /** By the server's names of its tools. */
  readonly toolLabels: Readonly<Record<string, string>>;
  readonly required: boolean;
}

/** A value that each client's request brings. */
export interface ResolvedRequestValue {
  /** `auth`: the name of the caller's key. */
  readonly from: "header" | "extra" | "auth";
  /** Of the header, or the path of the field; empty for `auth`. */
  readonly name: string;
  /** Whether requests without it are welcome. */
  readonly optional: boolean;
}

/** One API: a path with its keys and models. */
export interface ResolvedEntrypoint {
  /** Starts with a slash, ends without one. */
  readonly prefix: string;
  /** Empty: no key is needed. */
  readonly keys: readonly ResolvedKey[];
  /** At least one. */
  readonly models: readonly ResolvedModel[];
}

/** Who may call. */
export interface ResolvedKey {
  readonly name: string;
  /** The key itself, or its hash. Secret. */
  readonly secret:
    | { readonly type: "plain"; readonly key: string }
    | { readonly type: "sha256"; readonly hex: string };
  /** Undefined: every model of the entrypoint. */
  readonly models: readonly string[] | undefined;
  /** Milliseconds since 1970; undefined: never. */
  readonly expiresAtMs: number | undefined;
  readonly limits: ResolvedLoadLimits;
}

/** A served name. */
export interface ResolvedModel {
  readonly id: string;
  readonly source:
    | { readonly type: "backend"; readonly backend: string }
    | {
      readonly type: "module";
      readonly specifier: string;
      readonly permissions: Grants;
      readonly integrity: string | undefined;
      /** Backends that it may call. */
      readonly backends: readonly string[];
    };
  readonly description: string | undefined;
  readonly instructions: string | undefined;
  readonly mcps: readonly string[];
  readonly codeMode: boolean;
  readonly settings: ModelSettings;
  readonly limits: ResolvedModelLimits;
  readonly lifecycle: "startup" | "lazy" | "per_request";
  readonly dependencyPolicy: "fail" | "degrade";
  readonly responsesReasoning: ResolvedReasoning;
  readonly clientTools: "allow" | "deny";
  readonly backgroundTasks:
    | { readonly type: "agent" | "rule" }
    | { readonly type: "backend"; readonly backend: string };
  readonly onDisconnect:
    | { readonly type: "cancel" | "detach" }
    | { readonly type: "grace"; readonly graceMs: number };
  readonly approval: ResolvedApproval;
}

/** Words in which a person is asked. */
export interface ResolvedPrompt {
  readonly label: string;
  readonly text: string;
}

/** Hidden tools that wait for a person's yes. */
export interface ResolvedApproval {
  /** By the names the model knows them by. */
  readonly tools: "all" | readonly string[];
  readonly ask: "client" | "nobody";
  /** What is asked; undefined: the product's own words. */
  readonly prompt: ResolvedPrompt | undefined;
  /** What is asked before calls of single tools. */
  readonly prompts: Readonly<Record<string, ResolvedPrompt>>;
}

/** Which reasoning clients see. */
export type ResolvedReasoning =
  | { readonly mode: "disabled" | "agent" | "custom" }
  | {
    readonly mode: "premade";
    readonly chunks: readonly string[];
    readonly intervalMs: number | undefined;
  };

/** A wall for a span of time; undefined fields are unlimited. */
export interface ResolvedBudget {
  readonly tokens: number | undefined;
  readonly toolCalls: number | undefined;
  readonly seconds: number | undefined;
  readonly money: number | undefined;
  readonly per: "hour" | "day" | "week" | "month" | "forever";
}

/** Limits of a key, or of a model over all its runs; undefined fields are unlimited. */
export interface ResolvedLoadLimits {
  readonly maxConcurrentRuns: number | undefined;
  /** Requests that may wait for a run to end. */
  readonly queue: number;
  readonly requestsPerMinute: number | undefined;
  readonly tokensPerMinute: number | undefined;
  readonly budget: ResolvedBudget | undefined;
}

/** Limits of a model; those of one run, and those over all of them. */
export interface ResolvedModelLimits extends ResolvedLoadLimits {
  readonly maxSteps: number | undefined;
  readonly maxToolCalls: number | undefined;
  readonly maxTokens: number | undefined;
  readonly maxSeconds: number | undefined;
  readonly maxMemoryBytes: number | undefined;
}

/** What the server takes at all; undefined fields are left to the server's own defaults. */
export interface ResolvedServerLimits {
  readonly maxBodyBytes: number | undefined;
  readonly maxMessages: number | undefined;
  readonly maxNesting: number | undefined;
  readonly maxImageBytes: number | undefined;
  readonly maxFileBytes: number | undefined;
  readonly maxSeconds: number | undefined;
  readonly keepAliveMs: number | undefined;
  readonly maxConcurrentRuns: number | undefined;
  readonly queue: number | undefined;
}

/** Where records are kept. */
export type ResolvedStore =
  | {
    readonly type: "memory";
    readonly ttlMs: number | undefined;
    readonly maxBytes: number | undefined;
  }
  | {
    readonly type: "sqlite";
    readonly path: string;
    readonly ttlMs: number | undefined;
    readonly maxBytes: number | undefined;
  }
  | {
    readonly type: "redis";
    /** Secret: may hold a password. */
    readonly url: string;
    readonly ttlMs: number | undefined;
  };
