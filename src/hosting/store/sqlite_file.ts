/**
 * One file of SQLite and what is asked of it.
 * @module
 */
import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";

/** Marks a file as ours: "fake" in ASCII. */
const APPLICATION_ID = 0x66616b65;

/** Version of the tables below. */
const USER_VERSION = 1;

/** Longest wait for another process that writes. It holds up this one, so it is short. */
const BUSY_TIMEOUT_MS = 1000;

/** Size above which the write-ahead log is cut after it was written back. */
const LOG_BYTES = 16 * 1024 * 1024;

/** Free pages that are left to be used again before the file is made smaller. */
const SPARE_PAGES = 1024;

/** Most pages that are given back at a time. */
const VACUUM_PAGES = 256;

/** How every file of SQLite starts: https://www.sqlite.org/fileformat.html */
const HEADER = "SQLite format 3\0";

const TABLES = `
  CREATE TABLE records (
    tenant TEXT NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    json TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    write_no INTEGER NOT NULL,
    PRIMARY KEY (tenant, kind, id)
  ) STRICT;
  CREATE INDEX records_by_expiry ON records (expires_at);
  CREATE INDEX records_by_write ON records (write_no);
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${USER_VERSION};
`;

const ONE = "tenant = ? AND kind = ? AND id = ?";

/** The statements of the store, prepared once. */
export interface Statements {
  /** tenant, kind, id, now -> json */
  readonly read: StatementSync;
  /** tenant, kind, id, json, expires_at, write_no */
  readonly write: StatementSync;
  /** tenant, kind, id; true of what has expired already as well */
  readonly remove: StatementSync;
  /** -> number of the next write */
  readonly nextWrite: StatementSync;
  /** now, most records */
  readonly sweep: StatementSync;
  /** Removes the records of the oldest write. */
  readonly removeOldest: StatementSync;
}

/** An open file. */
export class SqliteFile {
  /** Prepared statements. */
  readonly statements: Statements;
  readonly #db: DatabaseSync;
  readonly #pageBytes: number;
  readonly #pages: StatementSync;
  readonly #freePages: StatementSync;
  readonly #vacuum: StatementSync;

  private constructor(db: DatabaseSync) {
    this.#db = db;
    this.#pages = db.prepare("PRAGMA page_count");
    this.#freePages = db.prepare("PRAGMA freelist_count");
    this.#vacuum = db.prepare(`PRAGMA incremental_vacuum(${VACUUM_PAGES})`);
    this.#pageBytes = numberOf(db.prepare("PRAGMA page_size"));
    this.statements = {
      read: db.prepare(`SELECT json FROM records WHERE ${ONE} AND expires_at > ?`),
      write: db.prepare(
        `INSERT INTO records (tenant, kind, id, json, expires_at, write_no)
         VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (tenant, kind, id) DO UPDATE SET
           json = excluded.json, expires_at = excluded.expires_at, write_no = excluded.write_no`,
      ),
      remove: db.prepare(`DELETE FROM records WHERE ${ONE} RETURNING expires_at`),
      nextWrite: db.prepare("SELECT coalesce(max(write_no), 0) + 1 FROM records"),
      sweep: db.prepare(
        `DELETE FROM records WHERE rowid IN
           (SELECT rowid FROM records WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)`,
      ),
      removeOldest: db.prepare(
        "DELETE FROM records WHERE write_no = (SELECT min(write_no) FROM records)",
      ),
    };
  }

  /**
   * Opens the file at `path`, making it where there is none.
   *
   * @throws {Error} when it cannot be read or written, or is none of ours
   */
  static async open(path: string): Promise<SqliteFile> {
    const [{ DatabaseSync }, { resolve }] = await Promise.all([
      import("node:sqlite"),
      import("node:path"),
    ]);
    await createPrivate(path);
    // SQLite gives meaning to names as ":memory:"; an absolute path is only ever a file.
    const db = new DatabaseSync(resolve(path));
    try {
      prepare(db);
      return new SqliteFile(db);
    } catch (error) {
      db.close();
      throw error;
    }
  }

  /** Does all of `work` or, when it throws, none of it. No other process writes in between. */
  transaction<Result>(work: () => Result): Result {
    return transaction(this.#db, work);
  }

  /** What the records and their indexes take up of the file. */
  usedBytes(): number {
    return (numberOf(this.#pages) - numberOf(this.#freePages)) * this.#pageBytes;
  }

  /** Gives some of the file back to the disk when much of it is free. */
  shrink(): void {
    // A row for each page: the statement is over once all of them are read.
    if (numberOf(this.#freePages) > SPARE_PAGES) this.#vacuum.all();
  }

  /** Fails when the file cannot be written at the moment. */
  check(): void {
    this.transaction(() => numberOf(this.statements.nextWrite));
  }

  /** Writes the log back and closes the file. */
  close(): void {
    this.#db.close();
  }
}

/** The only number in the only row of an answer. */
export function numberOf(statement: StatementSync, ...values: SQLInputValue[]): number {
  return Number(Object.values(statement.get(...values) ?? {})[0] ?? 0);
}

/**
 * Makes the file where there is none. Conversations are nobody else's: SQLite gives its log the mode
 * of the file.
 */
async function createPrivate(path: string): Promise<void> {
  try {
    const file = await Deno.open(path, { write: true, createNew: true, mode: 0o600 });
    file.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    await checkHeader(path);
  }
}

/** SQLite takes a file shorter than its header for an empty one and writes over it. */
async function checkHeader(path: string): Promise<void> {
  using file = await Deno.open(path, { read: true });
  const bytes = new Uint8Array(HEADER.length);
  const count = await file.read(bytes);
  const text = new TextDecoder().decode(bytes.subarray(0, count ?? 0));
  if (count !== null && text !== HEADER) throw new Error("it is not a database");
}

function prepare(db: DatabaseSync): void {
  db.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
  checkOwner(db);
  // Takes effect in a new file only, and before its first table.
  db.exec("PRAGMA auto_vacuum = INCREMENTAL");
  // With a write-ahead log a transaction is whole or absent whenever the process or the machine
  // stops. NORMAL does not wait for the disk at each of them: what was written survives the end of
  // the process, and a loss of power costs the last moments before it. Waiting would hold up every
  // stream of this process for each write.
  db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
  db.exec(`PRAGMA journal_size_limit = ${LOG_BYTES}`);
  transaction(db, () => {
    if (numberOf(db.prepare("PRAGMA user_version")) === 0) db.exec(TABLES);
    // A write, so that a file that cannot be written is found now.
    else db.exec(`PRAGMA user_version = ${USER_VERSION}`);
  });
}

/** Never touches the database of another application. */
function checkOwner(db: DatabaseSync): void {
  const owner = numberOf(db.prepare("PRAGMA application_id"));
  const version = numberOf(db.prepare("PRAGMA user_version"));
  const tables = numberOf(db.prepare("SELECT count(*) FROM sqlite_schema"));
  if (owner === 0 && version === 0 && tables === 0) return;
  if (owner !== APPLICATION_ID) throw new Error("it is the database of another application");
  if (version !== USER_VERSION) {
    throw new Error(`its version is ${version}, this program reads version ${USER_VERSION}`);
  }
}

function transaction<Result>(db: DatabaseSync, work: () => Result): Result {
  db.exec("BEGIN IMMEDIATE");
  try {
    const result = work();
    db.exec("COMMIT");
    return result;
  } catch (error) {
    // SQLite ends a transaction by itself after some errors, as a full disk.
    if (db.isTransaction) db.exec("ROLLBACK");
    throw error;
  }
}
