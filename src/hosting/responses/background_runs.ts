/**
 * Runs whose clients do not wait for them.
 * @module
 */
import { RunError } from "../../run/error.ts";
import type { Clock } from "../../run/seams.ts";
import type { Services } from "../call.ts";
import { EventLog } from "../event_log.ts";
import { LiveStream } from "../live_stream.ts";
import type { Answer } from "../respond.ts";
import type { KeptAnswer } from "./kept_answer.ts";
import type { Errands } from "./errands.ts";

/** Most runs of one tenant at a time, unless told otherwise. */
export const MAX_BACKGROUND_RUNS = 100;

/** How often a run looks for errands. */
const BEAT_MS = 1000;

/** How long others believe that a run goes on, and how often they are told so; some may fail. */
const LEASE_MS = 60_000;
const RENEW_MS = 10_000;

/** One run in the background, from its beginning to its end. */
export class BackgroundRun {
  /** Every frame so far and to come. */
  readonly log: EventLog = new EventLog();
  /** Knows where the answer stands. */
  readonly kept: KeptAnswer;
  readonly #stream: LiveStream;
  readonly #clock: Clock;
  readonly #errands: Errands;
  #cancelBeat: (() => void) | undefined;
  #announcedMs = 0;

  /** Prepares the run; nothing happens before `start`. */
  constructor(answer: Answer, { kept, errands }: {
    readonly kept: KeptAnswer;
    readonly errands: Errands;
  }) {
    this.kept = kept;
    this.#clock = answer.call.services.clock;
    this.#errands = errands;
    kept.log = this.log;
    this.#stream = new LiveStream(answer);
  }

  /** The response object as it is now. */
  get json(): string {
    return this.kept.encoder.response().json;
  }

  /**
   * Keeps what is known of the run; others can find it from now on.
   *
   * @throws {RunError} `internal` when it cannot be kept
   */
  announce(): Promise<void> {
    this.#announcedMs = this.#clock.now();
    return this.kept.keepUnfinished(this.#announcedMs + LEASE_MS);
  }

  /** Runs. Resolves when the run has ended; the answer may have ended before. */
  start(): Promise<void> {
    this.#scheduleBeat();
    this.log.ended.then(() => {
      this.#cancelBeat?.();
      this.#cancelBeat = undefined;
    });
    return this.#stream.drive(this.log);
  }

  /** Ends the answer as cancelled, at once; resolves when it is kept. */
  cancel(): Promise<void> {
    return this.#stream.stop(new RunError("cancelled", "The client cancelled the response"));
  }

  /** Ends the answer and keeps nothing of it. */
  async discard(): Promise<void> {
    const discarded = this.kept.discard();
    await this.cancel();
    await discarded;
  }

  #scheduleBeat(): void {
    this.#cancelBeat = this.#clock.schedule(BEAT_MS, () => {
      this.#beat().catch(() => {
        // The next beat tries again; the lease outlasts several.
      }).finally(() => {
        if (this.#cancelBeat) this.#scheduleBeat();
      });
    });
  }

  async #beat(): Promise<void> {
    const errand = await this.#errands.take(this.kept.tenant, this.kept.id);
    if (errand === "cancel") await this.cancel();
    else if (errand === "delete") await this.discard();
    else if (this.#clock.now() - this.#announcedMs >= RENEW_MS) await this.announce();
  }
}

/** The background runs of this process, by tenant and response. */
export class BackgroundRuns {
  readonly #services: Services;
  readonly #errands: Errands;
  readonly #maxPerTenant: number;
  readonly #tenants = new Map<string, Map<string, BackgroundRun>>();

  /**
   * None yet.
   *
   * @param options `errands`: what other processes want of the runs here; `maxPerTenant`: most runs
   *   of one tenant at a time, 100 by default
   */
  constructor(
    services: Services,
    { errands, maxPerTenant = MAX_BACKGROUND_RUNS }: {
      readonly errands: Errands;
      readonly maxPerTenant?: number;
    },
  ) {
    this.#services = services;
    this.#errands = errands;
    this.#maxPerTenant = maxPerTenant;
  }

  /** The run of this response, while it goes on and if it is this tenant's. */
  find(tenant: string, id: string): BackgroundRun | undefined {
    return this.#tenants.get(tenant)?.get(id);
  }

  /**
   * Starts a run that goes on by itself.
   *
   * @returns the run, and its response object as it was before it began
   * @throws {RunError} `rate-limit-exceeded` when the tenant has too many, `internal` when it cannot
   *   be kept
   */
  async start(
    answer: Answer,
    kept: KeptAnswer,
  ): Promise<{ readonly run: BackgroundRun; readonly json: string }> {
    const { tenant, id } = kept;
    const runs = this.#tenants.get(tenant) ?? new Map<string, BackgroundRun>();
    if (runs.size >= this.#maxPerTenant) {
      throw new RunError(
        "rate-limit-exceeded",
        `Tenant has ${runs.size} runs in the background, at most ${this.#maxPerTenant} are allowed`,
      );
    }
    const run = new BackgroundRun(answer, { kept, errands: this.#errands });
    this.#tenants.set(tenant, runs.set(id, run));
    run.log.ended.then(() => this.#forget(tenant, id));
    try {
      await run.announce();
    } catch (error) {
      this.#forget(tenant, id);
      throw error;
    }
    const { json } = run;
    this.#services.runs.track(run.start(), "running in the background");
    return { run, json };
  }

  #forget(tenant: string, id: string): void {
    const runs = this.#tenants.get(tenant);
    if (runs?.delete(id) && runs.size === 0) this.#tenants.delete(tenant);
  }
}
