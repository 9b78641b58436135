/**
 * What documents promise is there, and nothing speaks of the machine it was written on.
 */
import { assert, assertEquals } from "@std/assert";
import { exists, listFiles, readText } from "./sources.ts";

const DOCUMENTS = listFiles().filter((path) => path.endsWith(".md"));
const LINK = /\[[^\]]*\]\(([^)\s]+)(?:\s+"[^"]*")?\)/g;
const FENCED = /^```.*?^```/gms;

/** The anchors GitHub makes of a document's headings. */
function anchorsOf(path: string): Set<string> {
  const headings = readText(path).replaceAll(FENCED, "").matchAll(/^#+\s+(.+)$/gm);
  return new Set(
    Array.from(
      headings,
      ([, heading]) =>
        heading!.toLowerCase().replaceAll(/[^\p{L}\p{N}\s_-]/gu, "").trim().replaceAll(" ", "-"),
    ),
  );
}

Deno.test("README, CHANGELOG and ARCHITECTURE exist", () => {
  for (const path of ["README.md", "CHANGELOG.md", "src/ARCHITECTURE.md"]) {
    assert(exists(path), path);
  }
});

for (const path of DOCUMENTS) {
  Deno.test(`every link in ${path} leads somewhere`, () => {
    const dead = Array.from(readText(path).replaceAll(FENCED, "").matchAll(LINK)).flatMap(
      ([, link]) => {
        if (/^[a-z]+:/.test(link!)) return [];
        const [file, anchor] = link!.split("#");
        const target = file === "" ? path : new URL(file!, `file:///${path}`).pathname.slice(1);
        if (!exists(target)) return [link!];
        return anchor && target.endsWith(".md") && !anchorsOf(target).has(anchor) ? [link!] : [];
      },
    );
    assertEquals(dead, []);
  });
}

/** Files of which every byte is somebody else's, or that are not text. */
const NOT_OURS = /^deno\.lock$|\.(?:png|jpg|gif|ico|woff2?|wasm|db)$/;
const MACHINE_FOLDERS = ["tmp", "work", "root"];
const MACHINE_PATH = new RegExp(
  `(?:^|[\\s"'\`(=:,]|file://)/(?:${MACHINE_FOLDERS.join("|")})(?:/|["'\`\\s)]|$)`,
);

/** Lines that may name such a path, and why; a part of the line is enough. */
const ALLOWED: readonly {
  readonly path: string;
  readonly part: string;
  readonly reason: string;
}[] = [];

Deno.test("no text file names a path of the machine it was written on", () => {
  const found = listFiles().filter((path) => !NOT_OURS.test(path)).flatMap((path) =>
    readText(path).split("\n").flatMap((line, index) => {
      const allowed = ALLOWED.some((entry) => entry.path === path && line.includes(entry.part));
      return MACHINE_PATH.test(line) && !allowed ? [`${path}:${index + 1} ${line.trim()}`] : [];
    })
  );
  assertEquals(found, []);
});

Deno.test("the search for machine paths finds them and leaves routes alone", () => {
  const [first] = MACHINE_FOLDERS;
  for (const text of [`see /${first}/x`, `"/${first}/x"`, `cd /${first}`, `file:///${first}/x`]) {
    assert(MACHINE_PATH.test(text), text);
  }
  for (
    const text of ["/workflows/x", "a/tmp/x", "/v1/chat", "https://example.com/root", "/home/me"]
  ) {
    assert(!MACHINE_PATH.test(text), text);
  }
});
