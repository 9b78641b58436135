import { assertEquals, assertRejects } from "@std/assert";
import { SetupError } from "../run/error.ts";
import { DENO_VARIABLE, denoPath, requireDeno } from "./deno_path.ts";

/** Runs `work` with the variable set. */
async function withVariable<Result>(value: string, work: () => Promise<Result>): Promise<Result> {
  Deno.env.set(DENO_VARIABLE, value);
  try {
    return await work();
  } finally {
    Deno.env.delete(DENO_VARIABLE);
  }
}

/** A program that says it is Deno of that version. */
async function withDeno<Result>(version: string, work: (path: string) => Promise<Result>) {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(path, `#!/bin/sh\necho "${version}"\n`);
    await Deno.chmod(path, 0o755);
    return await withVariable(path, () => work(path));
  } finally {
    await Deno.remove(path);
  }
}

Deno.test("denoPath() is the Deno that runs, unless another is named", async () => {
  assertEquals(denoPath(), Deno.execPath());
  assertEquals(await withVariable("/opt/deno", () => Promise.resolve(denoPath())), "/opt/deno");
  assertEquals(await requireDeno("a module"), Deno.execPath());
});

Deno.test("requireDeno() takes a Deno that is new enough, and says what is wrong with another", async () => {
  await withDeno("deno 2.9.6 (stable)", async (path) => assertEquals(await requireDeno("x"), path));
  await withDeno("deno 3.0.0", async (path) => assertEquals(await requireDeno("x"), path));
  await withDeno("deno 2.8.9", async () => {
    await assertRejects(() => requireDeno('model "a"'), SetupError, 'Cannot run model "a"');
    await assertRejects(() => requireDeno("x"), SetupError, "is Deno 2.8.9. Set FAKELLM_DENO");
  });
  await withDeno("node v20", () => assertRejects(() => requireDeno("x"), SetupError, "is no Deno"));
  await withVariable(
    "/no/such/deno",
    () => assertRejects(() => requireDeno("x"), SetupError, 'no Deno at "/no/such/deno"'),
  );
});

Deno.test("denoPath() is the same wherever a program is started", async () => {
  const path = () => Promise.resolve(denoPath());
  assertEquals(await withVariable("./bin/deno", path), `${Deno.cwd()}/./bin/deno`);
  assertEquals(await withVariable("deno-canary", path), "deno-canary");
});

Deno.test("requireDeno() waits for nobody who says nothing", async () => {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(path, "#!/bin/sh\nexec sleep 600\n");
    await Deno.chmod(path, 0o755);
    await withVariable(path, () => assertRejects(() => requireDeno("x"), SetupError, "is no Deno"));
  } finally {
    await Deno.remove(path);
  }
});
