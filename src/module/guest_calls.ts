/**
 * What a guest has asked its host for and waits for.
 * @module
 */
import { Rate } from "../isolation/rate.ts";
import type { ModelEvent } from "../models/model.ts";
import type { Clock } from "../run/seams.ts";
import type { CheckedMessage } from "./guest_check.ts";
import { failureOf } from "./guest_failure.ts";
import type { GuestFailure, HostMessage, ServiceRequest } from "./guest_messages.ts";
import type { RunServices } from "./guest_services.ts";

/** Most calls at once. */
const MAX_CALLS = 1000;
/** Calls a second, and at once, by code whose run is over. */
const LATE_CALLS = { perSecond: 100, burst: 1000 };
/** Events of an answer that a guest need not have taken up before more are sent. */
const CREDIT = 64;

/** What calls are given. */
export interface GuestCallsOptions {
  /** Tells the guest. */
  readonly send: (message: HostMessage) => void;
  /** Told what went wrong; the guest is not. */
  readonly onFailure: (service: ServiceRequest["service"], error: unknown) => void;
  readonly clock: Clock;
}

type Asked<Type extends CheckedMessage["type"]> = Extract<CheckedMessage, { readonly type: Type }>;

interface OpenCall {
  readonly run: number;
  readonly controller: AbortController;
  /** Events sent that the guest has not taken up. */
  untaken: number;
  /** Resolves when the guest has taken up some. */
  takes: PromiseWithResolvers<void> | undefined;
}

/** The calls of one guest. */
export class GuestCalls {
  readonly #options: GuestCallsOptions;
  readonly #open = new Map<number, OpenCall>();
  readonly #late: Rate;
  #count = 0;
  /** Messages that the guest may still send of calls that are over: it did not know. */
  #belated = 0;

  /** No calls yet. */
  constructor(options: GuestCallsOptions) {
    this.#options = options;
    this.#late = new Rate({ ...LATE_CALLS, clock: options.clock });
  }

  /**
   * Begins to answer a call.
   *
   * @param services those of its run; undefined: the run is over
   * @throws {Error} when the guest asks for too much at once, or numbers its calls wrongly
   */
  begin({ call, run, request }: Asked<"call">, services: RunServices | undefined): void {
    if (call !== this.#count + 1) throw new Error("Numbered its calls wrongly");
    this.#count = call;
    if (!services) return this.#refuse(call);
    if (this.#open.size >= MAX_CALLS) throw new Error(`Made more than ${MAX_CALLS} calls at once`);
    const open: OpenCall = {
      run,
      controller: new AbortController(),
      untaken: 0,
      takes: undefined,
    };
    this.#open.set(call, open);
    void this.#answer(call, open, { services, request: request as ServiceRequest });
  }

  /**
   * The guest has taken up events of an answer.
   *
   * @throws {Error} when there were not so many
   */
  taken({ call, events }: Asked<"taken">): void {
    const open = this.#open.get(call);
    if (!open) return this.#belatedly();
    if (events > open.untaken) throw new Error("Took up more of an answer than there was");
    open.untaken -= events;
    open.takes?.resolve();
    open.takes = undefined;
  }

  /**
   * The guest waits no longer for a call.
   *
   * @throws {Error} when there was no such call
   */
  cancel({ call }: Asked<"cancel">): void {
    const open = this.#open.get(call);
    if (open) this.#end(call, open, "The guest gave up");
    else this.#belatedly();
  }

  /** A run is over, and its calls with it. */
  cancelRun(run: number): void {
    for (const [call, open] of this.#open) {
      if (open.run === run) this.#end(call, open, "The run is over");
    }
  }

  #end(call: number, open: OpenCall, reason: string): void {
    this.#open.delete(call);
    this.#belated += open.untaken + 1;
    open.controller.abort(new DOMException(reason, "AbortError"));
    open.takes?.resolve();
  }

  #belatedly(): void {
    this.#belated -= 1;
    if (this.#belated < 0) throw new Error("Spoke of a call that it had not made");
  }

  #refuse(call: number): void {
    if (this.#late.take(1) > 0) throw new Error("Went on calling though its runs were over");
    this.#belated += 1;
    const error: GuestFailure = { family: "run", code: "cancelled", message: "The run is over" };
    this.#options.send({ type: "reply-error", call, error });
  }

  async #answer(
    call: number,
    open: OpenCall,
    { services, request }: {
      readonly services: RunServices;
      readonly request: ServiceRequest;
    },
  ): Promise<void> {
    const { signal } = open.controller;
    let reply: HostMessage;
    try {
      const emit = (event: ModelEvent) => this.#emit(call, open, event);
      reply = { type: "reply", call, value: await services.answer(request, { signal, emit }) };
    } catch (error) {
      if (signal.aborted) return;
      this.#options.onFailure(request.service, error);
      reply = { type: "reply-error", call, error: failureOf(error) };
    }
    if (this.#open.get(call) !== open) return;
    this.#open.delete(call);
    this.#belated += open.untaken + 1;
    try {
      this.#options.send(reply);
    } catch (error) {
      // A tool may return what cannot be written down.
      this.#options.onFailure(request.service, error);
      this.#options.send({ type: "reply-error", call, error: failureOf(error) });
    }
  }

  /** Sends a part of an answer; a promise while the guest has enough of it. */
  #emit(call: number, open: OpenCall, event: ModelEvent): Promise<void> | undefined {
    if (this.#open.get(call) !== open) return;
    this.#options.send({ type: "reply-events", call, events: [event] });
    open.untaken += 1;
    if (open.untaken < CREDIT) return;
    return (open.takes ??= Promise.withResolvers<void>()).promise;
  }
}
