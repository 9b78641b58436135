/**
 * A guest without grants tries to start, to end or to look at processes, and to use its host's pipes.
 */
import { assert, assertEquals } from "@std/assert";
import { isAlive, TestGuest, withWitness } from "./test_guest.ts";

Deno.test("a guest without grants starts, ends and inspects no process", async () => {
  await withWitness({}, async (guest) => {
    await guest.isRefused(
      /NotCapable|Requires (?:run|all|ffi|sys|read|env|net) access|not (?:yet )?implemented|not supported|Command failed: id/i,
      undefined,
      {
        output: () => new Deno.Command("id").output(),
        spawn: () => new Deno.Command("/bin/sh", { args: ["-c", "exit"] }).spawn(),
        "its own Deno": () => new Deno.Command(Deno.execPath(), { args: ["--version"] }).output(),
        "node execSync": async () => (await import("node:child_process")).execSync("id").toString(),
        "node spawn": async () => {
          const { spawn } = await import("node:child_process");
          await new Promise((resolve, reject) =>
            spawn("id").on("exit", resolve).on("error", reject)
          );
        },
        "node fork": async () => {
          const { fork } = await import("node:child_process");
          await new Promise((resolve, reject) =>
            fork("x.js").on("exit", resolve).on("error", reject)
          );
        },
        "node cluster": async () => {
          const { default: cluster } = await import("node:cluster");
          await new Promise((resolve, reject) =>
            cluster.fork().on("exit", resolve).on("error", reject)
          );
        },
        "kill the host": () => Deno.kill(Deno.ppid, "SIGKILL"),
        "ask the host to end": () => Deno.kill(Deno.ppid),
        "kill everybody": () => Deno.kill(-1, "SIGKILL"),
        "node kill": async () => (await import("node:process")).kill(Deno.ppid, "SIGKILL"),
        dlopen: () => Deno.dlopen("libc.so.6", {}),
        "a native module": async () => {
          const { createRequire } = await import("node:module");
          return createRequire("file:///")("/evil.node");
        },
        hostname: () => Deno.hostname(),
        osRelease: () => Deno.osRelease(),
        networkInterfaces: () => Deno.networkInterfaces(),
        systemMemoryInfo: () => Deno.systemMemoryInfo(),
        uid: () => Deno.uid(),
        loadavg: () => Deno.loadavg(),
        "node hostname": async () => (await import("node:os")).hostname(),
        "node userInfo": async () => (await import("node:os")).userInfo(),
        "node setuid": async () => (await import("node:process")).setuid?.(0),
        inspector: async () => (await import("node:inspector")).open(0),
      },
    );
    const states = await guest.value(async () => {
      const names = ["net", "read", "write", "env", "run", "import", "sys", "ffi"] as const;
      return await Promise.all(names.map(async (name) => [
        (await Deno.permissions.query({ name } as Deno.PermissionDescriptor)).state,
        (await Deno.permissions.request({ name } as Deno.PermissionDescriptor)).state,
      ]));
    });
    for (const state of (states as string[][]).flat()) assert(state !== "granted", state);
    // Deno asks for no permission there: no driver may be found.
    assertEquals(await guest.value(() => navigator.gpu.requestAdapter()), null);
  });
});

Deno.test("a guest that ignores signals ends when its host wants it to", async () => {
  const guest = await TestGuest.start();
  const pid = await guest.pid();
  await guest.value(() => {
    for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
      Deno.addSignalListener(signal, () => {});
    }
    setInterval(() => {}, 1000);
    // Whoever says goodbye would leave.
    Object.defineProperty(Deno, "exit", { value: () => {} });
  });
  await guest[Symbol.asyncDispose]();
  assertEquals(isAlive(pid), false);
});

Deno.test("a guest that reads its host's words itself hurts itself alone", async () => {
  await withWitness({ hangMs: 1000 }, async (guest) => {
    const before = await guest.pid();
    await guest.value(async () => {
      const { readSync } = await import("node:fs");
      // In the background, once this answer is out.
      setTimeout(() => readSync(0, new Uint8Array(1_000_000)), 10);
    });
    // It takes a word away or two: its host ends it when it does not answer, and starts another one.
    for (let tries = 0;; tries++) {
      const now = await guest.pid().catch(() => undefined);
      if (now !== undefined) {
        assert(now === before || !isAlive(before));
        break;
      }
      assert(tries < 3, "Does not answer again");
    }
  });
});
