/**
 * Prints what it costs that a model answers from a process of its own: streams of 100 deltas over HTTP,
 * beside the same Runner in the server's process. Rounds of both alternate, so that a noisy machine
 * disturbs both alike; the figures are medians.
 *
 * `deno run -A bench/guest.ts [--check]`: with `--check` it fails when a figure is beyond its bound.
 *
 * @module
 */
import { load } from "./http_client.ts";
import { median, startServer } from "./server_process.ts";

const ROUNDS = 7;
const DURATION_MS = 1500;
/** Of the time of a stream, guest / in process. */
const MAX_RATIO = 1.35;
/** Of the time to the first delta, guest - in process, in milliseconds. */
const MAX_LATER_MS = 3;
/** Requests of which the time to the first delta is taken, in each round. */
const FIRST_DELTAS = 50;

const PATH = "/v1/chat/completions";
const bodyOf = (fields: object) =>
  JSON.stringify({
    model: "bench",
    stream: true,
    messages: [{ role: "user", content: "Say something." }],
    ...fields,
  });
const FAST = bodyOf({});
const SLOW = bodyOf({ max_completion_tokens: 100 });

/**
 * Where the words are there at once and one client waits, what is measured is the way to another process
 * and back: no guest can be faster than the bare runtime's, which is printed beside it.
 * The bound of the first delta is what holds it.
 */
const STREAMS = [
  { name: "as an LLM, 1 at once", body: SLOW, connections: 1, bounded: true },
  { name: "at once, 1 at once", body: FAST, connections: 1, bounded: false },
  { name: "at once, 8 at once", body: FAST, connections: 8, bounded: true },
  { name: "at once, 32 at once", body: FAST, connections: 32, bounded: true },
] as const;

await using guest = await startServer("guest");
await using inProcess = await startServer("in-process");

/** Milliseconds of wall time for each stream. */
async function streamMs(port: number, { body, connections }: typeof STREAMS[number]) {
  const { perSecond } = await load({
    port,
    path: PATH,
    body,
    connections,
    durationMs: DURATION_MS,
  });
  return 1000 / perSecond;
}

/** Milliseconds until the first delta. */
async function firstDeltaMs(port: number): Promise<number> {
  const times: number[] = [];
  for (let index = 0; index < FIRST_DELTAS; index++) {
    const begin = performance.now();
    const answer = await fetch(`http://127.0.0.1:${port}${PATH}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: FAST,
    });
    let ms: number | undefined;
    for await (const text of answer.body!.pipeThrough(new TextDecoderStream())) {
      if (ms === undefined && text.includes("word")) ms = performance.now() - begin;
    }
    if (ms === undefined) throw new Error("Answer is not whole");
    times.push(ms);
  }
  return median(times);
}

/** Milliseconds to another process of Deno and back, as it is between a host and an idle guest. */
async function bareWayMs(): Promise<number> {
  const echo = `const buffer = new Uint8Array(65536);
    for (let n; (n = await Deno.stdin.read(buffer)) !== null;) Deno.stdout.writeSync(buffer.subarray(0, n));`;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-config", `data:text/javascript,${encodeURIComponent(echo)}`],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const [writer, reader] = [child.stdin.getWriter(), child.stdout.getReader()];
  const message = new Uint8Array(1000);
  const times: number[] = [];
  for (let index = 0; index < 200; index++) {
    // The other side rests, as it does before a request.
    await new Promise((resolve) => setTimeout(resolve, 1));
    const begin = performance.now();
    await writer.write(message);
    for (let read = 0; read < message.length;) read += (await reader.read()).value!.length;
    times.push(performance.now() - begin);
  }
  await writer.close();
  await reader.cancel();
  await child.status;
  return median(times);
}

/** Both sides in turn; the median of each. */
async function compare(measure: (port: number) => Promise<number>) {
  await measure(guest.port);
  await measure(inProcess.port);
  const rounds: { guestMs: number; inProcessMs: number }[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    rounds.push({
      guestMs: await measure(guest.port),
      inProcessMs: await measure(inProcess.port),
    });
  }
  return {
    guestMs: median(rounds.map((round) => round.guestMs)),
    inProcessMs: median(rounds.map((round) => round.inProcessMs)),
    ratio: median(rounds.map((round) => round.guestMs / round.inProcessMs)),
  };
}

let failed = false;
function tell(name: string, figures: string, holds: boolean): void {
  failed ||= !holds;
  // deno-lint-ignore no-console -- printing is what this script is for.
  console.log(`${name.padEnd(34)} ${figures}${holds ? "" : "  BEYOND ITS BOUND"}`);
}

for (const stream of STREAMS) {
  const { guestMs, inProcessMs, ratio } = await compare((port) => streamMs(port, stream));
  tell(
    `100 deltas ${stream.name}`,
    `guest ${guestMs.toFixed(2)} ms  in process ${inProcessMs.toFixed(2)} ms  ratio ${
      ratio.toFixed(2)
    }`,
    !stream.bounded || ratio <= MAX_RATIO,
  );
}
const { guestMs, inProcessMs } = await compare(firstDeltaMs);
tell(
  "first delta",
  `guest ${guestMs.toFixed(2)} ms  in process ${inProcessMs.toFixed(2)} ms  ${
    (guestMs - inProcessMs).toFixed(2)
  } ms later`,
  guestMs - inProcessMs <= MAX_LATER_MS,
);
tell("bare way to a process and back", `${(await bareWayMs()).toFixed(2)} ms`, true);
if (failed && Deno.args.includes("--check")) Deno.exitCode = 1;
