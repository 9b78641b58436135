/**
 * One HTTP request while it is answered: its id, its caller, its end.
 * @module
 */
import { encodeError } from "../protocols/openai_error.ts";
import { HttpError, RequestError, RunError, toPublicError } from "../run/error.ts";
import type { PublicError } from "../run/error.ts";
import type { RunEvent } from "../run/event.ts";
import { addUsage, NO_USAGE, type Usage } from "../run/result.ts";
import type { Clock, IdSource, Logger, TurnStore } from "../run/seams.ts";
import type { Caller } from "./auth/api_key.ts";
import type { BackgroundTaskKind } from "./background_task/background_task.ts";
import { causesOf } from "./cause.ts";
import type { ConnectionTable, RemoteAddress } from "./connection_table.ts";
import { errorClass } from "./dependency_error.ts";
import { type DependencyErrorPolicy, publicErrorOf } from "./dependency_error_policy.ts";
import type { Abortable, OpenRuns } from "./open_runs.ts";
import type { SilenceTicker, Ticked } from "./silence_ticker.ts";
import type { RecordStore } from "./store/record_store.ts";

/** What every call of an app shares. */
export interface Services {
  /** Time. */
  readonly clock: Clock;
  /** Where request ids come from. */
  readonly ids: IdSource;
  /** Where operators read what happened. */
  readonly logger: Logger;
  /** Whether anybody reads a line per request. */
  readonly logsRequests: boolean;
  /** What is kept between requests. */
  readonly records: RecordStore;
  /** Where turns are parked. */
  readonly turns: TurnStore;
  /** What is going on. */
  readonly runs: OpenRuns;
  /** Ticks whatever is going on. */
  readonly ticker: SilenceTicker;
  /** Tells which clients have left. */
  readonly connections: ConnectionTable;
  /** Words for failures of what the app depends on; absent: a fixed sentence for each code. */
  readonly dependencyErrors?: DependencyErrorPolicy;
}

/** Header names in lower case to values. */
export type ResponseHeaders = Readonly<Record<string, string>>;

/** The status proxies note for a client that left before its answer. */
export const CLIENT_GONE = 499;

/** One request on its way to its response, and to the end of its stream. */
export class Call implements Abortable, Ticked {
  /** Sent as `x-request-id`, and the run's id. */
  readonly requestId: string;
  /** What is answered. */
  readonly request: Request;
  /** What all calls share. */
  readonly services: Services;
  /** Set once the caller is let in. */
  caller: Caller | undefined;
  /** The served name asked for, once it is known to exist. */
  modelId: string | undefined;
  /** What the request is, if its client sent it by itself. */
  task: BackgroundTaskKind | undefined;
  /** The client's names of fields, once its protocol is known. */
  paramOf: ((param: string) => string) | undefined;
  /** Sent with every answer to a page that may read it. */
  corsHeaders: ResponseHeaders | undefined;
  /** What its line in the log is about. */
  protected readonly subject: string = "request";
  readonly #startedMs: number;
  readonly #controller = new AbortController();
  readonly #remote: RemoteAddress | undefined;
  #consumed: Usage = NO_USAGE;
  #error: string | undefined;
  /** Stops watching the client; undefined while nobody does. */
  #unwatch: (() => void) | undefined;
  /** What the app stops; undefined while nothing runs. */
  #run: (Abortable & Ticked) | undefined;
  #ended = false;

  /**
   * Takes the time and mints the id.
   *
   * @param origin `remote`: the client, where the request came through `Deno.serve`; `requestId`:
   *   that of the request this is part of
   */
  constructor(
    request: Request,
    services: Services,
    { remote, requestId }: { readonly remote?: RemoteAddress; readonly requestId?: string } = {},
  ) {
    this.request = request;
    this.services = services;
    this.requestId = requestId ?? services.ids.mint("req_");
    this.#startedMs = services.clock.now();
    this.#remote = remote;
  }

  /** Aborted when the client leaves or the app stops. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Stops the run. */
  abort(reason: unknown): void {
    this.#controller.abort(reason);
  }

