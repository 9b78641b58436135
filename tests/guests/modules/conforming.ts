/**
 * A module that plays the scenarios of the conformance suite; the request says which.
 * @module
 */
import type { RunEvent } from "../../../src/run/event.ts";
import type { Runner } from "../../../src/run/runner.ts";
import type { ConformanceScenario } from "../../../src/testing/runner_conformance.ts";
import { play } from "../../conformance/scenarios.ts";

/** A scenario as it comes: its hooks are told by the log. */
interface Told {
  readonly number: number;
  readonly scenario: ConformanceScenario;
}

/** Plays what `extraParameters.told` says. */
export const agent: Runner = {
  async *run(request, { signal, ids, logger }): AsyncGenerator<RunEvent> {
    const { number, scenario } = request.extraParameters.told as Told;
    const hooks = {
      started: () => logger.log("info", `started ${number}`),
      stopped: () => logger.log("info", `stopped ${number}`),
    };
    const played = { ...scenario, ...hooks } as ConformanceScenario;
    yield* play(played, request, { signal, callId: () => ids.mint("call_") }) as AsyncIterable<
      RunEvent
    >;
  },
};
