import { assertEquals, assertRejects } from "@std/assert";
import { SetupError } from "../run/error.ts";
import { denoPath, requireDeno } from "./deno_path.ts";

// The variable itself is left alone: all tests of a run share their environment.

/** A program that does that. */
async function withProgram<Result>(script: string, work: (path: string) => Promise<Result>) {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(path, `#!/bin/sh\n${script}\n`);
    await Deno.chmod(path, 0o755);
    return await work(path);
  } finally {
    await Deno.remove(path);
  }
}

Deno.test("denoPath() is the Deno that runs, unless another is named", async () => {
  assertEquals(denoPath(), Deno.execPath());
  assertEquals(denoPath(""), Deno.execPath());
  assertEquals(denoPath("/opt/deno"), "/opt/deno");
  assertEquals(await requireDeno("a module"), Deno.execPath());
});

Deno.test("denoPath() is the same wherever a program is started", () => {
  assertEquals(denoPath("./bin/deno"), `${Deno.cwd()}/./bin/deno`);
  assertEquals(denoPath("deno-canary"), "deno-canary");
});

Deno.test("requireDeno() takes a Deno that is new enough, and says what is wrong with another", async () => {
  for (const version of ["deno 2.9.6 (stable)", "deno 3.0.0"]) {
    await withProgram(`echo "${version}"`, async (path) => {
      assertEquals(await requireDeno("x", path), path);
    });
  }
  await withProgram("echo deno 2.8.9", async (path) => {
    await assertRejects(() => requireDeno('model "a"', path), SetupError, 'Cannot run model "a"');
    const told = "is Deno 2.8.9. Set FAKELLM_DENO";
    await assertRejects(() => requireDeno("x", path), SetupError, told);
  });
  await withProgram("echo node v20", async (path) => {
    await assertRejects(() => requireDeno("x", path), SetupError, "is no Deno");
  });
  const told = 'no Deno at "/no/such/deno"';
  await assertRejects(() => requireDeno("x", "/no/such/deno"), SetupError, told);
});

Deno.test("requireDeno() waits for nobody who says nothing", async () => {
  await withProgram("exec sleep 600", async (path) => {
    await assertRejects(() => requireDeno("x", path), SetupError, "is no Deno");
  });
});
