/**
 * From a POST of any protocol to its response: read, decode, find, run, respond.
 * @module
 */
import { RequestContext } from "../context/request_context.ts";
import type { Exchange, Protocol } from "../protocols/protocol.ts";
import { isStateful, type ResponseEnvelope, type StatefulProtocol } from "../protocols/stateful.ts";
import { RequestError } from "../run/error.ts";
import type { Caller } from "./auth/api_key.ts";
import { recogniseTask } from "./background_task/recognise.ts";
import { type BodyLimits, readJsonBody } from "./body.ts";
import { type Call, CLIENT_GONE, type ResponseHeaders, type Services } from "./call.ts";
import { DetachedCall } from "./detached_call.ts";
import { EventLog } from "./event_log.ts";
import type { OpenEntrypoint } from "./handler.ts";
import { IdempotentRuns, RunsElsewhere } from "./idempotency.ts";
import { LiveStream } from "./live_stream.ts";
import { type Answer, respond, runWhole, streamed } from "./respond.ts";
import type { BackgroundRuns } from "./responses/background_runs.ts";
import { KeptAnswer } from "./responses/kept_answer.ts";
import type { ResponseStore } from "./responses/response_store.ts";
import { type HostedContext, hostedContext } from "./run_context.ts";
import type { Started } from "./shared_run.ts";

/** What generation needs. */
export interface GenerationOptions {
  /** What all calls share. */
  readonly services: Services;
  /** Walls around requests. */
  readonly limits: BodyLimits & { readonly maxMessages: number };
  /** Where answers are kept. */
  readonly responses: ResponseStore;
  /** Runs that go on without their clients. */
  readonly background: BackgroundRuns;
}

/** A POST whose caller was let in. */
export interface Posted {
  /** Who asks. */
  readonly caller: Caller;
  /** At which API. */
  readonly entry: OpenEntrypoint;
  /** In which format. */
  readonly protocol: Protocol;
}

/** A POST on its way: who is told of its end, and who carries the run. Often the same. */
interface Carried extends Posted {
  readonly call: Call;
  /** Absent: the call itself, unless the client asks for more. */
  readonly run?: DetachedCall;
}

/** Answers POSTs. */
export class Generation {
  readonly #options: GenerationOptions;
  readonly #idempotent: IdempotentRuns;
  readonly #nowS: () => number;

  /** Prepares to answer. */
  constructor(options: GenerationOptions) {
    this.#options = options;
    const { clock } = options.services;
    this.#idempotent = new IdempotentRuns(options.services);
    this.#nowS = () => Math.floor(clock.now() / 1000);
  }

