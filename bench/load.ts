/**
 * Prints what the server costs, each figure beside the bare runtime or the plainest relay doing the
 * same. Bounded and on loopback only. Rounds of both sides alternate, so that a noisy machine
 * disturbs both alike; the figure is the ratio of the medians.
 *
 * `deno run -A bench/load.ts [--check]`: with `--check` it fails when a ratio is below its floor.
 *
 * @module
 */
import { load } from "./http_client.ts";
import { median, startServer } from "./server_process.ts";

const ROUNDS = 5;
const DURATION_MS = 1500;

interface Comparison {
  readonly name: string;
  readonly ours: string;
  readonly baseline: string;
  readonly stream: boolean;
  readonly connections: number;
  /** The least ratio the project promises. */
  readonly floor: number;
}

const COMPARISONS: readonly Comparison[] = [
  {
    name: "workflow / bare, JSON",
    ours: "workflow",
    baseline: "bare",
    stream: false,
    connections: 32,
    floor: 0.4,
  },
  {
    name: "workflow / bare, 100 deltas",
    ours: "workflow",
    baseline: "bare",
    stream: true,
    connections: 32,
    floor: 0.6,
  },
  {
    name: "agent / openai relay, JSON",
    ours: "agent",
    baseline: "relay",
    stream: false,
    connections: 32,
    floor: 0.8,
  },
  {
    name: "agent / openai relay, 100 deltas",
    ours: "agent",
    baseline: "relay",
    stream: true,
    connections: 32,
    floor: 1.5,
  },
];

const body = (stream: boolean) =>
  JSON.stringify({
    model: "bench",
    stream,
    messages: [{ role: "system", content: "Be brief." }, {
      role: "user",
      content: "Say something.",
    }],
  });

let failed = false;
await using backend = await startServer("bare");
for (const { name, ours, baseline, stream, connections, floor } of COMPARISONS) {
  await using our = await startServer(ours, backend.port);
  await using base = await startServer(baseline, backend.port);
  const measure = async (port: number, durationMs = DURATION_MS) =>
    (await load({
      port,
      path: "/v1/chat/completions",
      body: body(stream),
      connections,
      durationMs,
    })).perSecond;
  await measure(our.port, 500);
  await measure(base.port, 500);
  const rounds: { our: number; base: number }[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    rounds.push({ base: await measure(base.port), our: await measure(our.port) });
  }
  const ourMedian = median(rounds.map((round) => round.our));
  const baseMedian = median(rounds.map((round) => round.base));
  const ratio = ourMedian / baseMedian;
  const verdict = ratio >= floor ? "holds" : "BELOW";
  failed ||= ratio < floor;
  // deno-lint-ignore no-console -- printing is what this script is for.
  console.log(
    `${name.padEnd(34)} ${ourMedian.toFixed(0).padStart(7)}/s  baseline ${
      baseMedian.toFixed(0).padStart(7)
    }/s  ratio ${ratio.toFixed(2)} (floor ${floor}: ${verdict})`,
  );
}
if (failed && Deno.args.includes("--check")) Deno.exit(1);
