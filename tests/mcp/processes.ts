/**
 * Looking after processes: which are there, and waiting until they are not.
 * @module
 */
import { assert } from "@std/assert";

/** Whether this machine shows processes as files; tests that look for some are skipped elsewhere. */
export const noProcFolder: boolean = Deno.build.os !== "linux";

/** How often a condition is looked at, in milliseconds. */
const POLL_MS = 10;

/** Waits until `holds` says so; fails after `timeoutMs`. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  { timeoutMs = 10_000 }: { readonly timeoutMs?: number } = {},
): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!await holds()) {
    assert(performance.now() < end, `it took longer than ${timeoutMs} ms until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** Whether a process is there; zombies that nobody has waited for yet do not count. */
export function alive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX] /.test(Deno.readTextFileSync(`/proc/${pid}/stat`));
  } catch {
    return false;
  }
}

/** Processes that were started with a variable no other test has. */
export class MarkedProcesses {
  /** Makes a process one of these. */
  readonly env: Readonly<Record<string, string>> = {
    FAKELLM_TEST_MARK: crypto.randomUUID(),
  };

  /** Numbers of those that are there, oldest first. */
  list(): readonly number[] {
    const mark = `FAKELLM_TEST_MARK=${this.env.FAKELLM_TEST_MARK}`;
    return [...Deno.readDirSync("/proc")].flatMap(({ name }) => {
      const pid = Number(name);
      return Number.isInteger(pid) && environmentOf(pid).includes(mark) && alive(pid) ? [pid] : [];
    }).sort((a, b) => a - b);
  }

  /** The only one that is there. */
  only(): number {
    const pids = this.list();
    assert(pids.length === 1, `${pids.length} processes are there`);
    return pids[0]!;
  }

  /** Waits until none is left. */
  async gone(): Promise<void> {
    await until("no process is left", () => this.list().length === 0, { timeoutMs: 3000 });
  }
}

function environmentOf(pid: number): readonly string[] {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/environ`).split("\0");
  } catch {
    // It has ended, or it is somebody else's.
    return [];
  }
}
