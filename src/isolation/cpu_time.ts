/**
 * How much a process has worked.
 * @module
 */

/** Ticks of a second, as Linux counts for programs. */
const TICKS = 100;

/** Seconds of processor time; undefined where that cannot be known: not on Linux, or without leave. */
export async function cpuSeconds(pid: number): Promise<number | undefined> {
  try {
    const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
    // The name in parentheses may hold anything.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) / TICKS;
  } catch {
    return undefined;
  }
}
