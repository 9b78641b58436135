import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { programUrl } from "./program_url.ts";

const FILES = {
  "./main.ts": `import { total } from "./total.ts";
const numbers: readonly number[] = [1, 2, 3];
console.log(total(numbers));
`,
  "./total.ts": `/** Adds up. */
export function total(numbers: readonly number[]): number {
  return numbers.reduce((sum, one) => sum + one, 0);
}
`,
};

async function printed(url: string): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--no-config", "--no-remote", url],
  }).output();
  return new TextDecoder().decode(stdout).trim();
}

Deno.test("programUrl() makes one URL of several files, translated here or where it runs", async () => {
  const urls = [true, false].map((strip) => programUrl(FILES, "./main.ts", { strip }));
  assertMatch(urls[0]!, /^data:text\/javascript;base64,[\w+/=]+$/);
  assertMatch(urls[1]!, /^data:application\/typescript;base64,[\w+/=]+$/);
  assertEquals(await Promise.all(urls.map(printed)), ["6", "6"]);
});

Deno.test("programUrl() refuses a file that is not there, and what no argument can hold", () => {
  assertThrows(() => programUrl({}, "./main.ts"), Error, 'Program has no file "./main.ts"');
  const long = { "./main.ts": `"${"x".repeat(200_000)}"` };
  assertThrows(() => programUrl(long, "./main.ts"), Error, "too long for an argument");
});
