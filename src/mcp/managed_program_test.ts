import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { systemClock } from "../context/system.ts";
import { SetupError } from "../run/error.ts";
import { macrotask } from "../testing/macrotask.ts";
import { ManualClock } from "../testing/manual_clock.ts";
import { CollectingLogger } from "../testing/test_context.ts";
import { gone, program } from "./managed_fixture_test.ts";
import type { ManagedHttpOptions } from "./managed_options.ts";
import { ManagedProgram } from "./managed_program.ts";
import { EnvSecret } from "./values.ts";

function managed(options: Partial<ManagedHttpOptions<never>>, clock = systemClock) {
  const logger = new CollectingLogger();
  const made = new ManagedProgram({ id: "search", command: "sh", ...options }, {
    clock,
    logger: () => logger,
  });
  return { program: made, logger };
}

function lines({ entries }: CollectingLogger): string[] {
  return entries.flatMap(({ fields: { line } }) => typeof line === "string" ? [line] : []);
}

/** Waits for real time to bring something about. */
async function eventually(what: string, holds: () => boolean): Promise<void> {
  const end = performance.now() + 10_000;
  while (!holds()) {
    assert(performance.now() < end, `never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

Deno.test("ManagedProgram chooses a port for the program, and tells it in every way", async () => {
  const script = 'echo "args $1"; echo "env $PORT $SEARCH_PORT" >&2; sleep 60';
  const { program: made, logger } = managed({
    args: ["-c", script, "sh", "--at={port}/{port}"],
    portEnv: "SEARCH_PORT",
  });
  const { port } = new URL(made.url);
  assertEquals(made.url, `http://127.0.0.1:${port}/mcp`);
  assertMatch(port, /^[1-9]\d+$/);
  const late = new AbortController();
  const listening = made.listens(late.signal);
  await eventually("it has spoken", () => lines(logger).length === 2);
  assertEquals(lines(logger).sort(), [`args --at=${port}/${port}`, `env  ${port}`]);
  assert(logger.entries.every(({ level }) => level === "debug"));
  late.abort();
  assertEquals(await listening, false);
  await made[Symbol.asyncDispose]();
});

Deno.test("ManagedProgram keeps to a port that is given", () => {
  const at = (url: string) => managed({ url }).program.url;
  assertEquals(at("http://127.0.0.1:4711/mcp"), "http://127.0.0.1:4711/mcp");
  assertEquals(at("http://[::1]:4711/mcp"), "http://[::1]:4711/mcp");
  const [first, second] = [at("http://localhost:{port}/"), at("http://localhost:{port}/")];
  assertMatch(first!, /^http:\/\/localhost:\d+\/$/);
  assert(first !== second);
});

Deno.test("ManagedProgram waits until the program listens, however late that is", async () => {
  const { program: made } = managed(program({ listenAfterMs: 200 }));
  assertEquals(await made.listens(new AbortController().signal), true);
  assertEquals(made.ending, undefined);
  const response = await fetch(made.url);
  await response.body?.cancel();
  assertEquals(response.status, 405);
  await made[Symbol.asyncDispose]();
  await assertRejects(() => fetch(made.url), TypeError);
});

Deno.test("ManagedProgram starts a program again that ends, and tells how it ended", async () => {
  const clock = new ManualClock();
  const { program: made, logger } = managed({ args: ["-c", "echo $$; exit 3"] }, clock);
  const ends = () => logger.entries.filter(({ message }) => message === "MCP server ended");
  const late = new AbortController();
  const listening = made.listens(late.signal);
  for (const count of [1, 2, 3]) {
    await eventually(`it has ended ${count} times`, () => {
      // The looks whether it listens go on meanwhile.
      clock.advance(10);
      return ends().length >= count;
    });
    assertEquals(made.ending, "exit code 3");
    clock.advance(ends().at(-1)!.fields.retryInMs as number);
  }
  assertEquals(ends().slice(0, 3).map(({ level, fields }) => [level, fields.retryInMs]), [
    ["warn", 0],
    ["warn", 250],
    ["warn", 500],
  ]);
  late.abort();
  await eventually("it stops looking", () => {
    clock.advance(50);
    return clock.pending <= 1;
  });
  assertEquals(await listening, false);
  await made[Symbol.asyncDispose]();
  assertEquals([new Set(lines(logger)).size >= 3, clock.pending], [true, 0]);
});

Deno.test("ManagedProgram: a program that is not there is named", async () => {
  const { program: made } = managed({ command: "no-such-program-anywhere" });
  const late = new AbortController();
  const listening = made.listens(late.signal);
  await eventually("it has ended", () => made.ending !== undefined);
  assertEquals(made.ending, "no such program");
  late.abort();
  assertEquals(await listening, false);
  await made[Symbol.asyncDispose]();
});

Deno.test("ManagedProgram tells at once what an operator has to mend", async () => {
  const variable = "FAKELLM_TEST_MANAGED_SECRET";
  const { signal } = new AbortController();
  for (
    const [options, message] of [
      [{ env: { KEY: new EnvSecret(variable) } }, `Set ${variable}`],
      [{ cwd: "/no/such/folder" }, "/no/such/folder"],
    ] as const
  ) {
    const { program: made } = managed({ args: ["-c", "sleep 60"], ...options });
    await assertRejects(() => made.listens(signal), SetupError, message);
    await made[Symbol.asyncDispose]();
  }
});

Deno.test("ManagedProgram gives the program the variables it was given, and few others", async () => {
  const script = 'env | sed "s/=.*//" | grep -v "^_$"; sleep 60';
  const { program: made, logger } = managed({ args: ["-c", script], env: { KEY: "x" } });
  const late = new AbortController();
  const listening = made.listens(late.signal);
  await eventually("it has spoken", () => lines(logger).includes("KEY"));
  late.abort();
  await listening;
  await made[Symbol.asyncDispose]();
  const harmless = /^(?:PATH|HOME|USER|LOGNAME|SHELL|TERM|LANG|TMPDIR|TZ|PWD|SHLVL|OLDPWD)$/;
  assertEquals(lines(logger).filter((name) => !harmless.test(name)).sort(), ["KEY", "PORT"]);
});

Deno.test("ManagedProgram ends the program and what it started", async () => {
  const script = 'trap "" TERM; sleep 60 & echo "$! $$"; wait';
  const { program: made, logger } = managed({ args: ["-c", script] });
  const late = new AbortController();
  const listening = made.listens(late.signal);
  await eventually("it has spoken", () => lines(logger).length === 1);
  late.abort();
  await listening;
  await made[Symbol.asyncDispose]();
  for (const pid of lines(logger)[0]!.split(" ").map(Number)) await gone(pid);
  await macrotask();
  assertEquals(await made.listens(AbortSignal.abort()), false);
});

Deno.test("ManagedProgram lets go of a program's pipes, whoever else holds them", async () => {
  const { program: made, logger } = managed({
    args: ["-c", "setsid sleep 60 & sleep 0.3; echo $!; sleep 60"],
  });
  const late = new AbortController();
  const listening = made.listens(late.signal);
  await eventually("it has spoken", () => lines(logger).length === 1);
  late.abort();
  await listening;
  await made[Symbol.asyncDispose]();
  Deno.kill(Number(lines(logger)[0]), "SIGKILL");
});
