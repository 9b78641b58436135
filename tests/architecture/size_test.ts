/**
 * A file has one subject. Past 250 lines ask what a file is really two of; past 400 it fails.
 */
import { assert, assertEquals } from "@std/assert";
import { exists, listFiles, listSources, readText } from "./sources.ts";

const MAX_LINES = 400;

/** Longer files and why, with the length they may have. The list and its numbers only shrink. */
const LONGER: Readonly<Record<string, { readonly maxLines: number; readonly reason: string }>> = {};

const SOURCES = [
  "mod.ts",
  "cli.ts",
  ...["src", "bench", "examples"].flatMap((folder) => listSources(folder)),
];

function lines(path: string): number {
  return readText(path).split("\n").length - 1;
}

Deno.test(`no source file has more than ${MAX_LINES} lines`, () => {
  const found = SOURCES.flatMap((path) => {
    const count = lines(path);
    return count > (LONGER[path]?.maxLines ?? MAX_LINES) ? [`${path}: ${count} lines`] : [];
  });
  assertEquals(found, []);
});

Deno.test("the list of longer files only shrinks", () => {
  for (const [path, { maxLines, reason }] of Object.entries(LONGER)) {
    assert(exists(path), `${path} is gone: remove it from the list`);
    assert(lines(path) > MAX_LINES, `${path} is short enough: remove it from the list`);
    assertEquals(lines(path), maxLines, `${path} has shrunk: write its new length down`);
    assert(reason.length > 0, `${path} needs a reason`);
  }
});

Deno.test("files and folders are snake_case and named after their subject", () => {
  const vague = /^(?:utils?|helpers?|common|index|misc|shared)$/;
  const found = [...new Set(SOURCES.concat(listFiles("tests"), listFiles("src")))].filter(
    (path) => {
      // Recorded files are named after what they record.
      if (/\/(?:golden|__snapshots__)\//.test(`/${path}`) || !path.endsWith(".ts")) return false;
      const names = path.replace(/\.ts$/, "").split("/");
      return names.some((name) => vague.test(name) || !/^[a-z0-9_]+$/.test(name));
    },
  );
  assertEquals(found, []);
});
