/**
 * What a guest may use of its host: backends, MCP servers and parked turns, under the identity and the
 * limits of the run at hand. Keys and addresses stay here.
 * @module
 */
import type { Model, ModelEvent } from "../models/model.ts";
import { RunBudget, type RunLimits } from "../run/budget.ts";
import { RunError } from "../run/error.ts";
import { addUsage, NO_USAGE, type Usage } from "../run/result.ts";
import type { RunContext } from "../run/runner.ts";
import type { RunRequest } from "../run/request.ts";
import type { Toolset } from "../tools/toolset.ts";
import type { ServiceRequest, ToolValue } from "./guest_messages.ts";
import { RunToolsets } from "./guest_toolsets.ts";

/** What a guest may use. */
export interface GuestServices {
  /** By the names that the guest knows them by. */
  readonly backends: ReadonlyMap<string, Model>;
  /** By the names that the guest knows them by. */
  readonly mcps: ReadonlyMap<string, Toolset>;
  /** Walls of a run, for what it does here. */
  readonly limits: RunLimits;
  /** Names of request headers that are for `mcps` alone, and that no guest sees. @default none */
  readonly hiddenHeaders?: readonly string[];
  /** Names of request fields, or dotted paths into them, that are for `mcps` alone. @default none */
  readonly hiddenFields?: readonly string[];
}

/** No services at all. */
export const NO_SERVICES: GuestServices = { backends: new Map(), mcps: new Map(), limits: {} };

/** What the services of a run belong to. */
export interface RunServicesOptions {
  readonly request: RunRequest;
  readonly context: RunContext;
  /** Names the guest: parked turns are its own. */
  readonly guest: string;
}

/** How a call is answered. */
export interface AnswerOptions {
  readonly signal: AbortSignal;
  /** Told what comes before the answer; a promise holds it back. */
  readonly emit: (event: ModelEvent) => Promise<void> | undefined;
}

/** Most calls of a run that its limits say nothing of. */
const MAX_CALLS = 10_000;
/** Most of them that keep something in the store, which others use as well. */
const MAX_KEPT = 200;
/** Most characters of what they keep. */
const MAX_KEPT_CHARS = 4 * 1024 * 1024;

type Asked<Service extends ServiceRequest["service"]> = Extract<
  ServiceRequest,
  { readonly service: Service }
>;

/** The services of one run. */
export class RunServices implements AsyncDisposable {
  readonly #services: GuestServices;
  readonly #request: RunRequest;
  readonly #context: RunContext;
  readonly #tenant: string;
  readonly #budget: RunBudget;
  #toolsets: RunToolsets | undefined;
  #usage: Usage = NO_USAGE;
  #modelCalls = 0;
  #calls = 0;
  #kept = 0;
  #keptChars = 0;

  /** Uses nothing yet. */
  constructor(services: GuestServices, { request, context, guest }: RunServicesOptions) {
    this.#services = services;
    this.#request = request;
    this.#context = context;
    this.#tenant = JSON.stringify(["guest", guest, context.principal.tenant]);
    this.#budget = new RunBudget(services.limits, {
      parent: context.budget,
      wantedToolCalls: request.maxToolCalls,
    });
  }

  /**
   * Does what a guest asks for.
   *
   * @returns the answer, plain data
   * @throws {RunError} when the run has used up what it may, or the service fails
   * @throws {RequestError} what the guest's code can mend
   */
  async answer(request: ServiceRequest, { signal, emit }: AnswerOptions): Promise<unknown> {
    if (++this.#calls > MAX_CALLS) throw tooMuch(MAX_CALLS);
    const { turns } = this.#context;
    switch (request.service) {
      case "model":
        return await this.#callModel(request, { signal, emit });
      case "tools":
        return await this.#tools().list(request.mcp, this.#progress(signal));
      case "tool-call":
        return await this.#callTool(request, signal);
      case "turn-find":
        return await turns.find(this.#tenant, request.id);
      case "turn-park":
        this.#keep(request.turn);
        return await turns.park(this.#tenant, request.turn);
      case "turn-begin":
        this.#keep(request.refused);
        return await turns.begin(this.#tenant, request.id, request.refused);
      case "turn-settle":
        this.#keep(request.messages);
        return await turns.settle(this.#tenant, request.id, request.messages);
      default:
        return request satisfies never;
    }
  }

  /** Lets go of the MCP servers. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#toolsets?.[Symbol.asyncDispose]();
  }

  async #callModel(
    { backend, request }: Asked<"model">,
    { signal, emit }: AnswerOptions,
  ): Promise<void> {
    const model = this.#services.backends.get(backend);
    if (!model) throw new RunError("internal", `Guest may not use backend "${backend}"`);
    this.#budget.takeModelCall();
    this.#modelCalls += 1;
    const { logger } = this.#context;
    for await (const event of model.call(request, { signal, logger })) {
      const held = emit(event);
      if (held) await held;
      if (event.type !== "usage") continue;
      this.#usage = addUsage(this.#usage, event.usage);
      this.#budget.addUsage(event.usage);
    }
  }

  async #callTool(
    { mcp, tool, arguments: args }: Asked<"tool-call">,
    signal: AbortSignal,
  ): Promise<ToolValue> {
    if (this.#budget.wantedToolCalls < 1) {
      throw new RunError("run-failed", "The caller wants no more tool calls");
    }
    return await this.#tools().call(mcp, { tool, args }, this.#progress(signal));
  }

  #tools(): RunToolsets {
    return this.#toolsets ??= new RunToolsets(this.#services, {
      request: this.#request,
      context: this.#context,
      budget: this.#budget,
    });
  }

  #progress(signal: AbortSignal) {
    return { signal, usage: this.#usage, modelCalls: this.#modelCalls };
  }

  #keep(kept: unknown = null): void {
    if (++this.#kept > MAX_KEPT) throw tooMuch(MAX_KEPT);
    this.#keptChars += JSON.stringify(kept).length;
    if (this.#keptChars > MAX_KEPT_CHARS) {
      throw new RunError(
        "run-failed",
        `Run asked its host to keep more than ${MAX_KEPT_CHARS} characters`,
      );
    }
  }
}

function tooMuch(limit: number): RunError {
  return new RunError("run-failed", `Run asked its host for more than ${limit} services`);
}
