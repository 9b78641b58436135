/**
 * Expands `${VAR}`, `${VAR:-default}` and `$$` in every text of the parsed file.
 *
 * It works on values, never on source text, so what a variable holds can neither open a mapping nor
 * close a quote. The tree is copied on the way, which is where aliases become copies: the number of
 * values is bounded.
 *
 * @module
 */
import { SetupError, type SetupProblem } from "../run/error.ts";
import { formatPath, problem, quote, type Tree, type TreePath } from "./tree.ts";

/** Where variables come from. */
export type Environment = (name: string) => string | undefined;

/** Most values a file may have once its aliases are expanded. */
export const MAX_VALUES = 50_000;

/** Deepest nesting of a file. */
export const MAX_DEPTH = 32;

/** What a text was made of. */
export interface Origin {
  /** Names of the variables in it, in order. */
  readonly variables: readonly string[];
  /** Whether the text was one `${…}` and nothing else. */
  readonly whole: boolean;
}

/** A file with its variables expanded. */
export interface Interpolated {
  readonly tree: Tree;
  readonly problems: readonly SetupProblem[];
  /** Names of the variables that are not set and would have to be. */
  readonly missing: ReadonlySet<string>;
  /** Texts that hold variables, by formatted path. */
  readonly origins: ReadonlyMap<string, Origin>;
  /** Values of the variables whose names say that they are secret. */
  readonly secrets: ReadonlySet<string>;
}

/** Names of what is secret. */
export const SECRET_NAME = /key|token|secret|passw|pwd|auth|credential|cookie|private|dsn/i;
const FORMS = 'variables as "${NAME}" or "${NAME:-default}", and "$$" for a dollar sign';

/**
 * Expands every text of `tree`. Names of keys are left as they are.
 *
 * @throws {SetupError} when the tree is too large or too deep to be read
 */
export function interpolate(tree: Tree, environment: Environment): Interpolated {
  const problems: SetupProblem[] = [];
  const origins = new Map<string, Origin>();
  const secrets = new Set<string>();
  const missing = new Set<string>();
  let values = 0;
  let tooDeep: TreePath | undefined;

  /** Null where a variable is wrong, so that nothing else is concluded from the rest of the text. */
  function expandText(text: string, path: TreePath): string | null {
    if (!text.includes("$")) return text;
    const expansion = new Expansion(text, environment);
    const expanded = expansion.run();
    for (const name of expansion.missing) {
      missing.add(name);
      problems.push(problem(path, `Variable ${quote(name)} is not set`, {
        accepted: `a variable that is set, or a default as "\${${name}:-default}"`,
      }));
    }
    if (expansion.malformed) {
      problems.push(problem(path, 'Malformed variable after "${"', { accepted: FORMS }));
    }
    if (expansion.variables.length > 0) {
      origins.set(formatPath(path), { variables: expansion.variables, whole: expansion.whole });
    }
    for (const name of expansion.variables) {
      const value = SECRET_NAME.test(name) ? environment(name) : undefined;
      if (value) secrets.add(value);
    }
    return expansion.malformed || expansion.missing.size > 0 ? null : expanded;
  }

  function expand(node: Tree, path: TreePath): Tree {
    values += 1;
    if (path.length > MAX_DEPTH) {
      tooDeep ??= path;
      return null;
    }
    if (typeof node === "string") return expandText(node, path);
    if (Array.isArray(node)) {
      const copy: Tree[] = [];
      for (let index = 0; index < node.length && values <= MAX_VALUES; index++) {
        copy.push(expand(node[index]!, [...path, index]));
      }
      return copy;
    }
    if (typeof node !== "object" || node === null) return node;
    const copy: Record<string, Tree> = {};
    for (const [key, value] of Object.entries(node)) {
      if (values > MAX_VALUES) break;
      // A mapping by name would drop this key without a word.
      if (key === "__proto__") {
        problems.push(problem([...path, key], "Reserved key", { accepted: "any other name" }));
      } else {
        copy[key] = expand(value, [...path, key]);
      }
    }
    return copy;
  }

  const copy = expand(tree, []);
  // What was left out makes every further finding doubtful.
  if (tooDeep) {
    throw new SetupError([problem(tooDeep.slice(0, 3), "Nested too deep", {
      accepted: `at most ${MAX_DEPTH} levels, and no alias inside its own anchor`,
    })]);
  }
  if (values > MAX_VALUES) {
    throw new SetupError([problem([], "Too many values once aliases are expanded", {
      accepted: `at most ${MAX_VALUES} values`,
    })]);
  }
  return { tree: copy, problems, missing, origins, secrets };
}

const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;

/** Reads one text from left to right. */
class Expansion {
  readonly missing = new Set<string>();
  readonly variables: string[] = [];
  malformed = false;
  whole = false;
  #at = 0;

  constructor(readonly text: string, readonly environment: Environment) {}

  /** The text with everything expanded; wrong parts are left out. */
  run(): string {
    return this.#span(false);
  }

  /** Reads up to the end, or inside a default up to its closing brace. */
  #span(inDefault: boolean): string {
    let result = "";
    while (this.#at < this.text.length) {
      const char = this.text[this.#at]!;
      if (inDefault && char === "}") return result;
      if (char === "$" && this.text[this.#at + 1] === "$") {
        result += "$";
        this.#at += 2;
      } else if (char === "$" && this.text[this.#at + 1] === "{") {
        const start = this.#at;
        this.#at += 2;
        result += this.#variable();
        if (!inDefault && start === 0 && this.#at === this.text.length) this.whole = true;
      } else {
        result += char;
        this.#at += 1;
      }
    }
    if (inDefault) this.malformed = true;
    return result;
  }

  /** Reads a variable from behind its opening brace. */
  #variable(): string {
    NAME.lastIndex = this.#at;
    const name = NAME.exec(this.text)?.[0];
    if (name === undefined) {
      this.malformed = true;
      return "";
    }
    this.#at += name.length;
    this.variables.push(name);
    const value = this.environment(name);
    if (this.text.startsWith("}", this.#at)) {
      this.#at += 1;
      if (value === undefined) this.missing.add(name);
      return value ?? "";
    }
    if (!this.text.startsWith(":-", this.#at)) {
      this.malformed = true;
      return "";
    }
    this.#at += 2;
    // What stands in an unused default need not be set.
    const missing = new Set(this.missing);
    const fallback = this.#span(true);
    this.#at += 1;
    if (!value) return fallback;
    this.missing.clear();
    for (const other of missing) this.missing.add(other);
    return value;
  }
}
