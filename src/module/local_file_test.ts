import { assertEquals, assertRejects } from "@std/assert";
import { SetupError } from "../run/error.ts";
import { expectFile } from "./local_file.ts";

const here = new URL(import.meta.url).pathname;

Deno.test("expectFile() says what is in the way of a module", async () => {
  await expectFile(here, "here.ts");
  const said = async (path: string) =>
    (await assertRejects(() => expectFile(path, "a.ts"), SetupError)).message;
  assertEquals(await said(`${here}.gone`), 'Cannot load module "a.ts": no such file');
  assertEquals(
    await said(here.slice(0, here.lastIndexOf("/"))),
    'Cannot load module "a.ts": expected a file, got a folder',
  );
});

Deno.test({
  name: "expectFile() says which permission it takes to look",
  permissions: "none",
  async fn() {
    const { message } = await assertRejects(() => expectFile(here, "a.ts"), SetupError);
    assertEquals(
      message,
      `Cannot load module "a.ts": Requires read access to "${here}", run again with the --allow-read flag`,
    );
  },
});
