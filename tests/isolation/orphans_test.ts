/** Nothing that was started outlives whoever started it. */
import { assert, assertEquals } from "@std/assert";

/** Whether a process is there; zombies that nobody has waited for yet do not count. */
function alive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX] /.test(Deno.readTextFileSync(`/proc/${pid}/stat`));
  } catch {
    return false;
  }
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

Deno.test("no program outlives a host that is killed", async () => {
  const host = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--no-check",
      "--cached-only",
      "--config",
      new URL("../../deno.json", import.meta.url).pathname,
      new URL("stubborn_host.ts", import.meta.url).pathname,
    ],
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const reader = host.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (!text.includes("\n")) text += (await reader.read()).value;
  const { pids, folder }: { readonly pids: readonly number[]; readonly folder: string } = JSON
    .parse(text);
  assertEquals(pids.map(alive), [true, true, true]);
  host.kill("SIGKILL");
  await host.status;
  await reader.cancel();
  for (let waited = 0; pids.some(alive) || await exists(folder); waited += 10) {
    assert(waited < 1000, `processes ${pids.filter(alive)} or their folder are left`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
});
