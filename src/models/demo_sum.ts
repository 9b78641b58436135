/**
 * Sums the demo backend can do.
 * @module
 */

/**
 * The first sum in a text with its result, as `6 * 7 = 42`; undefined when there is none. Knows
 * `+ - * / × ÷ ^`, parentheses, and the words plus, minus, times and divided by.
 */
export function demoSum(text: string): string | undefined {
  const plain = text.slice(0, 500)
    .replace(/\bplus\b/gi, "+").replace(/\bminus\b/gi, "-")
    .replace(/\btimes\b|×/gi, "*").replace(/\bdivided by\b|÷/gi, "/");
  const found = /[-(\d][-+*/^().\d\s]*[)\d]/.exec(plain)?.[0].trim();
  // A date or a telephone number is no sum: ask for a spaced operator, or one that can be nothing else.
  if (!found || !/\d\s*[+*/^]\s*[-(\d]|\d\s+-\s+[-(\d]/.test(found)) return undefined;
  const result = new Sum(found).value();
  if (result === undefined) return undefined;
  return `${found.replace(/\s+/g, " ")} = ${Number(result.toPrecision(12))}`;
}

/** Recursive descent over one sum. */
class Sum {
  readonly #tokens: readonly string[];
  #at = 0;

  constructor(text: string) {
    this.#tokens = text.match(/\d+(?:\.\d+)?|[-+*/^()]/g) ?? [];
  }

  value(): number | undefined {
    const value = this.#sum();
    return this.#at === this.#tokens.length && Number.isFinite(value) ? value : undefined;
  }

  #sum(): number {
    let value = this.#product();
    for (;;) {
      if (this.#take("+")) value += this.#product();
      else if (this.#take("-")) value -= this.#product();
      else return value;
    }
  }

  #product(): number {
    let value = this.#power();
    for (;;) {
      if (this.#take("*")) value *= this.#power();
      else if (this.#take("/")) value /= this.#power();
      else return value;
    }
  }

  #power(): number {
    const base = this.#operand();
    return this.#take("^") ? base ** this.#power() : base;
  }

  #operand(): number {
    if (this.#take("-")) return -this.#operand();
    if (this.#take("(")) {
      const value = this.#sum();
      return this.#take(")") ? value : NaN;
    }
    return Number(this.#tokens[this.#at++] ?? NaN);
  }

  #take(token: string): boolean {
    if (this.#tokens[this.#at] !== token) return false;
    this.#at += 1;
    return true;
  }
}
