/**
 * A guest takes more than its share: time, memory, threads, the operator's log.
 */
import { assert, assertEquals } from "@std/assert";
import { failsWith, isAlive, type Outcome, TestGuest, withWitness } from "./test_guest.ts";

/** Silence that no guest of these tests has but when it hangs, in milliseconds. */
const HANG_MS = 1000;

/** Has a guest hang; its run must fail, and the next one must be answered by another process. */
async function hangs(code: () => unknown): Promise<void> {
  await using guest = await TestGuest.start({ hangMs: HANG_MS });
  const pid = await guest.pid();
  const began = performance.now();
  await failsWith(guest.does(code), /^RunError: Guest "obedient.ts" hung for 1000 ms/);
  const tookMs = performance.now() - began;
  assert(tookMs < 2 * HANG_MS + 1000, `took ${tookMs} ms`);
  assert(await guest.pid() !== pid);
  assertEquals(isAlive(pid), false);
}

Deno.test("a guest that hangs is ended, and nobody else waits for it", async () => {
  await withWitness({ hangMs: 30_000 }, async (other) => {
    const ways: Readonly<Record<string, () => unknown>> = {
      "a loop": () => {
        for (;;);
      },
      "a regular expression": () => /^(a+)+$/.test(`${"a".repeat(40)}b`),
      "promises without end": async () => {
        const storm = (): Promise<void> => Promise.resolve().then(storm);
        await Promise.all([storm(), storm()]);
      },
      "ticks without end": () => {
        const again = () => queueMicrotask(again);
        again();
        return new Promise(() => {});
      },
      "a wait on memory": () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0),
    };
    // What others answer meanwhile is not held up by any of them.
    const all = Promise.all(Object.values(ways).map(hangs));
    let answers = 0;
    let over = false;
    void all.then(() => over = true, () => over = true);
    while (!over) {
      const began = performance.now();
      await other.pid();
      const tookMs = performance.now() - began;
      assert(tookMs < 1500, `another guest took ${tookMs} ms`);
      answers += 1;
    }
    await all;
    assert(answers > 0);
  });
});