  /** Answers one POST. Refusals and early failures are thrown. */
  async answer(call: Call, posted: Posted): Promise<Response> {
    const body = await readJsonBody(call.request, this.#options.limits);
    const key = call.request.headers.get("idempotency-key");
    if (key !== null) return await this.#answerOnce(call, { ...posted, key, body });
    const prepared = this.#prepare({ ...posted, call }, body);
    const answer = prepared instanceof Promise ? await prepared : prepared;
    if (answer.call === call) return await respond(answer);
    return this.#send(call, { started: await this.#start(answer) });
  }

  async #answerOnce(
    call: Call,
    { key, body, ...posted }: Posted & { readonly key: string; readonly body: unknown },
  ): Promise<Response> {
    const { caller, protocol } = posted;
    const scope = caller.models ? [...caller.models].sort() : null;
    try {
      const { started, replayed, leave } = await this.#idempotent.join(call, {
        key,
        tenant: caller.principal.tenant,
        asked: [protocol.name, scope, body],
        start: (run) => this.#startOnce({ ...posted, call, run }, body),
      });
      const headers = replayed ? { "idempotent-replayed": "true" } : undefined;
      return this.#send(call, { started, headers, leave });
    } catch (error) {
      if (!(error instanceof RunsElsewhere)) throw error;
      return call.fail(error, {
        "retry-after": String(error.retryAfterS),
        "x-should-retry": "true",
      });
    }
  }

  async #startOnce(
    carried: Carried & { readonly run: DetachedCall },
    body: unknown,
  ): Promise<Started> {
    try {
      return await this.#start(await this.#prepare(carried, body));
    } catch (error) {
      carried.run.end(500);
      throw error;
    }
  }

  #send(
    call: Call,
    { started, headers, leave }: {
      readonly started: Started;
      readonly headers?: ResponseHeaders;
      readonly leave?: () => void;
    },
  ): Response {
    if (started.type === "whole") {
      leave?.();
      return call.answer(started.body, { headers });
    }
    const source = started.log.read(0, (left) => {
      leave?.();
      call.end(left ? CLIENT_GONE : 200);
    });
    return streamed(call, source, headers);
  }

  /** Starts a run that is carried by something else than the call it came with. */
  async #start(answer: Answer): Promise<Started> {
    const { kept, call, exchange: { request } } = answer;
    try {
      if (kept?.background) {
        const { run, json } = await this.#options.background.start(answer, kept);
        return request.stream
          ? { type: "stream", log: run.log, abandonable: false }
          : { type: "whole", body: json };
      }
      if (!request.stream) {
        const body = await runWhole(answer);
        call.end(200);
        return { type: "whole", body };
      }
      const stream = new LiveStream(answer);
      await stream.begin();
      const log = new EventLog();
      this.#options.services.runs.track(stream.drive(log), "running for several clients");
      return { type: "stream", log, abandonable: true };
    } catch (error) {
      call.end(500);
      throw error;
    }
  }

  /** Everything an answer needs; a promise only where something has to be waited for. */
  #prepare(carried: Carried, body: unknown): Answer | Promise<Answer> {
    const { protocol, call, run } = carried;
    if (isStateful(protocol)) return this.#prepareStateful(carried, protocol, body);
    return this.#complete(carried, { exchange: protocol.decode(body), run: run ?? call });
  }

  async #prepareStateful(
    carried: Carried,
    protocol: StatefulProtocol,
    body: unknown,
  ): Promise<Answer> {
    const { call, caller: { principal: { tenant } } } = carried;
    const { responses: store, services: { logger } } = this.#options;
    const stored = await store.history(tenant, protocol.references(body));
    const exchange = protocol.decode(body, stored);
    const run = carried.run ?? (exchange.background ? new DetachedCall(call) : call);
    const answer = await this.#complete(carried, { exchange, run });
    if (!exchange.store) return answer;
    const { envelope } = answer;
    const referenced = [...stored.items.values()];
    const kept = new KeptAnswer({ store, tenant, exchange, envelope, referenced, logger });
    return { ...answer, kept };
  }

  #complete(
    { call, caller, entry, protocol }: Carried,
    { exchange, run }: { readonly exchange: Exchange; readonly run: Call },
  ): Answer | Promise<Answer> {
    const { limits, services } = this.#options;
    call.paramOf = run.paramOf = exchange.paramOf;
    const model = entry.catalog.find(exchange.model, caller);
    call.modelId = run.modelId = model.model.id;
    checkMessageCount(exchange.request.messages.length, limits.maxMessages);
    const task = recogniseTask(exchange.request);
    call.task = run.task = task?.kind;
    const context = hostedContext(run, caller, model);
    // The request is gone when its response is: what a run may want of it is read before.
    if (run !== call) context.headers.has("accept");
    const envelope: ResponseEnvelope = {
      id: services.ids.mint(protocol.idPrefix),
      createdAtS: this.#nowS(),
      nowS: this.#nowS,
    };
    const answer: Answer = { call: run, exchange, envelope, model, context, task };
    if (!entry.requestContextFactory) return answer;
    return addDeps(answer, { context, factory: entry.requestContextFactory });
  }
}

async function addDeps(
  answer: Answer,
  { context, factory }: {
    readonly context: HostedContext;
    readonly factory: NonNullable<OpenEntrypoint["requestContextFactory"]>;
  },
): Promise<Answer> {
  // The factory may wait on the outside world, so its signal has to mean something.
  answer.call.beginRun();
  context.deps = await factory(new RequestContext(answer.exchange.request, context));
  return answer;
}

function checkMessageCount(count: number, maxMessages: number): void {
  if (count <= maxMessages) return;
  throw new RequestError(
    "invalid-value",
    `Shorten the conversation: it has ${count} messages, at most ${maxMessages} are taken`,
    { param: "messages" },
  );
}
