/**
 * Prints what it costs that a model answers from a process of its own: streams of 100 deltas, through
 * `app.fetch`, beside the same Runner in this process. Rounds of both alternate, so that a noisy
 * machine disturbs both alike; the figures are medians.
 *
 * `deno run -A bench/guest.ts [--check]`: with `--check` it fails when a figure is beyond its bound.
 *
 * @module
 */
import { type App, createApp } from "../src/hosting/app.ts";
import { systemClock } from "../src/context/system.ts";
import { NO_GRANTS } from "../src/isolation/grant.ts";
import { GuestModule } from "../src/module/guest_module.ts";
import { GuestRunner } from "../src/module/guest_runner.ts";
import { agent } from "./guest_model.ts";

const ROUNDS = 9;
const STREAMS = 400;
const CONCURRENCY = [1, 8, 32] as const;
/** Of the time of a stream, guest / in process, at each concurrency but 1. */
const MAX_RATIO = 1.35;
/** Of the time to the first delta, guest - in process, in milliseconds. */
const MAX_LATER_MS = 3;

const silent = { log: () => {} };
const folder = new URL(".", import.meta.url).pathname;
const module = new GuestModule({
  specifier: "./guest_model.ts",
  folder,
  grants: NO_GRANTS,
  clock: systemClock,
  logger: silent,
});
await using guest = createApp(new GuestRunner(module, { servedName: "bench" }), {
  modelName: "bench",
  logger: silent,
});
await using inProcess = createApp(agent, { modelName: "bench", logger: silent });
await Promise.all([guest.start(), inProcess.start()]);

const body = JSON.stringify({
  model: "bench",
  stream: true,
  messages: [{ role: "user", content: "Say something." }],
});

/** Reads one answer to its end; tells when the first delta came, in milliseconds from the start. */
async function stream(app: App): Promise<number> {
  const begin = performance.now();
  const answer = await app.fetch(
    new Request("http://127.0.0.1/v1/chat/completions", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
    }),
  );
  const decoder = new TextDecoder();
  let firstMs: number | undefined;
  let last = "";
  for await (const chunk of answer.body!) {
    last = decoder.decode(chunk);
    if (firstMs === undefined && last.includes("word")) firstMs = performance.now() - begin;
  }
  if (firstMs === undefined || !last.includes("[DONE]")) throw new Error("Answer is not whole");
  return firstMs;
}

/** Milliseconds of wall time for each stream. */
async function round(app: App, concurrency: number): Promise<number> {
  const begin = performance.now();
  const count = Math.ceil(STREAMS / concurrency);
  await Promise.all(Array.from({ length: concurrency }, async () => {
    for (let index = 0; index < count; index++) await stream(app);
  }));
  return (performance.now() - begin) / (count * concurrency);
}

async function firstDelta(app: App): Promise<number> {
  const times: number[] = [];
  for (let index = 0; index < 50; index++) times.push(await stream(app));
  return median(times);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}

/** Both sides in turn; the median of each. */
async function compare(measure: (app: App) => Promise<number>) {
  await measure(guest);
  await measure(inProcess);
  const rounds: (readonly [number, number])[] = [];
  for (let index = 0; index < ROUNDS; index++) {
    rounds.push([await measure(guest), await measure(inProcess)]);
  }
  return {
    guestMs: median(rounds.map(([ms]) => ms)),
    inProcessMs: median(rounds.map(([, ms]) => ms)),
    ratio: median(rounds.map(([own, other]) => own / other)),
  };
}

let failed = false;
function tell(name: string, figures: string, holds: boolean): void {
  failed ||= !holds;
  // deno-lint-ignore no-console -- printing is what this script is for.
  console.log(`${name.padEnd(32)} ${figures}${holds ? "" : "  BEYOND ITS BOUND"}`);
}

for (const concurrency of CONCURRENCY) {
  const { guestMs, inProcessMs, ratio } = await compare((app) => round(app, concurrency));
  tell(
    `100 deltas, ${concurrency} at once`,
    `guest ${guestMs.toFixed(2)} ms  in process ${inProcessMs.toFixed(2)} ms  ratio ${
      ratio.toFixed(2)
    }`,
    concurrency === 1 || ratio <= MAX_RATIO,
  );
}
const { guestMs, inProcessMs } = await compare(firstDelta);
tell(
  "first delta",
  `guest ${guestMs.toFixed(2)} ms  in process ${inProcessMs.toFixed(2)} ms  ${
    (guestMs - inProcessMs).toFixed(2)
  } ms later`,
  guestMs - inProcessMs <= MAX_LATER_MS,
);
if (failed && Deno.args.includes("--check")) Deno.exitCode = 1;
