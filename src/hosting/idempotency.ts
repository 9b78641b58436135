/**
 * `Idempotency-Key`: a request that comes again does not run again.
 *
 * Within one process duplicates join the run that is going on. Afterwards, and in other processes,
 * they get the answer that was kept. Failures are not kept: trying again may help.
 * @module
 */
import { HttpError, RequestError, RunError } from "../run/error.ts";
import type { Clock } from "../run/seams.ts";
import type { Call, Services } from "./call.ts";
import { DetachedCall } from "./detached_call.ts";
import { EventLog } from "./event_log.ts";
import { nodeCrypto } from "./node_crypto.ts";
import { type Outcome, SharedRun, type Started } from "./shared_run.ts";
import type { RecordStore } from "./store/record_store.ts";

/** A request with a key. */
export interface Keyed {
  /** As the client sent it. */
  readonly key: string;
  /** Whose key it is: nobody else's is the same. */
  readonly tenant: string;
  /** What is asked; the same key stands for the same. */
  readonly asked: unknown;
  /** Starts the run that is shared. */
  readonly start: (run: DetachedCall) => Promise<Started>;
}

/** A request's part in a run. */
export interface Joined {
  /** The run. */
  readonly started: Started;
  /** Whether somebody else started it. */
  readonly replayed: boolean;
  /** The request needs the run no more. */
  readonly leave: () => void;
}

/** The same request runs in another process. */
export class RunsElsewhere extends HttpError {
  /** When to look again, in seconds. */
  readonly retryAfterS = 2;

  /** Takes no more than that it is so. */
  constructor() {
    super(409, "Try again: a request with this Idempotency-Key is still running");
  }
}

/** How long answers are replayed. */
const REPLAY_MS = 24 * 60 * 60 * 1000;

/** How long other processes believe that a run goes on, and how often they are told so. */
const LEASE_MS = 60_000;
const RENEW_MS = 20_000;

/** Longer answers are not replayed: whoever asks again runs again. */
const MAX_KEPT_LENGTH = 16 * 1024 * 1024;

const KEY = /^[\x21-\x7e]{1,255}$/;

const KIND = "idempotency";
const DONE = Promise.resolve();

/** What is kept under a key. */
interface KeyRecord {
  readonly fingerprint: string;
  /** Absent while the run goes on. */
  readonly answer?: { readonly type: Started["type"]; readonly text: string };
}

/** Runs under way by tenant and key, and the answers of those that are over. */
export class IdempotentRuns {
  readonly #services: Services;
  readonly #open = new Map<string, SharedRun>();

  /** Nothing is going on yet. */
  constructor(services: Services) {
    this.#services = services;
  }

  /**
   * Takes part in the run of a key, starting it if need be.
   *
   * @throws {RequestError} `invalid-value` for a key that is none, or was used for something else
   * @throws {RunsElsewhere} while another process runs it
   */
  async join(call: Call, keyed: Keyed): Promise<Joined> {
    const { key, tenant, asked } = keyed;
    if (!KEY.test(key)) {
      throw keyError("Cannot use the Idempotency-Key: expected 1 to 255 visible ASCII characters");
    }
    const fingerprint = digest(asked);
    const place = JSON.stringify([tenant, key]);
    const open = this.#open.get(place);
    if (open && open.fingerprint !== fingerprint) throw reusedKey();
    const run = open ?? this.#begin(call, { ...keyed, fingerprint });
    if (!open) {
      this.#open.set(place, run);
      const forgotten = run.over.then(() => this.#open.delete(place));
      this.#services.runs.track(forgotten, "running with an Idempotency-Key");
    }
    const leave = run.enter();
    // From here on a client that leaves is noticed.
    call.beginRun();
    call.signal.addEventListener("abort", leave, { once: true });
    try {
      const { started, replayed } = await unlessAborted(run.outcome, call.signal);
      return { started, replayed: replayed || open !== undefined, leave };
    } catch (error) {
      leave();
      throw error;
    } finally {
      // What is left to be stopped is the run alone.
      call.forgetRun();
    }
  }

  #begin(call: Call, keyed: Keyed & { readonly fingerprint: string }): SharedRun {
    const run = new DetachedCall(call);
    return new SharedRun(keyed.fingerprint, {
      outcome: this.#outcome(run, keyed),
      clock: this.#services.clock,
      abandon: () => run.abort(new RunError("cancelled", "All clients went away")),
    });
  }

