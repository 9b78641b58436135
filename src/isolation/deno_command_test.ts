import { assertEquals, assertRejects } from "@std/assert";
import { systemClock as clock } from "../context/system.ts";
import { RunError } from "../run/error.ts";
import { denoCommand } from "./deno_command.ts";

/** A server whose answer never ends, and who is still connected to it. */
function endless() {
  const asked = Promise.withResolvers<void>();
  const left = Promise.withResolvers<void>();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, () => {
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode("export default 1;\n"));
        asked.resolve();
      },
      cancel: () => left.resolve(),
    });
    return new Response(body, { headers: { "content-type": "text/javascript" } });
  });
  const args = [
    "cache",
    "--no-config",
    "--no-lock",
    "--allow-import",
    `http://127.0.0.1:${server.addr.port}/a.js`,
  ];
  return { args, asked: asked.promise, left: left.promise, end: () => server.shutdown() };
}

Deno.test("denoCommand() gives what Deno prints, and what it complains of", async () => {
  const { stdout } = await denoCommand(["eval", "console.log('x'.repeat(100_000))"], { clock });
  assertEquals(stdout.length, 100_001);
  const error = await assertRejects(() => denoCommand(["cache", "absent.ts"], { clock }), RunError);
  assertEquals(error.code, "run-failed");
  assertEquals(/^Module not found/.test(error.message), true, error.message);
});

Deno.test("denoCommand() ends what takes too long", async () => {
  const { args, left, end } = endless();
  const error = await assertRejects(() => denoCommand(args, { deadlineMs: 1500, clock }), RunError);
  assertEquals([error.code, error.message], ["backend-timeout", "it took longer than 1.5 s"]);
  await left;
  await end();
});

Deno.test("denoCommand() ends with its signal", async () => {
  const { args, asked, left, end } = endless();
  const controller = new AbortController();
  const run = denoCommand(args, { signal: controller.signal, clock });
  await asked;
  const reason = new Error("Enough");
  controller.abort(reason);
  assertEquals(await run.catch((error) => error), reason);
  await left;
  await end();
  assertEquals(
    await denoCommand(args, { signal: controller.signal, clock }).catch((e) => e),
    reason,
  );
});

Deno.test("denoCommand() ends what says too much", async () => {
  const chatter = "const text = 'x'.repeat(1 << 20); for (;;) console.log(text)";
  await assertRejects(
    () => denoCommand(["eval", chatter], { clock }),
    RunError,
    "Deno said too much",
  );
});
