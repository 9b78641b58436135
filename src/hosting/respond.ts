/**
 * A run as a response: whole, or as it comes.
 * @module
 */
import type { Envelope, Exchange } from "../protocols/protocol.ts";
import { Fold } from "../run/fold.ts";
import type { RunContext } from "../run/runner.ts";
import type { BackgroundTask } from "./background_task/background_task.ts";
import type { Call, ResponseHeaders } from "./call.ts";
import type { HostedModel } from "./hosted_model.ts";
import { LiveStream } from "./live_stream.ts";
import type { KeptAnswer } from "./responses/kept_answer.ts";

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
  /** What is asked, if the client sent it by itself. */
  readonly task?: BackgroundTask;
  /** Keeps the answer; absent where nothing is to be kept. */
  readonly kept?: KeptAnswer;
}

/** Runs the model and answers in the form the client asked for. Failures are thrown. */
export function respond(answer: Answer): Promise<Response> {
  return answer.exchange.request.stream ? respondStreaming(answer) : respondWhole(answer);
}

async function respondWhole(answer: Answer): Promise<Response> {
  return answer.call.answer(await runWhole(answer));
}

async function respondStreaming(answer: Answer): Promise<Response> {
  const stream = new LiveStream(answer);
  await stream.begin();
  return streamed(answer.call, stream);
}

/** Runs the model to its end; the unstreamed answer, kept where it is to be. */
export async function runWhole(answer: Answer): Promise<string> {
  const { call, exchange, envelope, model, context, task, kept } = answer;
  const filter = model.reasoning.newFilter();
  call.beginRun();
  const fold = new Fold();
  for await (const event of model.run(exchange.request, context, { task })) {
    call.count(event);
    if (filter(event)) fold.add(event);
  }
  const result = fold.result();
  return kept ? await kept.keepWhole(result) : exchange.encodeResult(result, envelope);
}

/** A response whose body is a stream of events. */
export function streamed(
  call: Call,
  source: UnderlyingDefaultSource<Uint8Array<ArrayBuffer>>,
  more?: ResponseHeaders,
): Response {
  call.stopWatchingClient();
  const headers = call.headers("text/event-stream");
  // Proxies must neither keep frames back nor squeeze them together.
  headers["cache-control"] = "no-cache, no-transform";
  headers["x-accel-buffering"] = "no";
  return new Response(new ReadableStream(source), {
    headers: more ? Object.assign(headers, more) : headers,
  });
}
