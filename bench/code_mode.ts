/**
 * Prints what it costs that a model's code runs in a process of its own: until a sandbox is ready, beside
 * a bare `deno run` of nothing; until the first result, from a pool and without; and one piece of code
 * with a call. Rounds alternate, so that a noisy machine disturbs all alike; the figures are medians.
 *
 * `deno run -A bench/code_mode.ts [--check]`: with `--check` it fails when a figure is beyond its bound.
 *
 * @module
 */
import { CodeSession } from "../src/code_mode/code_session.ts";
import { Sandbox, SANDBOX_LIMITS } from "../src/code_mode/sandbox.ts";
import { SandboxPool } from "../src/code_mode/sandbox_pool.ts";
import { systemClock } from "../src/context/system.ts";
import { denoPath } from "../src/isolation/deno_path.ts";
import { median } from "./server_process.ts";

const ROUNDS = 15;
const CALLS = 100;
/** Until a sandbox is ready, in milliseconds, or else beside a bare process: the machine is noisy. */
const MAX_READY_MS = 100;
const MAX_READY_RATIO = 3;
/** Until the first result from a pool, likewise. */
const MAX_POOLED_MS = 10;
const MAX_POOLED_RATIO = 0.3;
/** Of one piece of code with one call, in milliseconds. */
const MAX_CALL_MS = 15;

const limits = SANDBOX_LIMITS;
const { signal } = new AbortController();
const options = {
  signal,
  functions: ["get"],
  call: (_: string, args: unknown) => Promise.resolve(args),
};

function start(): Promise<Sandbox> {
  return Sandbox.start({ limits, clock: systemClock });
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}

/** A process that does nothing, from its start to its end. */
async function bare(): Promise<void> {
  await new Deno.Command(denoPath(), {
    args: ["run", "--no-config", "--no-lock", "data:text/javascript,"],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).output();
}

let failed = false;
function tell(name: string, figures: string, holds = true): void {
  failed ||= !holds;
  // deno-lint-ignore no-console -- printing is what this script is for.
  console.log(`${name.padEnd(36)} ${figures}${holds ? "" : "  BEYOND ITS BOUND"}`);
}

const pool = new SandboxPool<Sandbox>({ ready: 1, start });
pool.open();
const bareMs: number[] = [];
const readyMs: number[] = [];
const firstMs: number[] = [];
const pooledMs: number[] = [];
for (let round = 0; round <= ROUNDS; round++) {
  bareMs[round] = await timed(bare);
  const begin = performance.now();
  const sandbox = await start();
  readyMs[round] = performance.now() - begin;
  await sandbox.evaluate("1", options);
  firstMs[round] = performance.now() - begin;
  await sandbox[Symbol.asyncDispose]();
  // What is ready has had the time since the last round.
  let taken: Sandbox | undefined;
  pooledMs[round] = await timed(async () => {
    taken = await pool.take(signal);
    await taken.evaluate("1", options);
  });
  await taken?.[Symbol.asyncDispose]();
}
await pool.close();
// The first round warms up.
for (const figures of [bareMs, readyMs, firstMs, pooledMs]) figures.shift();

const ratio = median(readyMs.map((ms, round) => ms / bareMs[round]!));
tell(
  "sandbox ready",
  `${median(readyMs).toFixed(1)} ms  bare process ${median(bareMs).toFixed(1)} ms  ratio ${
    ratio.toFixed(2)
  }`,
  median(readyMs) <= MAX_READY_MS || ratio <= MAX_READY_RATIO,
);
tell("first result, cold", `${median(firstMs).toFixed(1)} ms`);
tell(
  "first result, from a pool",
  `${median(pooledMs).toFixed(1)} ms`,
  median(pooledMs) <= MAX_POOLED_MS ||
    median(pooledMs.map((ms, round) => ms / bareMs[round]!)) <= MAX_POOLED_RATIO,
);

await using session = new CodeSession(new SandboxPool<Sandbox>({ ready: 0, start }), limits);
const callMs: number[] = [];
for (let call = 0; call < CALLS; call++) {
  callMs[call] = await timed(() =>
    session.run(`const got = await get({ n: ${call} }); got.n`, { ...options, restart: false })
  );
}
tell(
  "a piece of code with one call",
  `${median(callMs).toFixed(1)} ms`,
  median(callMs) <= MAX_CALL_MS,
);
if (failed && Deno.args.includes("--check")) Deno.exitCode = 1;
