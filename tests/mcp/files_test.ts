/** The reference server for files behind the API. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { MCPToolset } from "../../src/mcp/toolset.ts";
import { runDeno } from "../deno_process.ts";
import { serverProgram } from "./real_servers.ts";
import { assertWhole, FORMS, Served } from "./served.ts";

const HOST = "tests/mcp/long_file_host.ts";

/** Room for one message of 40 MB and what is made of it, and for little more. */
const HEAP_MB = 300;

/** A folder behind the API. */
async function folderServed(options = {}) {
  const folder = await Deno.makeTempDir();
  const program = serverProgram("filesystem", { args: [folder] });
  const toolset = new MCPToolset({ id: "srv-files", ...program, ...options });
  const served = new Served({ toolsets: [toolset], secrets: [folder, "filesystem"] });
  return {
    served,
    folder,
    async [Symbol.asyncDispose]() {
      await served[Symbol.asyncDispose]();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

Deno.test("files with names and texts of every script are written, listed and read", async () => {
  await using made = await folderServed({ deny: ["move_file"] });
  const { served, folder } = made;
  const texts: Readonly<Record<string, string>> = {
    "notes.txt": 'plain\n"quoted" \\ and \t tab\r\n\u2028line\u2029',
    "😀 family 👨‍👩‍👧.md": "emoji: 🏳️‍🌈🫠, ends in half a pair? no: 𝒳",
    "مرحبا.txt": "نص من اليمين إلى اليسار \u202e and back\u202c",
    "日本語/ひらがな.txt": "漢字かな交じり文",
    "e\u0301 combining.txt": "e\u0301 is not \u00e9",
  };
  await served.call("create_directory", { path: `${folder}/日本語` });
  for (const [name, content] of Object.entries(texts)) {
    await served.call("write_file", { path: `${folder}/${name}`, content });
    assertEquals(await Deno.readTextFile(`${folder}/${name}`), content);
  }
  for (const [index, [name, content]] of Object.entries(texts).entries()) {
    const form = FORMS[index % FORMS.length];
    const read = await served.call("read_text_file", { path: `${folder}/${name}` }, { form });
    assertEquals(JSON.parse(read), { content });
  }
  const list = await served.call("list_directory", { path: folder });
  for (const name of Object.keys(texts)) assertStringIncludes(list, name.split("/")[0]!);
  const { offered } = await served.ask([]);
  assert(offered.includes("edit_file") && !offered.includes("move_file"));
});

Deno.test("pictures in files reach the model as pictures", async () => {
  await using made = await folderServed();
  const { served, folder } = made;
  const pixel =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";
  await Deno.writeFile(`${folder}/dot.png`, Uint8Array.fromBase64(pixel));
  const outcome = await served.ask([["read_media_file", { path: `${folder}/dot.png` }]]);
  assertWhole(outcome);
  assertEquals(outcome.files, [{ type: "image", url: `data:image/png;base64,${pixel}` }]);
});

Deno.test("what lies outside of its folder a server refuses, and the client hears nothing of it", async () => {
  await using made = await folderServed({ toolErrors: "failed" });
  const { served, folder } = made;
  for (const form of FORMS) {
    const outcome = await served.ask([
      ["read_text_file", { path: "/etc/hostname" }],
      ["read_text_file", { path: `${folder}/../outside` }],
      ["read_text_file", { path: `${folder}/missing.txt` }],
    ], { form });
    assertWhole(outcome, form);
    assertStringIncludes(outcome.results[0]!, "Access denied");
    assertStringIncludes(outcome.results[1]!, "Access denied");
    assertStringIncludes(outcome.results[2]!, "ENOENT");
  }
});

Deno.test("a file of 20 MB costs linear time and no lasting memory, and the model reads its beginning", async () => {
  // Takes some seconds: the server answers with the text twice, 40 MB of JSON, three times.
  const folder = await Deno.makeTempDir();
  try {
    const line = "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich 🥊\n";
    const bytes = new TextEncoder().encode(line).length;
    const read = async (megabytes: number, times: number): Promise<number[]> => {
      await Deno.writeTextFile(`${folder}/long.txt`, line.repeat(megabytes * 1e6 / bytes));
      const { code, stdout, stderr } = await runDeno(
        ["run", "-A", `--v8-flags=--max-old-space-size=${HEAP_MB}`, HOST, folder, `${times}`],
        { cwd: folder },
      );
      assertEquals(code, 0, stderr);
      return JSON.parse(stdout);
    };
    const [short, long] = [await read(5, 2), await read(20, 3)];
    assert(Math.min(...long) < Math.min(...short) * 8 + 500, `milliseconds: ${short}; ${long}`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a message longer than allowed ends the server, and the next call has another", async () => {
  await using made = await folderServed({ maxMessageBytes: 1_000_000 });
  const { served, folder } = made;
  await Deno.writeTextFile(`${folder}/long.txt`, "x".repeat(2_000_000));
  await Deno.writeTextFile(`${folder}/short.txt`, "short");
  const outcome = await served.ask([["read_text_file", { path: `${folder}/long.txt` }]]);
  assertWhole(outcome);
  // It is read only, so it was tried twice.
  assertStringIncludes(outcome.results[0]!, "The connection to the tool was lost.");
  const read = await served.call("read_text_file", { path: `${folder}/short.txt` });
  assertEquals(JSON.parse(read), { content: "short" });
});