  async #outcome(
    run: DetachedCall,
    { key, tenant, fingerprint, start }: Keyed & { readonly fingerprint: string },
  ): Promise<Outcome> {
    const claim = new KeyClaim(this.#services, { key, tenant, fingerprint });
    const found = await claim.take();
    if (found !== undefined) {
      return { started: replay(found, fingerprint), replayed: true, settled: DONE };
    }
    let started: Started;
    try {
      started = await start(run);
    } catch (error) {
      await this.#orWarn(claim.giveUp());
      throw error;
    }
    const settled = started.type === "whole"
      ? this.#orWarn(claim.fulfil("whole", started.body))
      : this.#follow(started.log, claim);
    // An unstreamed answer is kept before anybody gets it: whoever comes next finds it.
    if (started.type === "whole") await settled;
    return { started, replayed: false, settled };
  }

  async #follow(log: EventLog, claim: KeyClaim): Promise<void> {
    const whole = await log.ended;
    await this.#orWarn(whole ? claim.fulfil("stream", log.text) : claim.giveUp());
  }

  /** An answer that cannot be kept is an answer still. */
  async #orWarn(work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      this.#services.logger.log("warn", "answer to an Idempotency-Key not kept", { detail });
    }
  }
}

/** A key in the store, from its claim to its answer. */
class KeyClaim {
  readonly #records: RecordStore;
  readonly #clock: Clock;
  readonly #key: string;
  readonly #tenant: string;
  readonly #fingerprint: string;
  #cancelRenewal: (() => void) | undefined;
  #renewed: Promise<void> = DONE;

  constructor(
    { records, clock }: Services,
    { key, tenant, fingerprint }: Pick<Keyed, "key" | "tenant"> & { readonly fingerprint: string },
  ) {
    this.#records = records;
    this.#clock = clock;
    this.#key = key;
    this.#tenant = tenant;
    this.#fingerprint = fingerprint;
  }

  /** Claims the key; what is there already, or undefined when it is claimed from now on. */
  async take(): Promise<KeyRecord | undefined> {
    const found = await this.#records.claim(this.#tenant, this.#record(), LEASE_MS);
    if (found !== undefined) return JSON.parse(found);
    this.#scheduleRenewal();
    return undefined;
  }

  /** Keeps the answer. */
  async fulfil(type: Started["type"], text: string): Promise<void> {
    if (text.length > MAX_KEPT_LENGTH) return await this.giveUp();
    await this.#endRenewal();
    await this.#records.put(this.#tenant, [this.#record({ type, text })], REPLAY_MS);
  }

  /** Leaves the key to whoever comes next. */
  async giveUp(): Promise<void> {
    await this.#endRenewal();
    await this.#records.delete(this.#tenant, KIND, [this.#key]);
  }

  #record(answer?: KeyRecord["answer"]): { kind: typeof KIND; id: string; json: string } {
    const record: KeyRecord = { fingerprint: this.#fingerprint, answer };
    return { kind: KIND, id: this.#key, json: JSON.stringify(record) };
  }

  #scheduleRenewal(): void {
    this.#cancelRenewal = this.#clock.schedule(RENEW_MS, () => {
      // The next renewal tries again; the lease outlasts two.
      this.#renewed = this.#records.put(this.#tenant, [this.#record()], LEASE_MS).catch(() => {});
      this.#scheduleRenewal();
    });
  }

  /** No renewal may come after what is written next. */
  #endRenewal(): Promise<void> {
    this.#cancelRenewal?.();
    return this.#renewed;
  }
}

function replay({ fingerprint, answer }: KeyRecord, asked: string): Started {
  if (fingerprint !== asked) throw reusedKey();
  if (!answer) throw new RunsElsewhere();
  const { type, text } = answer;
  return type === "whole"
    ? { type, body: text }
    : { type, log: EventLog.of(text), abandonable: false };
}

/** Resolves like `outcome` unless the signal comes first. */
function unlessAborted<T>(outcome: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) return abort();
    signal.addEventListener("abort", abort, { once: true });
    outcome.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

function digest(asked: unknown): string {
  return nodeCrypto().hash("sha256", JSON.stringify(asked), "base64");
}

function reusedKey(): RequestError {
  return keyError(
    "Cannot use the Idempotency-Key again: it came with another request before, use a new one",
  );
}

function keyError(message: string): RequestError {
  return new RequestError("invalid-value", message, { param: "Idempotency-Key" });
}
