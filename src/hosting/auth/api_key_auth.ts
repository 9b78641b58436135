/**
 * A set of API keys, kept as hashes.
 * @module
 */
import { SetupError, type SetupProblem } from "../../run/error.ts";
import { nodeCrypto } from "../node_crypto.ts";
import type { ApiKey } from "./api_key.ts";

/** One key without itself. */
export interface KeyRecord {
  /** The key's name, for logs. */
  readonly name: string;
  /** Served names the key may use; undefined: all. */
  readonly models: readonly string[] | undefined;
  /** Milliseconds since 1970; undefined: never. */
  readonly expiresAtMs: number | undefined;
}

interface StoredKey extends KeyRecord {
  readonly digest: Uint8Array;
}

/** The environment variable that holds one key for everything. */
const KEY_VARIABLE = "FAKELLM_API_KEY";

/** Knows which keys are valid. Holds hashes only. */
export class ApiKeyAuth {
  readonly #keys: readonly StoredKey[];

  /**
   * Hashes the keys.
   *
   * @param keys at least one
   * @throws {SetupError} listing every empty or malformed key and every value given twice
   */
  constructor(keys: readonly ApiKey[]) {
    const problems: SetupProblem[] = [];
    if (keys.length === 0) problems.push({ path: "", message: "Cannot check keys: none is given" });
    const seen = new Map<string, string>();
    this.#keys = keys.flatMap((key, index) => {
      const path = `keys[${index}]`;
      const digest = digestOf(key, path, problems);
      if (!digest) return [];
      const value = hexOf(digest);
      const other = seen.get(value);
      if (other !== undefined) {
        problems.push({
          path,
          message: `Same key as ${other}; every key needs a value of its own`,
        });
      }
      seen.set(value, path);
      return [{
        digest,
        name: key.name,
        models: key.models,
        expiresAtMs: key.expiresAt?.getTime(),
      }];
    });
    if (problems.length > 0) throw new SetupError(problems);
  }

  /**
   * One key for everything from the environment, named after its variable.
   *
   * @param variable name of the variable
   * @throws {SetupError} when the variable is missing or empty
   */
  static fromEnv(variable: string = KEY_VARIABLE): ApiKeyAuth {
    const key = Deno.env.get(variable);
    if (!key) throw new SetupError(`Set ${variable} to the key clients must send; it is empty`);
    return new ApiKeyAuth([{ name: variable, key }]);
  }

  /**
   * Keys from a JSON file: `{"api_keys": [{"name", "key", "model_id"?}]}`.
   *
   * @throws {SetupError} when the file cannot be read or is not of that form
   */
  static fromConfig(path: string): ApiKeyAuth {
    return new ApiKeyAuth(readKeyFile(path));
  }

  /** Every key without its value, in the order given. */
  get records(): readonly KeyRecord[] {
    return this.#keys;
  }

  /**
   * The key whose value was presented. Every stored hash is compared in full, so that the time taken
   * tells nothing about any of them.
   *
   * @param nowMs milliseconds since 1970, for keys that expire
   */
  find(presented: string, nowMs: number): KeyRecord | undefined {
    const { timingSafeEqual } = nodeCrypto();
    const digest = sha256(presented);
    let found: StoredKey | undefined;
    for (const key of this.#keys) {
      if (timingSafeEqual(digest, key.digest)) found = key;
    }
    if (found?.expiresAtMs !== undefined && found.expiresAtMs <= nowMs) return undefined;
    return found;
  }
}

function sha256(text: string): Uint8Array {
  return nodeCrypto().hash("sha256", text, "buffer");
}

function hexOf(digest: Uint8Array): string {
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function digestOf(
  { name, key, keySha256, expiresAt }: ApiKey,
  path: string,
  problems: SetupProblem[],
): Uint8Array | undefined {
  const problem = (field: string, message: string): undefined => {
    problems.push({ path: `${path}.${field}`, message });
  };
  if (typeof name !== "string" || name.trim() === "") {
    return problem("name", "Name is empty; logs show it instead of the key");
  }
  if (expiresAt !== undefined && Number.isNaN(expiresAt.getTime())) {
    return problem("expiresAt", "Not a date");
  }
  if (key !== undefined && keySha256 !== undefined) {
    return problem("key", `Key "${name}" has a value and a hash; give one of them`);
  }
  if (keySha256 !== undefined) {
    if (!/^[0-9a-f]{64}$/i.test(keySha256)) {
      return problem("keySha256", `Hash of key "${name}" is not 64 hex digits`);
    }
    return Uint8Array.from(keySha256.match(/../g)!, (byte) => parseInt(byte, 16));
  }
  if (typeof key !== "string" || key === "") return problem("key", `Key "${name}" is empty`);
  if (!/^[\x21-\x7e]+$/.test(key)) {
    return problem("key", `Key "${name}" has blanks or characters beyond visible ASCII`);
  }
  return sha256(key);
}

/** Reads the file's shape; the keys themselves are checked by the constructor. */
function readKeyFile(path: string): ApiKey[] {
  let file: unknown;
  try {
    file = JSON.parse(Deno.readTextFileSync(path));
  } catch (cause) {
    // A parser's message quotes the text it fell over, which may be a key.
    const reason = cause instanceof SyntaxError ? "it is not valid JSON" : errorName(cause);
    throw new SetupError(`Cannot read keys from "${path}": ${reason}`);
  }
  const list = isRecord(file) ? file["api_keys"] : undefined;
  if (!Array.isArray(list)) {
    throw new SetupError(`Cannot read keys from "${path}": expected {"api_keys": [...]}`);
  }
  return list.map((entry: unknown, index) => {
    const wrong = (what: string) => new SetupError(what, { path: `${path}: api_keys[${index}]` });
    if (!isRecord(entry)) throw wrong("Not an object; expected {name, key, model_id?}");
    for (const field of Object.keys(entry)) {
      if (!["name", "key", "model_id"].includes(field)) {
        throw wrong(`Unknown field ${JSON.stringify(field)}; accepted are name, key, model_id`);
      }
    }
    const { name, key } = entry;
    const model = entry["model_id"] ?? undefined;
    if (typeof name !== "string") throw wrong("Name is missing or not a text");
    if (typeof key !== "string") throw wrong("Key is missing or not a text");
    if (model !== undefined && typeof model !== "string") {
      throw wrong("Field model_id is not a text");
    }
    return { name, key, models: model === undefined ? undefined : [model] };
  });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function errorName(error: unknown): string {
  return error instanceof Error ? error.name : "unknown error";
}
