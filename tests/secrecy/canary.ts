/**
 * Words that must stay inside, and the search for them.
 * @module
 */

/** Stands at both ends of every canary, so that a cut one is found too. */
const MARK = "Zq7xK";

/** Mints words nobody else uses; legal as names of tools, in URLs and in headers. */
export class Canaries {
  /** How many there are. */
  minted = 0;
  /** Further words that must stay inside, as the name a hidden tool has beside a client's. */
  readonly #more: string[] = [];

  /** A new one; `kind` tells a reader of a failure what leaked. */
  mint(kind: string): string {
    this.minted += 1;
    return `${MARK}-${kind}-${this.minted}-${MARK}`;
  }

  /** Text as it is found in arguments, results and errors: with what JSON and HTML escape. */
  text(kind: string): string {
    return `"${this.mint(kind)}"\n<é>\\`;
  }

  /** Watches for a word of another making. */
  watch(word: string): string {
    this.#more.push(word.toLowerCase());
    return word;
  }

  /** The first of them in an answer, with what stands around it; undefined when there is none. */
  leakIn(answer: { readonly headers: Headers; readonly text: string }): string | undefined {
    const { text } = answer;
    for (const seen of [text, ...decodedTexts(text), ...headerTexts(answer.headers)]) {
      const lower = seen.toLowerCase();
      for (const word of [MARK.toLowerCase(), ...this.#more]) {
        const at = lower.indexOf(word);
        if (at >= 0) return seen.slice(Math.max(0, at - 80), at + 80);
      }
    }
    return undefined;
  }
}

function headerTexts(headers: Headers): string[] {
  return [...headers].flatMap(([name, value]) => [name, value, percentDecoded(value)]);
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * The strings of a body, JSON or server-sent events, without JSON's escapes; those below one key as
 * one, since a stream may hand a word out letter by letter.
 */
export function decodedTexts(text: string): Iterable<string> {
  const byKey = new Map<string, string>();
  const isStream = /^(?:data|event)?:/.test(text);
  for (const line of isStream ? text.split("\n") : [text]) {
    const json = isStream ? line.replace(/^data: ?/, "") : line;
    if (json.startsWith("{")) walk("", JSON.parse(json), byKey);
  }
  return byKey.values();
}

function walk(key: string, value: unknown, into: Map<string, string>): void {
  if (typeof value === "string") {
    into.set(key, (into.get(key) ?? "") + value);
  } else if (typeof value === "object" && value !== null) {
    for (const [name, item] of Object.entries(value)) {
      walk(Array.isArray(value) ? key : name, item, into);
    }
  }
}
