import { assert, assertEquals } from "@std/assert";
import { cpuSeconds } from "./cpu_time.ts";

/** Works for a tenth of a second; how much of it is this process's is for the machine to say. */
function work(): void {
  const began = performance.now();
  while (performance.now() - began < 100);
}

const READERS: Readonly<Record<string, Deno.PermissionOptions>> = {
  "may read everything": "inherit",
  "may only run cat": { run: ["cat"] },
};

for (const [reader, permissions] of Object.entries(READERS)) {
  Deno.test({
    name: `cpuSeconds() says how much a process has worked, to whoever ${reader}`,
    permissions,
    async fn() {
      const { pid } = Deno;
      const before = await cpuSeconds(pid);
      assert(before !== undefined && before >= 0);
      let after: number | undefined = before;
      for (let rounds = 0; after === before && rounds < 100; rounds++) {
        work();
        after = await cpuSeconds(pid);
      }
      assert(after !== undefined && after > before, `${before}, ${after}`);
    },
  });
}

Deno.test("cpuSeconds() of a process that is not there is unknown", async () => {
  // Above the highest number that Linux gives.
  assertEquals(await cpuSeconds(2 ** 22 + 1), undefined);
});

Deno.test({
  name: "cpuSeconds() without leave is unknown",
  permissions: "none",
  fn: async () => assertEquals(await cpuSeconds(1), undefined),
});
