/** Servers that die or hang in the middle of calls, over each transport. */
import { assert, assertEquals } from "@std/assert";
import { GONE, journalled, LATE, LOST, timed } from "./journalled.ts";
import { until } from "./processes.ts";
import { TRANSPORTS } from "./real_servers.ts";
import { assertWhole, FORMS } from "./served.ts";

for (const kind of TRANSPORTS) {
  Deno.test(`${kind}: a server that dies in a call is told to the model within a second, and the call is not repeated`, async () => {
    await using made = await journalled(kind);
    const { journal, server, served, hang } = made;
    const asked = [];
    for (const form of FORMS) asked.push((await hang(["write_page"], { form })).asked);
    await server.kill();
    const [outcomes, ms] = await timed(Promise.all(asked));
    for (const [index, outcome] of outcomes.entries()) {
      assertWhole(outcome, FORMS[index]);
      assertEquals(outcome.results, [LOST]);
    }
    assert(ms < 1000, `it took ${ms} ms`);
    await server.resume();
    // The way back is found without anybody's help.
    await until(
      "calls go through again",
      async () => (await served.ask([["read_page"]])).results[0] === "read_page done",
    );
    assertEquals(journal.count("write_page"), FORMS.length);
  });

  Deno.test(`${kind}: a call that can do no harm is repeated where the server comes back`, async () => {
    for (const name of ["read_page", "set_page"]) {
      await using made = await journalled(kind);
      const { journal, server, hang } = made;
      const { asked } = await hang([name], { hangs: 1 });
      await server.kill();
      const outcome = await asked;
      assertWhole(outcome);
      // Over HTTP there is nothing to repeat it on, as long as nobody starts the server again.
      const [times, result] = kind === "stdio" ? [2, `${name} done`] : [1, GONE];
      assertEquals([journal.count(name), outcome.results], [times, [result]]);
    }
  });

  Deno.test(`${kind}: a call that hangs is given up in time, and a server that goes on is used again`, async () => {
    await using made = await journalled(kind, { timeoutMs: 300 });
    const { server, served } = made;
    assertEquals(await served.call("write_page"), "write_page done");
    server.freeze();
    const [outcome, ms] = await timed(served.ask([["write_page"]]));
    server.thaw();
    assertWhole(outcome);
    assertEquals(outcome.results, [LATE]);
    assert(ms >= 300 && ms < 1300, `it took ${ms} ms`);
    await until(
      "calls go through again",
      async () => (await served.call("write_page")).includes("done"),
    );
  });

  Deno.test(`${kind}: a hung call is cancelled at the server, which serves others meanwhile`, async () => {
    await using made = await journalled(kind, { timeoutMs: 300 });
    const { journal, served } = made;
    const [hung, other] = await Promise.all([
      served.ask([["write_page", { hangs: 100 }]]),
      served.call("read_page"),
    ]);
    assertEquals(hung.results, [LATE]);
    assertEquals(other, "read_page done");
    await journal.has("write_page cancelled", { timeoutMs: 1000 });
  });

  Deno.test(`${kind}: a client that leaves cancels the call at the server within a second`, async () => {
    await using made = await journalled(kind);
    const { journal, served, hang } = made;
    for (const [index, form] of FORMS.entries()) {
      const controller = new AbortController();
      const { asked } = await hang(["write_page"], { form, signal: controller.signal });
      controller.abort();
      await journal.has("write_page cancelled", { times: index + 1, timeoutMs: 1000 });
      await asked.catch(() => {});
    }
    assertEquals(await served.call("read_page"), "read_page done");
  });

  Deno.test(`${kind}: several calls of one run share the fate of their server`, async () => {
    await using made = await journalled(kind);
    const { journal, server, hang } = made;
    const { asked } = await hang(["write_page", "write_page", "write_page"]);
    await server.kill();
    const outcome = await asked;
    assertWhole(outcome);
    assertEquals(outcome.results, [LOST, LOST, LOST]);
    assertEquals(journal.count("write_page"), 3);
  });
}
