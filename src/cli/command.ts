/**
 * What every command brings.
 * @module
 */
import type { Terminal } from "./output.ts";

/** One command. Its file imports nothing heavy; `run` does, when it is called. */
export interface Command {
  /** What `--help` prints. */
  readonly help: string;
  /**
   * Runs the command; resolves to the exit code.
   *
   * @throws {SetupError} when usage or configuration is wrong
   */
  run(args: readonly string[], terminal: Terminal): Promise<number>;
}
