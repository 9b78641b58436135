import { assert } from "@std/assert";
import { programUrl } from "../isolation/program_url.ts";
import { GUEST_FILES } from "./guest_program.ts";

Deno.test("the guest's program fits into an argument, translated or not", () => {
  for (const strip of [true, false]) {
    assert(programUrl(GUEST_FILES, "./main.ts", { strip }).startsWith("data:"));
  }
});

Deno.test("the guest's program consists of all files of its folder", async () => {
  const folder = new URL("./guest/", import.meta.url);
  for await (const { name } of Deno.readDir(folder)) {
    assert(`./${name}` in GUEST_FILES, `${name} is missing`);
  }
});