Deno.test("a guest has the memory that it was given, in whatever form it takes it", async () => {
  const MAX_BYTES = 64 * 1024 * 1024;
  const ways: Readonly<Record<string, () => unknown>> = {
    "its heap": () => {
      const kept: unknown[] = [];
      for (;;) kept.push(new Array(1000).fill(kept.length));
    },
    "strings": () => {
      let text = "x".repeat(1000);
      const kept: string[] = [];
      for (;;) {
        text += text.slice(0, 1000);
        kept.push([...text].reverse().join(""));
      }
    },
    "array buffers": () => {
      const kept: Uint8Array[] = [];
      for (;;) kept.push(new Uint8Array(16 * 1024 * 1024).fill(1));
    },
    "WebAssembly": () => {
      const kept: unknown[] = [];
      for (;;) {
        const memory = new WebAssembly.Memory({ initial: 256 });
        new Uint8Array(memory.buffer).fill(1);
        kept.push(memory);
      }
    },
    "blobs": () => {
      const kept: Blob[] = [];
      for (;;) kept.push(new Blob([new Uint8Array(8 * 1024 * 1024).fill(1)]));
    },
    "workers": async () => {
      const kept: Worker[] = [];
      for (;;) {
        kept.push(
          new Worker(
            "data:text/javascript,self.x = new Uint8Array(8e6).fill(1); setInterval(() => {}, 1e6)",
            {
              type: "module",
            },
          ),
        );
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
  };
  await withWitness({}, async (other) => {
    await Promise.all(
      Object.entries(ways).map(async ([name, code]) => {
        await using guest = await TestGuest.start({ maxMemoryBytes: MAX_BYTES, hangMs: 15_000 });
        const pid = await guest.pid();
        let most = 0;
        const look = setInterval(() => {
          most = Math.max(most, residentBytes(pid));
        }, 20);
        const outcome: Outcome = await guest.does(code).catch((error) => ({ error: `${error}` }))
          .finally(() => clearInterval(look));
        assert("error" in outcome, name);
        assert(
          /RangeError|out of memory|memory access|ended|Allocation|worker/i.test(outcome.error),
          `${name}: ${outcome.error}`,
        );
        assert(most < MAX_BYTES + 400 * 1024 * 1024, `${name}: ${most / 1024 / 1024} MiB`);
        // Whatever became of it, the next run is answered.
        await guest.pid();
      }),
    );
    await other.pid();
  });
});

Deno.test("a guest that leaves ends its runs alone, however it leaves", async () => {
  await withWitness({}, async (other) => {
    const ways: Readonly<Record<string, () => unknown>> = {
      "Deno.exit": () => Deno.exit(0),
      "Deno.exit with a code": () => Deno.exit(7),
      "process.exit": async () => (await import("node:process")).exit(3),
      "process.reallyExit": async () =>
        ((await import("node:process")).default as unknown as { reallyExit(code: number): void })
          .reallyExit(3),
      "process.abort": async () => (await import("node:process")).abort(),
      "a signal to itself": () => Deno.kill(Deno.pid, "SIGKILL"),
    };
    await Promise.all(
      Object.entries(ways).map(async ([name, code]) => {
        await using guest = await TestGuest.start();
        const pid = await guest.pid();
        const outcome: Outcome = await guest.does(code).catch((error) => ({ error: `${error}` }));
        assert(
          "error" in outcome &&
            /Guest "obedient.ts" (?:ended|ran out of memory or crashed)/.test(outcome.error),
          `${name}: ${JSON.stringify(outcome)}`,
        );
        assert(await guest.pid() !== pid, name);
      }),
    );
    // One way is not open to it.
    await using guest = await TestGuest.start();
    const pid = await guest.pid();
    assertEquals(await guest.does(() => Deno.stdin.readable.cancel()), {
      error: "TypeError: Cannot cancel a locked ReadableStream.",
    });
    assertEquals(await guest.pid(), pid);
    await other.pid();
  });
});

Deno.test("loose ends of one run do not end the others", async () => {
  await using guest = await TestGuest.start();
  const pid = await guest.pid();
  const waiting = guest.does(() => new Promise((resolve) => setTimeout(resolve, 100, "done")));
  await guest.value(() => {
    void Promise.reject(new Error("nobody waits for this"));
    void Promise.reject({ toString: null });
    setTimeout(() => {
      throw new Error("thrown from a timer");
    });
    queueMicrotask(() => {
      throw new Error("thrown from a microtask");
    });
    reportError(new Error("reported"));
    dispatchEvent(
      new PromiseRejectionEvent("unhandledrejection", {
        promise: Promise.resolve(),
        reason: Symbol("odd"),
      }),
    );
  });
  assertEquals(await waiting, { value: "done" });
  assertEquals(await guest.pid(), pid);
  const told = guest.logger.entries.filter(({ message }) => message === "Guest tells")
    .map(({ fields }) => `${fields.line}`).join("\n");
  for (const part of ["nobody waits", "from a timer", "from a microtask", "reported"]) {
    assert(told.includes(part), told);
  }
});

Deno.test("ten thousand lines in the log are some, and how many more", async () => {
  await withWitness({}, async (guest) => {
    await guest.value(() => {
      for (let index = 0; index < 10_000; index++) {
        // deno-lint-ignore no-console -- what a module may do.
        console.error(`line ${index} ${"x".repeat(100)}`);
      }
    });
    await guest[Symbol.asyncDispose]();
    const said = guest.logger.entries.filter(({ message }) => message === "Guest says").length;
    assert(said > 0 && said <= 1000, `${said} lines were told`);
    const leftOut = guest.logger.entries
      .filter(({ message }) => message === "Guest said more than is told")
      .reduce((sum, { fields }) => sum + Number(fields.leftOut), 0);
    assertEquals(said + leftOut, 10_000);
  });
});

Deno.test("a recursion without end is an error of its run", async () => {
  await using guest = await TestGuest.start();
  const pid = await guest.pid();
  const outcome = await guest.does(() => {
    const deeper = (): number => deeper() + 1;
    return deeper();
  });
  assert("error" in outcome && outcome.error.startsWith("RangeError: Maximum call stack"));
  assertEquals(await guest.pid(), pid);
});

/** Memory a process really has. */
function residentBytes(pid: number): number {
  try {
    const status = Deno.readTextFileSync(`/proc/${pid}/status`);
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}
