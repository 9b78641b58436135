/**
 * The suite that every Runner passes, over a Runner in another process.
 */
import { systemClock } from "../../src/context/system.ts";
import { NO_GRANTS } from "../../src/isolation/grant.ts";
import { GuestModule } from "../../src/module/guest_module.ts";
import { GuestRunner } from "../../src/module/guest_runner.ts";
import type { Logger } from "../../src/run/seams.ts";
import {
  type ConformanceFactory,
  type ConformanceScenario,
  runnerConformance,
  type TestRegistrar,
} from "../../src/testing/runner_conformance.ts";

/** Hooks of scenarios, by number. */
const scenarios: ConformanceScenario[] = [];

const logger: Logger = {
  log(_level, _message, { line } = {}) {
    const [, hook, number] = /^(started|stopped) (\d+)$/.exec(`${line}`) ?? [];
    const scenario = scenarios[Number(number)];
    if (scenario && "started" in scenario) scenario[hook as "started" | "stopped"]();
  },
};

Deno.test("a GuestRunner keeps what every Runner keeps", async (t) => {
  await using module = new GuestModule({
    specifier: "conforming.ts",
    folder: new URL("modules/", import.meta.url).pathname,
    grants: NO_GRANTS,
    clock: systemClock,
    logger,
  });
  const runner = new GuestRunner(module, { servedName: "conforming" });
  await runner.start();
  const factory: ConformanceFactory = (scenario) => {
    const number = scenarios.push(scenario) - 1;
    return {
      run: (request, context) => {
        const told = { number, scenario };
        const extraParameters = { ...request.extraParameters, told };
        return runner.run({ ...request, extraParameters }, context);
      },
    };
  };
  const tests: Parameters<TestRegistrar>[0][] = [];
  runnerConformance("GuestRunner", factory, {
    skip: { fail: "another process has its own errors; runs_test.ts looks at them" },
    test: (test) => tests.push(test),
  });
  // The process is there before the first and after the last of them.
  const around = { sanitizeOps: false, sanitizeResources: false };
  for (const test of tests) await t.step({ ...test, ...around });
});
