import { PremadeRun } from "../../src/hosting/reasoning/premade.ts";
import { runnerConformance } from "../../src/testing/runner_conformance.ts";
import { play } from "./scenarios.ts";

runnerConformance("a Runner accompanied by premade reasoning", (scenario) => ({
  run: (request, context) => {
    const { signal, ids } = context;
    const events = play(scenario, request, { signal, callId: () => ids.mint("call_") });
    const deltas = { first: ["Thinking"], next: [" on"] };
    return new PremadeRun(events, { deltas, intervalMs: 1, context });
  },
}));
