/**
 * What happened to the calls of the server `journal`.
 * @module
 */
import { until } from "./processes.ts";

/** A file for one server; disposing removes it. */
export class Journal implements AsyncDisposable {
  readonly #folder: string;
  /** Tells the server where it is. */
  readonly env: Readonly<Record<string, string>>;

  private constructor(folder: string) {
    this.#folder = folder;
    this.env = { JOURNAL: this.#path };
  }

  /** Makes an empty one. */
  static async make(): Promise<Journal> {
    return new Journal(await Deno.makeTempDir());
  }

  /** Its lines, oldest first. */
  get lines(): readonly string[] {
    try {
      return Deno.readTextFileSync(this.#path).split("\n").filter((line) => line !== "");
    } catch {
      return [];
    }
  }

  /** How many of its lines say this. */
  count(line: string): number {
    return this.lines.filter((other) => other === line).length;
  }

  /** Waits until some lines say this. */
  async has(line: string, { times = 1, timeoutMs = 10_000 } = {}): Promise<void> {
    await until(`the journal says ${times} times "${line}"`, () => this.count(line) >= times, {
      timeoutMs,
    });
  }

  /** Removes it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.#folder, { recursive: true });
  }

  get #path(): string {
    return `${this.#folder}/journal`;
  }
}
