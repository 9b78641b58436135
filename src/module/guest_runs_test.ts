import { assertEquals, assertRejects } from "@std/assert";
import { RunError } from "../run/error.ts";
import type { RunContext } from "../run/runner.ts";
import { ManualClock } from "../testing/manual_clock.ts";
import { testContext, testRequest } from "../testing/test_context.ts";
import type { ServiceRequest } from "./guest_messages.ts";
import { GuestRuns, type GuestRunsOptions } from "./guest_runs.ts";
import { NO_SERVICES } from "./guest_services.ts";

/** The services of a run whose turns are kept nowhere, and the tenants that they were kept for. */
function begun(options: Partial<GuestRunsOptions> = {}) {
  const tenants: string[] = [];
  const note = (tenant: string) => {
    tenants.push(tenant);
    return Promise.resolve(undefined);
  };
  const turns = { park: note, find: note, begin: note, settle: note } as never;
  const context: RunContext = { ...testContext(), turns };
  const runs = new GuestRuns({
    name: "a.ts",
    specifier: "file:///box/1/module.js",
    services: NO_SERVICES,
    clock: new ManualClock(),
    send: () => {},
    onStopped: () => {},
    onCount: () => {},
    onFault: () => {},
    ...options,
  });
  const { number } = runs.begin(undefined, testRequest(), context);
  const { services } = runs.of(number);
  const { signal } = context;
  const ask = (request: ServiceRequest) =>
    services.answer(request, { signal, emit: () => undefined });
  return { tenants, ask };
}

const content = (chars: number) => [{ role: "system", content: "x".repeat(chars) }] as const;

Deno.test("GuestRuns keeps turns for the owner that is named, wherever its module lies", async () => {
  const find: ServiceRequest = { service: "turn-find", id: "a" };
  const tenantOf = async (options: Partial<GuestRunsOptions>) => {
    const { tenants, ask } = begun(options);
    await ask(find);
    return tenants[0];
  };
  const owned = await tenantOf({ owner: "./a.ts" });
  assertEquals(await tenantOf({ owner: "./a.ts", specifier: "file:///box/2/module.js" }), owned);
  // What is shown of two modules may be the same.
  const [one, other] = [await tenantOf({}), await tenantOf({ specifier: "file:///box/2/a.js" })];
  assertEquals(new Set([owned, one, other]).size, 3);
});

Deno.test("a run has its host keep four Mi characters in all, by whichever service", async () => {
  const third = Math.floor(4 * 1024 * 1024 / 3);
  const { tenants, ask } = begun();
  await ask({ service: "turn-park", turn: { messages: content(third - 100), callIds: {} } });
  await ask({ service: "turn-begin", id: "a", refused: content(third - 100) });
  await ask({ service: "turn-settle", id: "a", messages: content(third - 100) });
  assertEquals(tenants.length, 3);
  const more: readonly ServiceRequest[] = [
    { service: "turn-park", turn: { messages: content(500), callIds: {} } },
    { service: "turn-begin", id: "a", refused: content(500) },
    { service: "turn-settle", id: "a", messages: content(500) },
  ];
  for (const request of more) {
    const error = await assertRejects(() => ask(request), RunError, "more than 4194304 characters");
    assertEquals(error.code, "run-failed");
  }
  assertEquals(tenants.length, 3);
  await ask({ service: "turn-find", id: "a" });
});

Deno.test("a run has its host keep no single turn that is too long", async () => {
  const { tenants, ask } = begun();
  const turn = { messages: content(4 * 1024 * 1024), callIds: {} };
  await assertRejects(() => ask({ service: "turn-park", turn }), RunError, "characters");
  assertEquals(tenants, []);
});

Deno.test("a run has its host keep something two hundred times", async () => {
  const { ask } = begun();
  for (let count = 0; count < 200; count++) await ask({ service: "turn-begin", id: "a" });
  await assertRejects(
    () => ask({ service: "turn-begin", id: "a" }),
    RunError,
    "more than 200 services",
  );
});
