import { assertEquals, assertRejects } from "@std/assert";
import { systemClock as clock } from "../context/system.ts";
import { RunError } from "../run/error.ts";
import { EndlessServer } from "../testing/endless_server.ts";
import { ManualClock } from "../testing/manual_clock.ts";
import { denoCommand } from "./deno_command.ts";

/** Arguments for downloading code from a server. */
function caching(server: EndlessServer): string[] {
  return ["cache", "--no-config", "--no-lock", "--allow-import", `${server.url}/a.js`];
}

Deno.test("denoCommand() gives what Deno prints, and what it complains of", async () => {
  const { stdout } = await denoCommand(["eval", "console.log('x'.repeat(100_000))"], { clock });
  assertEquals(stdout.length, 100_001);
  const error = await assertRejects(() => denoCommand(["cache", "absent.ts"], { clock }), RunError);
  assertEquals(error.code, "run-failed");
  assertEquals(/^Module not found/.test(error.message), true, error.message);
});

Deno.test("denoCommand() ends what takes too long", async () => {
  await using server = new EndlessServer();
  const clock = new ManualClock();
  const running = assertRejects(
    () => denoCommand(caching(server), { deadlineMs: 1500, clock }),
    RunError,
  );
  await server.asked;
  clock.advance(1500);
  const error = await running;
  assertEquals([error.code, error.message], ["backend-timeout", "it took longer than 1.5 s"]);
  await server.left;
});

Deno.test("denoCommand() ends with its signal", async () => {
  await using server = new EndlessServer();
  const args = caching(server);
  const controller = new AbortController();
  const run = denoCommand(args, { signal: controller.signal, clock });
  await server.asked;
  const reason = new Error("Enough");
  controller.abort(reason);
  assertEquals(await run.catch((error) => error), reason);
  await server.left;
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
