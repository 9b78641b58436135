import { assertEquals } from "@std/assert";
import { tempFolder } from "./temp_folder.ts";

Deno.test("tempFolder() is there until it is let go, whatever is in it", async () => {
  const folder = await tempFolder("fakellm-test-");
  await Deno.writeTextFile(`${folder.path}/a.txt`, "a");
  await folder[Symbol.asyncDispose]();
  assertEquals(await Deno.stat(folder.path).catch((error) => error.name), "NotFound");
  await folder[Symbol.asyncDispose]();
});

Deno.test("tempFolder() goes with a process that exits and waits for nothing", async () => {
  const program = `
    import { tempFolder } from ${JSON.stringify(new URL("temp_folder.ts", import.meta.url).href)};
    const { path } = await tempFolder("fakellm-test-");
    Deno.writeTextFileSync(path + "/a.txt", "a");
    console.log(path);
    Deno.exit(0);`;
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--no-config",
      "--no-lock",
      `data:text/javascript,${encodeURIComponent(program)}`,
    ],
  }).output();
  const path = new TextDecoder().decode(stdout).trim();
  assertEquals(path.includes("fakellm-test-"), true);
  assertEquals(await Deno.stat(path).catch((error) => error.name), "NotFound");
});
