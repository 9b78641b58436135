/**
 * Strings made to match a regular expression.
 * @module
 */

/** Longest pattern read and longest string made. */
const MAX_CHARS = 500;

/**
 * A string that matches `pattern`, the shortest first choice throughout; undefined when the pattern
 * uses what is not understood here (look-around, back references, Unicode properties) or is long.
 * The pattern is read, never run: one from a stranger may take for ever.
 */
export function patternExample(pattern: string): string | undefined {
  if (pattern.length > MAX_CHARS) return undefined;
  const reader = new PatternReader(pattern);
  try {
    const text = reader.alternatives();
    return reader.atEnd && text.length <= MAX_CHARS ? text : undefined;
  } catch (error) {
    if (error instanceof NotUnderstood) return undefined;
    throw error;
  }
}

class NotUnderstood extends Error {}

class PatternReader {
  readonly #pattern: string;
  #at = 0;

  constructor(pattern: string) {
    this.#pattern = pattern;
  }

  get atEnd(): boolean {
    return this.#at >= this.#pattern.length;
  }

  /** `a|b|c`: the first is taken, all are read. */
  alternatives(): string {
    const first = this.#sequence();
    while (this.#take("|")) this.#sequence();
    return first;
  }

  #sequence(): string {
    let text = "";
    while (!this.atEnd && !"|)".includes(this.#peek())) {
      const item = this.#item();
      text += item.repeat(this.#repetitions());
      if (text.length > MAX_CHARS) throw new NotUnderstood();
    }
    return text;
  }

  #item(): string {
    const char = this.#next();
    switch (char) {
      case "^":
      case "$":
        return "";
      case ".":
        return "a";
      case "(":
        return this.#group();
      case "[":
        return this.#charClass();
      case "\\":
        return this.#escape();
      default:
        return char;
    }
  }

  #group(): string {
    if (this.#take("?")) {
      if (this.#take("<")) {
        if ("=!".includes(this.#peek())) throw new NotUnderstood();
        while (this.#next() !== ">");
      } else if (!this.#take(":")) throw new NotUnderstood();
    }
    const text = this.alternatives();
    if (!this.#take(")")) throw new NotUnderstood();
    return text;
  }

  #charClass(): string {
    const negated = this.#take("^");
    let first: string | undefined;
    const seen = new Set<string>();
    while (!this.#take("]")) {
      const char = this.#next();
      const low = char === "\\" ? this.#escape() : char;
      first ??= low;
      seen.add(low);
      if (this.#peek() !== "-" || this.#pattern[this.#at + 1] === "]") continue;
      this.#next();
      const end = this.#next();
      const high = end === "\\" ? this.#escape() : end;
      // Of a range only what the candidates below could collide with matters.
      for (const other of CANDIDATES) if (other >= low && other <= high) seen.add(other);
    }
    const chosen = negated ? [...CANDIDATES].find((other) => !seen.has(other)) : first;
    if (chosen === undefined) throw new NotUnderstood();
    return chosen;
  }

  #escape(): string {
    const char = this.#next();
    if (Object.hasOwn(ESCAPES, char)) return ESCAPES[char]!;
    if (/[a-zA-Z0-9]/.test(char)) throw new NotUnderstood();
    return char;
  }

  /** How often the item before is taken: the least number, but once rather than never. */
  #repetitions(): number {
    let least = 1;
    let most = 1;
    if (this.#take("*") || this.#take("+")) most = Infinity;
    else if (this.#take("?")) most = 1;
    else {
      const range = /^\{(\d+)(,(\d*))?\}/.exec(this.#pattern.slice(this.#at));
      if (!range) return 1;
      this.#at += range[0].length;
      least = Number(range[1]);
      most = range[2] === undefined ? least : range[3] ? Number(range[3]) : Infinity;
    }
    this.#take("?");
    const times = Math.min(Math.max(1, least), most);
    if (times > MAX_CHARS) throw new NotUnderstood();
    return times;
  }

  #peek(): string {
    return this.#pattern[this.#at] ?? "";
  }

  #next(): string {
    const char = this.#pattern[this.#at++];
    if (char === undefined) throw new NotUnderstood();
    return char;
  }

  #take(char: string): boolean {
    if (this.#peek() !== char) return false;
    this.#at += 1;
    return true;
  }
}

/** What a negated class may stand for. */
const CANDIDATES = "aAzZ0189-_ .xX5";

const ESCAPES: Readonly<Record<string, string>> = {
  d: "1",
  D: "a",
  w: "a",
  W: "-",
  s: " ",
  S: "a",
  b: "",
  n: "\n",
  t: "\t",
  r: "\r",
};
