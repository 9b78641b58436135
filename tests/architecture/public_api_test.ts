/**
 * The names users can import. A change here is a change for users: it wants a line in CHANGELOG.md.
 * After a wanted change: `deno test -A -u tests/architecture/public_api_test.ts`, and read the diff.
 */
import { assertEquals } from "@std/assert";

const ENTRY_POINTS = ["mod.ts", "src/agent/mod.ts", "src/testing/mod.ts", "cli.ts"];
const ROOT = new URL("../../", import.meta.url);

interface Documented {
  readonly nodes: Readonly<Record<string, { readonly symbols?: readonly DocumentedSymbol[] }>>;
}

interface DocumentedSymbol {
  readonly name: string;
  readonly declarations: readonly { readonly kind: string; readonly declarationKind: string }[];
}

/** `kind name` of each export, in order. */
async function exportsOf(entry: string): Promise<string[]> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--json", "--quiet", "--no-lock", entry],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
  }).output();
  if (!success) throw new Error(`deno doc ${entry} failed: ${new TextDecoder().decode(stderr)}`);
  const documented: Documented = JSON.parse(new TextDecoder().decode(stdout));
  return Object.values(documented.nodes).flatMap(({ symbols = [] }) =>
    symbols.flatMap(({ name, declarations }) => {
      const kinds = declarations.filter((found) => found.declarationKind === "export");
      return kinds.length === 0 ? [] : [`${kinds.map((found) => found.kind).join("+")} ${name}`];
    })
  ).sort((a, b) => a < b ? -1 : 1);
}

for (const entry of ENTRY_POINTS) {
  Deno.test(`${entry} exports the names users rely on`, async (t) => {
    await t.assertSnapshot(await exportsOf(entry));
  });
}

Deno.test("deno.json exports the entry points whose names are kept here", async () => {
  const config: { exports: Record<string, string> } = JSON.parse(
    await Deno.readTextFile(new URL("deno.json", ROOT)),
  );
  const entries = Object.values(config.exports).map((path) => path.replace(/^\.\//, ""));
  assertEquals(entries.toSorted(), ENTRY_POINTS.toSorted());
});
