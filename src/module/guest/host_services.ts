/**
 * What a module may ask of its host while a run goes on.
 * @module
 */
import { AsyncLocalStorage } from "node:async_hooks";
import type { HostMessage, ServiceRequest } from "../guest_messages.ts";
import { errorOf } from "./failure.ts";
import { output } from "./output.ts";

/** The number of the run whose code is running. */
export const runAtHand = new AsyncLocalStorage<number>();

type Reply = Extract<HostMessage, { readonly type: `reply${string}` }>;

/** Events of an answer that are taken up before the host is told. */
const TOLD_EVENTS = 32;

interface Call {
  /** Events taken up that the host does not know of. */
  taken: number;
  readonly onEvents: (events: readonly unknown[]) => unknown;
  readonly onEnd: (value: unknown) => void;
  readonly onError: (error: Error) => void;
}

const calls = new Map<number, Call>();
let callCount = 0;

/**
 * Asks the host.
 *
 * @param options `onEvents`: gets what comes before the answer; where it returns a promise, no more
 *   than a few further ones come until that is resolved
 */
export function ask(
  request: ServiceRequest,
  { run = runAtHand.getStore(), signal, onEvents = () => {} }: {
    readonly run?: number;
    readonly signal?: AbortSignal;
    readonly onEvents?: Call["onEvents"];
  } = {},
): Promise<unknown> {
  if (run === undefined) {
    return Promise.reject(new Error("The host answers only while a run goes on"));
  }
  if (signal?.aborted) return Promise.reject(signal.reason);
  const call = callCount + 1;
  // What cannot be written down must not use up a number.
  output.send({ type: "call", call, run, request });
  callCount = call;
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const onAbort = () => {
    output.send({ type: "cancel", call });
    calls.delete(call);
    reject(signal?.reason);
  };
  const end = () => {
    calls.delete(call);
    signal?.removeEventListener("abort", onAbort);
  };
  calls.set(call, {
    taken: 0,
    onEvents,
    onEnd: (value) => (end(), resolve(value)),
    onError: (error) => (end(), reject(error)),
  });
  signal?.addEventListener("abort", onAbort, { once: true });
  return promise;
}

/** Takes what the host answers. */
export function onReply(message: Reply): void {
  const call = calls.get(message.call);
  switch (message.type) {
    case "reply-events":
      return call && void hand(message, call);
    case "reply":
      return call?.onEnd(message.value);
    case "reply-error":
      return call?.onError(errorOf(message.error));
  }
}

async function hand(
  { call: number, events }: Extract<Reply, { readonly type: "reply-events" }>,
  call: Call,
): Promise<void> {
  await call.onEvents(events);
  call.taken += events.length;
  if (call.taken < TOLD_EVENTS || !calls.has(number)) return;
  output.send({ type: "taken", call: number, events: call.taken });
  call.taken = 0;
}