  /**
   * The run begins: from here to `end` the app can stop it, and a client that leaves does. To
   * watch a served client costs as much as all the rest, so that begins with the first tick only.
   *
   * @param run takes the place of whatever was told to stop before
   */
  beginRun(run: Abortable & Ticked = this): void {
    this.forgetRun();
    this.#run = run;
    this.services.runs.add(run);
    this.services.ticker.watch(run);
    if (!this.#remote) this.watchClient();
  }

  /** Learns from now on whether the client leaves before its answer. */
  watchClient(): void {
    if (this.#unwatch || this.signal.aborted) return;
    const { connections } = this.services;
    if (this.#remote && connections.available) {
      this.#unwatch = connections.watch(this.#remote, this.#onClientGone);
      return;
    }
    const { signal } = this.request;
    if (signal.aborted) return this.#onClientGone();
    signal.addEventListener("abort", this.#onClientGone, { once: true });
    this.#unwatch = () => signal.removeEventListener("abort", this.#onClientGone);
  }

  /**
   * The response is about to be returned. From here its body tells that the client left; the request's
   * signal means nothing any more, since it is aborted after a good answer too.
   */
  stopWatchingClient(): void {
    this.#unwatch?.();
    this.#unwatch = undefined;
  }

  /** Ticked while an unstreamed answer is made. */
  tick(): void {
    this.watchClient();
  }

  readonly #onClientGone = (): void => {
    this.abort(new RunError("cancelled", "The client went away"));
  };

  /** Counts what an event reports. */
  count(event: RunEvent): void {
    if (event.type === "usage") this.#consumed = addUsage(this.#consumed, event.usage);
  }

  /**
   * What a client may know of a failure, and a line in the log for what it may not. An error thrown
   * because the run was stopped counts as the reason of the stop.
   */
  explain(error: unknown): PublicError {
    const stopped = this.signal.aborted && !(error instanceof RunError);
    const actual = stopped && this.signal.reason instanceof RunError ? this.signal.reason : error;
    this.#logFailure(actual);
    const { dependencyErrors } = this.services;
    const shown = dependencyErrors?.matches(actual)
      ? publicErrorOf(dependencyErrors, actual)
      : toPublicError(actual, this.requestId);
    this.#error = shown.code;
    if (shown.param === null || !this.paramOf) return shown;
    return { ...shown, param: this.paramOf(shown.param) };
  }

  /** A refusal or failure as the whole answer. */
  fail(error: unknown, headers?: ResponseHeaders): Response {
    const answer = encodeError(this.explain(error));
    return this.answer(JSON.stringify(answer.body), {
      status: answer.status,
      headers: { ...answer.headers, ...headers },
    });
  }

  /** A whole answer; its request is over. */
  answer(
    body: string | null,
    { status = 200, headers }: { readonly status?: number; readonly headers?: ResponseHeaders } =
      {},
  ): Response {
    this.end(status);
    const head = body === null ? this.headers() : this.headers("application/json");
    return new Response(this.request.method === "HEAD" ? null : body, {
      status,
      headers: headers ? Object.assign(head, headers) : head,
    });
  }

  /** Headers of every response; a new object each time. */
  headers(contentType?: string): Record<string, string> {
    const headers: Record<string, string> = {
      "x-request-id": this.requestId,
      "openai-processing-ms": String(this.#elapsedMs()),
    };
    if (contentType !== undefined) headers["content-type"] = contentType;
    return this.corsHeaders ? Object.assign(headers, this.corsHeaders) : headers;
  }

  /** The request is over, its stream included: forgets it and writes its line. Idempotent. */
  end(status: number): void {
    if (this.#ended) return;
    this.#ended = true;
    this.stopWatchingClient();
    this.forgetRun();
    if (!this.services.logsRequests) return;
    const { inputTokens, outputTokens } = this.#consumed;
    this.services.logger.log("info", this.subject, {
      requestId: this.requestId,
      method: this.request.method,
      status,
      durationMs: this.#elapsedMs(),
      key: this.caller?.principal.name,
      model: this.modelId,
      task: this.task,
      error: this.#error,
      ...this.#run ? { inputTokens, outputTokens } : {},
    });
  }

  /** The app need not stop or wait for it any more: something else runs, or nothing. */
  forgetRun(): void {
    if (!this.#run) return;
    this.services.runs.delete(this.#run);
    this.services.ticker.unwatch(this.#run);
  }

  #elapsedMs(): number {
    return this.services.clock.now() - this.#startedMs;
  }

  #logFailure(error: unknown): void {
    if (error instanceof RequestError || error instanceof HttpError) return;
    if (error instanceof RunError && error.code === "cancelled") return;
    const expected = error instanceof RunError && error.code !== "internal";
    this.services.logger.log(expected ? "warn" : "error", "run failed", {
      requestId: this.requestId,
      model: this.modelId,
      error: errorClass(error),
      detail: error instanceof Error ? error.message : String(error),
      cause: causesOf(error),
      stack: expected || !(error instanceof Error) ? undefined : error.stack,
    });
  }
}
