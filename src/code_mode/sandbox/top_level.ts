/**
 * `const` -> `let` where a script declares for those that follow, which may then declare it anew: V8
 * lets `let` and `class` replace each other between scripts, but not `const`.
 * @module
 */

/** Where a word begins a regular expression rather than a division, when a `/` follows. */
const BEFORE_EXPRESSION = new Set(
  ("await case delete do else extends in instanceof new of return throw typeof void yield").split(
    " ",
  ),
);

/** One token: comments and blanks, strings, words, numbers, or a single character. */
const TOKEN =
  /\s+|\/\/[^\n\u2028\u2029]*|\/\*[^]*?\*\/|"(?:[^"\\\n]|\\[^])*"|'(?:[^'\\\n]|\\[^])*'|[\p{ID_Start}$_#@\\][\p{ID_Continue}$\u200c\u200d\\]*|\d[\w.]*|[^]/uy;

/** The rest of a regular expression, after its first `/`. */
const REGEXP = /(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/\w*/y;

/** A piece of a template, up to its end or to the next expression. */
const TEMPLATE = /(?:[^`\\$]|\\[^]|\$(?!\{))*(?:`|\$\{)/y;

/**
 * The same script with its own constants as variables. Other `const`s stay, and so does everything in a
 * script that is not understood to its end.
 */
export function constToLet(script: string): string {
  const places = topLevelConsts(script);
  let text = "";
  let end = 0;
  for (const place of places) {
    // As long as it was: columns stay.
    text += `${script.slice(end, place)}let  `;
    end = place + "const".length;
  }
  return text + script.slice(end);
}

function topLevelConsts(script: string): readonly number[] {
  const places: number[] = [];
  /** What is open: brackets, and templates by their expressions. */
  const open: string[] = [];
  let last = "";
  let at = 0;
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const [text] = pattern.exec(script) ?? [];
    at += text?.length ?? 0;
    return text;
  };
  /** Reads on in a template; whether it could. */
  const template = (): boolean => {
    const text = match(TEMPLATE);
    if (text?.endsWith("{")) open.push("template");
    last = text?.endsWith("{") ? "{" : "``";
    return text !== undefined;
  };
  while (at < script.length) {
    const place = at;
    const token = match(TOKEN)!;
    if (/^(?:\s|\/[/*])/.test(token)) continue;
    if (token === "`") {
      if (!template()) return [];
      continue;
    }
    if (token === "/" && beginsRegExp(last)) {
      if (match(REGEXP) === undefined) return [];
      last = "//";
      continue;
    }
    if (token === "(" || token === "[" || token === "{") open.push(token);
    else if (token === ")" || token === "]" || token === "}") {
      const opened = open.pop();
      if (opened === undefined) return [];
      if (opened === "template") {
        if (!template()) return [];
        continue;
      }
    } else if (token === "const" && open.length === 0 && last !== ".") places.push(place);
    last = token;
  }
  return open.length === 0 ? places : [];
}

/** Whether a `/` after this token begins a regular expression. */
function beginsRegExp(token: string): boolean {
  if (/^[\p{ID_Start}$_#@\\]/u.test(token)) return BEFORE_EXPRESSION.has(token);
  return !/^[\d"'`/)\]}]/.test(token);
}
