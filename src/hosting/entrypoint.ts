/**
 * What an app is made of: entrypoints and what they share.
 * @module
 */
import type { RequestContext } from "../context/request_context.ts";
import type { Clock, IdSource, Logger } from "../run/seams.ts";
import type { ApiKeyAuth } from "./auth/api_key_auth.ts";
import type { ApiKey, AuthHook } from "./auth/api_key.ts";
import type { AppSource } from "./fake_models.ts";
import type { DependencyErrorPolicy } from "./dependency_error_policy.ts";
import type { DependencyHealth } from "./health.ts";
import type { ManagedServer } from "./managed_servers.ts";
import type { ResponsesReasoningConfig } from "./reasoning.ts";
import type { RecordStore } from "./store/record_store.ts";

/** Makes the typed values tools get from a request; may throw `HttpError`. */
export type RequestContextFactory = (context: RequestContext) => unknown;

/** One API: a path with its own keys and models. */
export interface Entrypoint {
  /** Starts with a slash, as `/v1`. */
  readonly prefix: string;
  /** What is served: `FakeModels`, or anything `createApp` takes. */
  readonly models: AppSource;
  /** Served name where `models` is a lone Runner. */
  readonly modelName?: string;
  /** Who may call. Neither `apiKeys` nor `auth`: anybody. Not both. */
  readonly apiKeys?: readonly ApiKey[];
  /** Keys made elsewhere, or the app's own way to tell who is calling. */
  readonly auth?: ApiKeyAuth | AuthHook;
  /** Makes the deps of each request. */
  readonly requestContextFactory?: RequestContextFactory;
  /** Which reasoning clients see. @default {mode: "disabled"} */
  readonly responsesReasoning?: ResponsesReasoningConfig;
}

/** Walls around what a request may cost before it runs. */
export interface HostLimits {
  /** Most bytes of a request body. @default 33554432 (32 MiB) */
  readonly maxBodyBytes?: number;
  /** Most levels of lists and objects within each other in a body. @default 100 */
  readonly maxNesting?: number;
  /** Most messages of a conversation. @default unlimited */
  readonly maxMessages?: number;
  /** Most responses of one key in the making that nobody waits for. @default 100 */
  readonly maxBackgroundRuns?: number;
}

/** What the entrypoints of an app share. */
export interface SharedOptions {
  /** Checks behind `/ready`. */
  readonly health?: readonly DependencyHealth[];
  /** MCP servers that start, count for `/ready` and stop with the app. */
  readonly managedMcp?: readonly ManagedServer[];
  /**
   * What clients are told when something the app depends on fails.
   * @default a fixed sentence for each code
   */
  readonly dependencyErrors?: DependencyErrorPolicy;
  /**
   * What is kept between requests: responses, parked turns, answers to idempotency keys. Started and
   * closed with the app. @default in memory, bounded
   */
  readonly store?: RecordStore;
  /** Walls around requests. */
  readonly limits?: HostLimits;
  /** Where operators read what happened. @default warnings and errors on stderr, no line per request */
  readonly logger?: Logger;
  /** Origins of web pages that may call, as `https://app.example.com`; `*` is any. @default none */
  readonly corsOrigins?: readonly string[];
  /** Time. @default the runtime's */
  readonly clock?: Clock;
  /** Where ids come from. @default random */
  readonly ids?: IdSource;
  /** Longest silence of a stream before a comment is sent. @default 5000 */
  readonly keepAliveMs?: number;
  /** Allows callers from other machines where no key is needed. @default false */
  readonly insecure?: boolean;
  /** How long open runs may go on once the app is told to stop. @default 30000 */
  readonly shutdownGraceMs?: number;
}

/** Everything `createHost` takes. */
export interface HostOptions extends SharedOptions {
  /** At least one; prefixes differ. */
  readonly entrypoints: readonly Entrypoint[];
}
