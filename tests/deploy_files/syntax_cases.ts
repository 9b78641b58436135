/**
 * Files that are no YAML, no text, or nothing at all.
 * @module
 */
import { type BrokenCase, CANARY, GOOD } from "./broken_case.ts";

/** A file that doubles with each line: a few hundred bytes stand for 2^30 values. */
function aliasBomb(): string {
  const lines = ["a0: &a0 [x, x]"];
  for (let level = 1; level <= 30; level++) {
    lines.push(`a${level}: &a${level} [*a${level - 1}, *a${level - 1}]`);
  }
  return lines.join("\n");
}

/** What a parser says, with the position where it knows one. */
const PARSER_LINE = /^FILE(?::\d+:\d+)?: [A-Z]/;

/** Broken before any key is looked at. */
export const SYNTAX_CASES: readonly BrokenCase[] = [
  { name: "an empty file", file: "", lines: ["FILE: Empty"] },
  { name: "nothing but comments", file: "# models:\n# alpha\n", lines: ["FILE: Empty"] },
  { name: "a list", file: "- models\n- backends\n", lines: ["FILE: Holds a list"] },
  { name: "a single value", file: `${CANARY}\n`, lines: ["FILE: Holds a single value"] },
  { name: "a JSON list", file: "[1, 2]", lines: ["FILE: Holds a list"] },
  {
    name: "a tab as indentation",
    file: "models:\n\talpha: {}\n",
    lines: [PARSER_LINE],
  },
  {
    name: "an unclosed quote around a key",
    file: `api_keys:\n  - {name: a, key: "${CANARY}}\n`,
    lines: [PARSER_LINE],
  },
  {
    name: "two colons in a line",
    file: `backends: main: ${CANARY}\n`,
    lines: [PARSER_LINE],
  },
  {
    name: "an unclosed bracket",
    file: "models: [a, b\n",
    lines: [PARSER_LINE],
  },
  {
    name: "the same key twice",
    file: "host: a\nhost: b\n",
    lines: [PARSER_LINE],
  },
  {
    name: "the same model twice in a mapping",
    file: "backends: {a: {type: demo}}\nmodels:\n  alpha: {backend: a}\n  alpha: {backend: a}\n",
    lines: [PARSER_LINE],
  },
  {
    name: "the same key twice in JSON",
    file: '{"host": "a",\n "host": "b"}',
    lines: [PARSER_LINE],
  },
  {
    name: "JSON that ends too early",
    file: `{"api_keys": [{"name": "a", "key": "${CANARY}"`,
    lines: [PARSER_LINE],
  },
  {
    name: "an alias without its anchor",
    file: `host: *${CANARY}\n`,
    lines: [PARSER_LINE],
  },
  {
    name: "two documents",
    file: `${GOOD}---\n${GOOD}`,
    lines: ["FILE:6: Second document"],
  },
  {
    name: "a file far too large",
    file: `# ${"x".repeat(1024 * 1024)}\n${GOOD}`,
    lines: ["FILE: Larger than 1024 KiB"],
  },
  {
    name: "a binary file",
    file: new Uint8Array([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0, 0, 0, 0]),
    lines: ["FILE: Is binary"],
  },
  {
    name: "bytes that are no UTF-8",
    file: new Uint8Array([0x68, 0x6f, 0x73, 0x74, 0x3a, 0x20, 0xff, 0xfe, 0x0a]),
    lines: ["FILE: Is no UTF-8 text"],
  },
  {
    name: "an alias bomb",
    file: aliasBomb(),
    lines: ["FILE: Too many values once aliases are expanded"],
  },
  {
    name: "an alias inside its own anchor",
    file: "models: &loop\n  alpha: *loop\n",
    lines: ["models.alpha.alpha: Nested too deep"],
  },
  {
    name: "very deep nesting",
    file: `models: ${"[".repeat(20_000)}`,
    lines: [/^FILE(?::\d+:\d+)?: Nested too deep$/],
  },
];
