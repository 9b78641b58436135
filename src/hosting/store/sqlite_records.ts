/**
 * Records in one file: they outlive the process.
 * @module
 */
import { RunError, SetupError } from "../../run/error.ts";
import type { Clock } from "../../run/seams.ts";
import { reasonOf } from "./reason.ts";
import type { RecordKind, RecordStore, StoredRecord } from "./record_store.ts";
import { numberOf, SqliteFile } from "./sqlite_file.ts";
import { storedText } from "./stored_text.ts";
import { wholeTtlMs } from "./ttl.ts";

/** Where records are kept and how many. */
export interface SqliteRecordsOptions {
  /** Tells the age of records. */
  readonly clock: Clock;
  /** Most bytes the records and their indexes take up of the file. @default unlimited */
  readonly maxBytes?: number;
  /** How long conversations are kept. @default whoever writes them decides */
  readonly ttlMs?: number;
}

/** Expired records a write removes besides as many as it adds. */
const SWEEP = 32;

/** Expired records that are removed when the file is opened. */
const FIRST_SWEEP = 1000;

/**
 * Keeps records in a file that only the user of the process can read. A write is there as a whole
 * or not at all, also when the process is killed in the middle of it.
 *
 * Several processes of one machine may share the file. Over the size limit the writes of longest
 * ago go, each as a whole.
 */
export class SqliteRecords implements RecordStore {
  /** How long conversations are kept; undefined leaves it to whoever writes them. */
  readonly ttlMs: number | undefined;
  readonly #path: string;
  readonly #clock: Clock;
  readonly #maxBytes: number;
  #file: SqliteFile | undefined;

  /**
   * Opens nothing yet.
   *
   * @param path of the file; its folder must exist
   */
  constructor(path: string, options: SqliteRecordsOptions) {
    this.#path = path;
    this.#clock = options.clock;
    this.#maxBytes = options.maxBytes ?? Infinity;
    this.ttlMs = options.ttlMs;
  }

  /**
   * Opens the file, making it where there is none.
   *
   * @throws {SetupError} when it cannot be read or written, or holds something else
   */
  async start(): Promise<void> {
    if (this.#file) return;
    try {
      this.#file = await SqliteFile.open(this.#path);
      this.#file.statements.sweep.run(this.#clock.now(), FIRST_SWEEP);
    } catch (cause) {
      this.#file?.close();
      this.#file = undefined;
      throw new SetupError(
        `Cannot open the store file ${JSON.stringify(this.#path)}: ${reasonOf(cause)}`,
        { cause },
      );
    }
  }

  /** Writes all records or none. */
  // deno-lint-ignore require-await -- async so that failures reject
  async put(tenant: string, records: readonly StoredRecord[], ttlMs: number): Promise<void> {
    if (records.length === 0) return;
    this.#use("write to", (file) => {
      file.transaction(() => this.#write(file, { tenant, records, ttlMs }));
      file.shrink();
    });
  }

  /** The texts of `ids`, undefined for what is not there. */
  // deno-lint-ignore require-await -- async so that failures reject
  async get(
    tenant: string,
    kind: RecordKind,
    ids: readonly string[],
  ): Promise<readonly (string | undefined)[]> {
    const nowMs = this.#clock.now();
    const owner = storedText(tenant);
    return this.#use(
      "read",
      (file) => ids.map((id) => textOf(file, [owner, kind, storedText(id)], nowMs)),
    );
  }

  /** Removes records and counts them. */
  // deno-lint-ignore require-await -- async so that failures reject
  async delete(tenant: string, kind: RecordKind, ids: readonly string[]): Promise<number> {
    const nowMs = this.#clock.now();
    const owner = storedText(tenant);
    return this.#use("delete from", (file) =>
      file.transaction(() => {
        const { remove } = file.statements;
        return ids.filter((id) => numberOf(remove, owner, kind, storedText(id)) > nowMs).length;
      }));
  }

  /** Writes the record unless there is one. */
  // deno-lint-ignore require-await -- async so that failures reject
  async claim(tenant: string, record: StoredRecord, ttlMs: number): Promise<string | undefined> {
    const key = [storedText(tenant), record.kind, storedText(record.id)] as const;
    return this.#use("write to", (file) =>
      file.transaction(() => {
        const there = textOf(file, key, this.#clock.now());
        if (there === undefined) this.#write(file, { tenant, records: [record], ttlMs });
        return there;
      }));
  }

  /** Fails while the file cannot be written. */
  // deno-lint-ignore require-await -- async so that failures reject
  async check(): Promise<void> {
    this.#use("write to", (file) => file.check());
  }

  /** Closes the file; whoever uses the store afterwards is refused. */
  // deno-lint-ignore require-await -- async so that failures reject
  async [Symbol.asyncDispose](): Promise<void> {
    this.#file?.close();
    this.#file = undefined;
  }

  /** Writes records and removes what has expired or has no room; part of a transaction. */
  #write(file: SqliteFile, write: Write): void {
    const { tenant, records, ttlMs } = write;
    const { statements } = file;
    const nowMs = this.#clock.now();
    const owner = storedText(tenant);
    const expiresAtMs = nowMs + wholeTtlMs(ttlMs);
    const number = numberOf(statements.nextWrite);
    statements.sweep.run(nowMs, records.length + SWEEP);
    for (const { kind, id, json } of records) {
      statements.write.run(owner, kind, storedText(id), json, expiresAtMs, number);
    }
    if (this.#maxBytes === Infinity) return;
    while (file.usedBytes() > this.#maxBytes) {
      if (statements.removeOldest.run().changes === 0) return;
    }
  }

  #use<Result>(doing: string, work: (file: SqliteFile) => Result): Result {
    const path = JSON.stringify(this.#path);
    if (!this.#file) throw new RunError("internal", `Cannot ${doing} ${path}: it is not open`);
    try {
      return work(this.#file);
    } catch (cause) {
      throw new RunError("internal", `Cannot ${doing} ${path}: ${reasonOf(cause)}`, { cause });
    }
  }
}

interface Write {
  readonly tenant: string;
  readonly records: readonly StoredRecord[];
  readonly ttlMs: number;
}

/** The text of a record, unless it has expired. */
function textOf(
  file: SqliteFile,
  key: readonly [tenant: string, kind: RecordKind, id: string],
  nowMs: number,
): string | undefined {
  const json = file.statements.read.get(...key, nowMs)?.json;
  return typeof json === "string" ? json : undefined;
}
