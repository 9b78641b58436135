/**
 * How much a process has worked.
 * @module
 */

/** Ticks of a second, as Linux counts for programs. */
const TICKS = 100;

/** Seconds of processor time; undefined where that cannot be known: not on Linux, or without leave. */
export async function cpuSeconds(pid: number): Promise<number | undefined> {
  try {
    const stat = await statOf(pid);
    // The name in parentheses may hold anything.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) / TICKS;
  } catch {
    return undefined;
  }
}

/** Deno reads there only with leave for everything; whoever may run programs may have one read it. */
async function statOf(pid: number): Promise<string> {
  const path = `/proc/${pid}/stat`;
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotCapable)) throw error;
  }
  const { stdout } = await new Deno.Command("cat", { args: [path], stderr: "null" }).output();
  return new TextDecoder().decode(stdout);
}
