import { assert, assertEquals } from "@std/assert";
import { systemClock } from "../context/system.ts";
import { ChildProcess } from "./process.ts";
import { Supervisor } from "./supervisor.ts";

function running(script: string, onEnd: (reason: string, retryInMs: number) => void) {
  const pids: number[] = [];
  const supervisor = new Supervisor({
    clock: systemClock,
    onEnd,
    start: async () => {
      const process = await ChildProcess.start({
        command: "sh",
        args: ["-c", script],
        env: { PATH: Deno.env.get("PATH") ?? "" },
        clock: systemClock,
      });
      pids.push(process.pid);
      void process.stdout.cancel();
      void process.stderr.cancel();
      return process;
    },
  });
  return { supervisor, pids };
}

Deno.test("Supervisor starts a process again that ends, at once at first and then with pauses", async () => {
  const ends: [string, number][] = [];
  const third = Promise.withResolvers<void>();
  const { supervisor, pids } = running("exit 3", (reason, retryInMs) => {
    ends.push([reason, retryInMs]);
    if (ends.length === 3) third.resolve();
  });
  await supervisor.start();
  await third.promise;
  await supervisor[Symbol.asyncDispose]();
  assertEquals(ends, [["exit code 3", 0], ["exit code 3", 250], ["exit code 3", 500]]);
  assertEquals(supervisor.ending, "exit code 3");
  assertEquals(pids.length, 3);
});

Deno.test("Supervisor tells and tries again what cannot be started, and stops when told", async () => {
  let attempts = 0;
  const second = Promise.withResolvers<void>();
  const supervisor = new Supervisor({
    clock: systemClock,
    onEnd: () => {},
    start: () => {
      if (++attempts === 2) second.resolve();
      return Promise.reject(new Error("no leave to run it"));
    },
  });
  await supervisor.start();
  assertEquals(supervisor.ending, "no leave to run it");
  await second.promise;
  await supervisor[Symbol.asyncDispose]();
  assert(attempts >= 2);
});

Deno.test("Supervisor ends the process when disposed, and starts it only once", async () => {
  const { supervisor, pids } = running("sleep 60", () => {});
  await Promise.all([supervisor.start(), supervisor.start()]);
  await supervisor.start();
  assertEquals([pids.length, supervisor.ending], [1, undefined]);
  await supervisor[Symbol.asyncDispose]();
  assertEquals(supervisor.ending, "ended by SIGTERM");
});
