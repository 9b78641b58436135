/**
 * Servers under load, each in a process of its own.
 * @module
 */

/** A running `server.ts`. */
export interface ServerProcess extends AsyncDisposable {
  /** Where it listens. */
  readonly port: number;
}

/** Starts `server.ts` as `kind`. */
export async function startServer(kind: string, backendPort?: number): Promise<ServerProcess> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--no-check",
      new URL("./server.ts", import.meta.url).pathname,
      kind,
      `${backendPort ?? ""}`,
    ],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  if (!value) throw new Error(`Server "${kind}" ended before it listened`);
  return {
    port: Number(new TextDecoder().decode(value)),
    async [Symbol.asyncDispose]() {
      await child.stdin.close();
      await reader.cancel();
      await child.status;
    },
  };
}

/** The figure in the middle. */
export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}
