import { assert, assertEquals, assertRejects } from "@std/assert";
import { systemClock } from "../context/system.ts";
import { SetupError } from "../run/error.ts";
import { ChildProcess, exitReason, type ProcessOptions } from "./process.ts";

const env = { PATH: Deno.env.get("PATH") ?? "" };

function start(options: Partial<ProcessOptions>): Promise<ChildProcess> {
  return ChildProcess.start({ command: "sh", env, clock: systemClock, ...options });
}

function shell(script: string): Promise<ChildProcess> {
  return start({ args: ["-c", script] });
}

async function drained(process: ChildProcess): Promise<{ out: string; err: string }> {
  const [out, err] = await Promise.all(
    [process.stdout, process.stderr].map((stream) => new Response(stream).text()),
  );
  return { out: out!, err: err! };
}

/** Whether a process is there; zombies that nobody has waited for yet do not count. */
function alive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX] /.test(Deno.readTextFileSync(`/proc/${pid}/stat`));
  } catch {
    return false;
  }
}

/** Waits until a process that was killed is no more: the system takes a moment. */
async function gone(pid: number): Promise<void> {
  for (let waitedMs = 0; alive(pid); waitedMs += 10) {
    assert(waitedMs < 1000, `process ${pid} is left`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

Deno.test("ChildProcess gives a program exactly its arguments, environment and input", async () => {
  const process = await start({
    args: [
      "-c",
      'printf "%s|" "$@"; env | grep -v ^_= | sort; cat',
      "sh",
      "a b",
      "$HOME",
      "'\"",
      "",
    ],
    env: { ...env, ONLY: "this" },
  });
  await process.write(new TextEncoder().encode("typed"));
  const reading = drained(process);
  await process.stop();
  const { out } = await reading;
  assert(out.startsWith("a b|$HOME|'\"||"), out);
  const names = out.split("\n").flatMap((line) => line.match(/(?:^|\|)([A-Z_]+)=/)?.[1] ?? []);
  // The shell adds the folder it is in.
  assertEquals(names.filter((name) => name !== "PWD"), ["ONLY", "PATH"]);
  assert(out.endsWith("typed"), out);
});

Deno.test("ChildProcess.stop() lets a program end by itself when its input ends", async () => {
  const process = await shell("cat >/dev/null; exit 7");
  const reading = drained(process);
  await process.stop();
  assertEquals((await process.ended).code, 7);
  await reading;
});

Deno.test("ChildProcess.stop() ends a program that ignores its input and SIGTERM", async () => {
  const process = await shell('trap "" TERM; echo ready; while :; do sleep 5; done');
  const reading = drained(process);
  await process.stop();
  assertEquals(exitReason(await process.ended), "ended by SIGKILL");
  assertEquals((await reading).out, "ready\n");
});

Deno.test("a program's children end with it, when killed and when it ends by itself", async () => {
  for (const last of ["sleep 60", "exit 0"]) {
    const process = await shell(`trap "" TERM; sleep 60 >&- 2>&- & echo $!; ${last}`);
    const reader = process.stdout.getReader();
    const child = Number(new TextDecoder().decode((await reader.read()).value));
    if (last !== "exit 0") {
      assert(alive(child));
      await process.kill();
    }
    await process.ended;
    await gone(child);
    await Promise.all([reader.cancel(), process.stderr.cancel()]);
  }
});

Deno.test("ChildProcess tells why a program could not be started", async () => {
  const missing = await start({ command: "no-such-program-anywhere" });
  await Promise.all([drained(missing), missing.ended]);
  assertEquals(exitReason(await missing.ended), "no such program");
  await assertRejects(
    () => start({ cwd: "/no/such/folder" }),
    SetupError,
    'Cannot start "sh": no such program, or no folder "/no/such/folder"',
  );
});

Deno.test("ChildProcess holds a program to its limits", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const file = `${folder}/big`;
    const written = await start({
      args: ["-c", `head -c 1000000 /dev/zero > ${file}; echo over`],
      limits: { fileBytes: 64 * 1024 },
    });
    await drained(written);
    await written.ended;
    assert((await Deno.stat(file)).size <= 64 * 1024);

    const busy = await start({ args: ["-c", "while :; do :; done"], limits: { cpuS: 1 } });
    await drained(busy);
    assert(!(await busy.ended).success);

    if (Deno.build.os !== "linux") return;
    const program = "data:text/javascript,try { for (const all = [];;) {" +
      "const one = new Uint8Array(2 ** 24); one.fill(1); all.push(one); } }" +
      "catch (error) { console.log(error.name); }";
    const hungry = await start({
      command: Deno.execPath(),
      args: ["run", "--no-prompt", "--no-config", program],
      limits: { memoryBytes: 2 ** 30 },
    });
    const { out, err } = await drained(hungry);
    await hungry.ended;
    assertEquals(out.trim(), "RangeError", err);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
