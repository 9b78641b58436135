/**
 * A run as a response: whole, or as it comes.
 * @module
 */
import type { Envelope, Exchange } from "../protocols/protocol.ts";
import { Fold } from "../run/fold.ts";
import type { RunContext } from "../run/runner.ts";
import type { Call } from "./call.ts";
import type { HostedModel } from "./lifecycle.ts";
import { LiveStream } from "./live_stream.ts";

/** Everything an answer is made of. */
export interface Answer {
  /** The request being answered. */
  readonly call: Call;
  /** What is asked, and how to answer it. */
  readonly exchange: Exchange;
  /** Names the answer. */
  readonly envelope: Envelope;
  /** What answers. */
  readonly model: HostedModel;
  /** What the run is given. */
  readonly context: RunContext;
}

/** Runs the model and answers in the form the client asked for. Failures are thrown. */
export function respond(answer: Answer): Promise<Response> {
  return answer.exchange.request.stream ? respondStreaming(answer) : respondWhole(answer);
}

async function respondWhole(answer: Answer): Promise<Response> {
  const { call, exchange, envelope, model, context } = answer;
  const { filter } = model;
  call.beginRun();
  const fold = new Fold();
  for await (const event of model.run(exchange.request, context)) {
    call.count(event);
    if (filter(event)) fold.add(event);
  }
  return call.answer(exchange.encodeResult(fold.result(), envelope));
}

async function respondStreaming(answer: Answer): Promise<Response> {
  const { call } = answer;
  const stream = new LiveStream(answer);
  await stream.begin();
  call.stopWatchingClient();
  const headers = call.headers("text/event-stream");
  // Proxies must neither keep frames back nor squeeze them together.
  headers["cache-control"] = "no-cache, no-transform";
  headers["x-accel-buffering"] = "no";
  return new Response(new ReadableStream(stream), { headers });
}
