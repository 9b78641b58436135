/**
 * `/ready` and `/`.
 * @module
 */
import { HttpError, RequestError } from "../run/error.ts";
import type { Clock } from "../run/seams.ts";
import type { OpenEntrypoint } from "./handler.ts";
import type { CheckOutcome, DependencyHealth } from "./health.ts";
import { RootPage } from "./root_page.ts";
import { type AppState, encodeCheck, encodeRecord, type ReadyWire } from "./wire.ts";

/** What the pages tell about. */
export interface StatusPagesOptions {
  /** The app's APIs. */
  readonly entrypoints: readonly OpenEntrypoint[];
  /** The app's checks. */
  readonly health: readonly DependencyHealth[];
  /** Times the checks. */
  readonly clock: Clock;
  /** Whether the app is starting or stopping; `ready` leaves it to models and checks. */
  readonly state: () => Exclude<AppState, "not_ready">;
}

/** Writes the pages that tell how the app is. */
export class StatusPages {
  /** `/`: where to go from here. */
  readonly root: RootPage;
  readonly #options: StatusPagesOptions;

  /**
   * Writes what never changes.
   *
   * @param options what the pages tell about
   */
  constructor(options: StatusPagesOptions) {
    this.#options = options;
    this.root = new RootPage(options.entrypoints.map(({ prefix }) => prefix));
  }

  /**
   * Body and status of `/ready`. Who needs a key and shows none learns the overall state only; a key
   * shows the records of the models it may use.
   */
  async ready(request: Request): Promise<{ readonly body: string; readonly status: number }> {
    const { entrypoints, health, clock } = this.#options;
    const outcomes = await Promise.all(health.map((check) => check.outcome(clock)));
    const status = this.#state(outcomes);
    const shown: Record<string, ReturnType<typeof recordsOf>> = {};
    for (const entry of entrypoints) {
      const caller = await callerOf(entry, request);
      if (caller) shown[entry.prefix] = recordsOf(entry, caller.models);
    }
    const known = Object.keys(shown).length > 0;
    const body: ReadyWire = known
      ? {
        status,
        entrypoints: shown,
        checks: Object.fromEntries(
          health.map((check, index) => [check.name, encodeCheck(outcomes[index]!)]),
        ),
      }
      : { status };
    return { body: JSON.stringify(body), status: status === "ready" ? 200 : 503 };
  }

  #state(outcomes: readonly CheckOutcome[]): AppState {
    const state = this.#options.state();
    if (state !== "ready") return state;
    const { health, entrypoints } = this.#options;
    const up =
      health.every(({ required }, index) => !required || outcomes[index]!.status === "ok") &&
      entrypoints.every(({ catalog }) => [...catalog.models].every((m) => m.ready));
    return up ? "ready" : "not_ready";
  }
}

async function callerOf(entry: OpenEntrypoint, request: Request) {
  try {
    return await entry.authenticator.authenticate(request);
  } catch (error) {
    if (error instanceof RequestError || error instanceof HttpError) return undefined;
    throw error;
  }
}

function recordsOf({ catalog }: OpenEntrypoint, permitted: ReadonlySet<string> | undefined) {
  return Object.fromEntries(
    [...catalog.models].filter(({ model }) => permitted?.has(model.id) !== false)
      .map(({ model, record }) => [model.id, encodeRecord(record)]),
  );
}
