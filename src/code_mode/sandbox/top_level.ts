/**
 * What a script declares for those that follow. `const` -> `let`, so that they may declare it anew: V8
 * lets `let` and `class` replace each other between scripts, but not `const`. `export` goes.
 * @module
 */

/** Where a word begins a regular expression rather than a division, when a `/` follows. */
const BEFORE_EXPRESSION = new Set(
  ("await case delete do else extends in instanceof new of return throw typeof void yield").split(
    " ",
  ),
);

/** One token: comments and blanks, strings, words, numbers, or what stands for itself. */
const TOKEN =
  /\s+|\/\/[^\n\u2028\u2029]*|\/\*[^]*?\*\/|"(?:[^"\\\n]|\\[^])*"|'(?:[^'\\\n]|\\[^])*'|[\p{ID_Start}$_#@\\][\p{ID_Continue}$\u200c\u200d\\]*|\d[\w.]*|\+\+|--|\.{3}|[^]/uy;

/** The rest of a regular expression, after its first `/`. */
const REGEXP = /(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/\w*/y;

/** A piece of a template, up to its end or to the next expression. */
const TEMPLATE = /(?:[^`\\$]|\\[^]|\$(?!\{))*(?:`|\$\{)/y;

const WORD = /^[\p{ID_Start}$_#@\\]/u;
const BREAK = /[\n\r\u2028\u2029]/;

/** A token that is no blank and no comment; strings and the like by what they begin with, doubled. */
interface Token {
  readonly text: string;
  readonly at: number;
  /** How many brackets are open around it. */
  readonly depth: number;
  /** Whether a line ends before it. */
  readonly onNewLine: boolean;
}

/** A script as it is run. */
export interface TopLevel {
  /** As long as it was, its own constants as variables, without `export`. */
  readonly text: string;
  /** Names that it declares outside of everything. */
  readonly names: readonly string[];
}

/** Reads a script. One that is not understood to its end stays what it is, and declares nothing. */
export function readTopLevel(script: string): TopLevel {
  const tokens = tokensOf(script) ?? [];
  const names: string[] = [];
  let text = "";
  let end = 0;
  // As long as it was: columns stay.
  const replace = ({ at, text: { length } }: Token, by: string) => {
    text += script.slice(end, at) + by.padEnd(length);
    end = at + length;
  };
  for (const [index, token] of tokens.entries()) {
    if (!beginsStatement(tokens, index)) continue;
    let first = index;
    if (token.text === "export") {
      const exported = exportedBy(tokens, index);
      for (const gone of exported.gone) replace(gone, "");
      // An expression, whatever it begins with.
      if (exported.default) replace(exported.default, "0     ,");
      if (exported.declaration === undefined) continue;
      first = exported.declaration;
    }
    const { text: keyword } = tokens[first]!;
    const next = tokens[first + 1]?.text ?? "";
    if (/^(?:const|let|var)$/.test(keyword) && (WORD.test(next) || next === "[" || next === "{")) {
      if (keyword === "const") replace(tokens[first]!, "let");
      names.push(...variablesFrom(tokens, first + 1));
    } else names.push(...nameFrom(tokens, first));
  }
  return { text: text + script.slice(end), names };
}

/** Whether a token outside of all brackets begins a statement, as far as a declaration would. */
function beginsStatement(tokens: readonly Token[], index: number): boolean {
  const { depth, onNewLine } = tokens[index]!;
  if (depth > 0) return false;
  const last = tokens[index - 1]?.text;
  return last === undefined || last === ";" || last === "}" || onNewLine && endsExpression(last);
}

function endsExpression(last: string): boolean {
  return WORD.test(last)
    ? !BEFORE_EXPRESSION.has(last)
    : /^(?:[\d"'`)\]}]|\/\/|\+\+|--)/.test(last);
}

/** What goes of an `export`, and where its declaration begins. */
function exportedBy(tokens: readonly Token[], index: number): {
  readonly gone: readonly Token[];
  readonly default?: Token;
  readonly declaration?: number;
} {
  const [word, next] = [tokens[index]!, tokens[index + 1]];
  switch (next?.text) {
    case "default":
      return nameFrom(tokens, index + 2).length === 0
        ? { gone: [word], default: next }
        : { gone: [word, next], declaration: index + 2 };
    case "{": {
      let end = index + 2;
      while (tokens[end]!.depth > 0) end++;
      return { gone: tokens[end + 1]?.text === "from" ? [] : tokens.slice(index, end + 1) };
    }
    case "const":
    case "let":
    case "var":
    case "class":
    case "function":
    case "async":
      return { gone: [word], declaration: index + 1 };
    default:
      return { gone: [] };
  }
}

/** The name of a class or function. */
function nameFrom(tokens: readonly Token[], index: number): string[] {
  let at = index;
  if (tokens[at]?.text === "async") at++;
  const { text: keyword } = tokens[at] ?? { text: "" };
  if (keyword !== "function" && !(keyword === "class" && at === index)) return [];
  at++;
  if (tokens[at]?.text === "*") at++;
  const { text: name } = tokens[at] ?? { text: "" };
  return WORD.test(name) && name !== "extends" ? [name] : [];
}

/** Names of a `const`, `let` or `var`, from the token after it on. */
function variablesFrom(tokens: readonly Token[], from: number): string[] {
  const names: string[] = [];
  /** Patterns that are open. */
  const open: string[] = [];
  /** How deep the value is that is read over. */
  let value: number | undefined;
  let expected = true;
  for (let at = from; at < tokens.length; at++) {
    const { text, depth } = tokens[at]!;
    if (depth === 0 && (text === ";" || at > from && !expected && beginsStatement(tokens, at))) {
      if (text === ";" || WORD.test(text) && !/^(?:in|instanceof)$/.test(text)) break;
    }
    if (value !== undefined) {
      if (depth > value || depth === value && text !== ",") continue;
      value = undefined;
    }
    if (text === "=") value = depth;
    else if (text === ",") expected = true;
    else if (text === "}" || text === "]") open.pop();
    else if (text === "[" && open.at(-1) === "{" && /^[{,]$/.test(tokens[at - 1]!.text)) {
      // A key that is worked out.
      while (at + 1 < tokens.length && tokens[at + 1]!.depth > depth) at++;
      at++;
    } else if (text === "[" || text === "{") {
      open.push(text);
      if (depth === 0) expected = false;
    } else if (WORD.test(text) && !(open.at(-1) === "{" && tokens[at + 1]?.text === ":")) {
      names.push(text);
      if (depth === 0) expected = false;
    }
  }
  return names;
}

/** The tokens of a script, unless it is not understood to its end. */
function tokensOf(script: string): Token[] | undefined {
  const tokens: Token[] = [];
  /** What is open, by what follows it: an expression, or something new. */
  const open: { readonly type: "(" | "[" | "{" | "template"; readonly endsAll: boolean }[] = [];
  let last = "";
  /** Whether a `/` cannot divide by what was before. */
  let fresh = true;
  let onNewLine = false;
  let at = 0;
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const [text] = pattern.exec(script) ?? [];
    at += text?.length ?? 0;
    return text;
  };
  const add = (text: string, place: number, isFresh: boolean) => {
    tokens.push({ text, at: place, depth: open.length, onNewLine });
    last = text;
    fresh = isFresh;
    onNewLine = false;
  };
  /** Reads on in a template; whether it could. */
  const template = (place: number): boolean => {
    const text = match(TEMPLATE);
    const goesOn = text?.endsWith("{") ?? false;
    add("``", place, goesOn);
    if (goesOn) open.push({ type: "template", endsAll: false });
    return text !== undefined;
  };
  while (at < script.length) {
    const place = at;
    const token = match(TOKEN)!;
    if (/^(?:\s|\/[/*])/.test(token)) {
      onNewLine ||= BREAK.test(token);
      continue;
    }
    if (token === "'" || token === '"') return undefined;
    if (token === "`") {
      if (!template(place)) return undefined;
    } else if (token === "/" && fresh) {
      if (match(REGEXP) === undefined) return undefined;
      add("//", place, false);
    } else if (token === "(" || token === "[" || token === "{") {
      const endsAll = token === "("
        ? /^(?:if|while|for|with)$/.test(last)
        : token === "{" && isBlock(last);
      add(token, place, true);
      open.push({ type: token, endsAll });
    } else if (token === ")" || token === "]" || token === "}") {
      const opened = open.pop();
      if (opened === undefined) return undefined;
      if (opened.type !== "template") add(token, place, opened.endsAll);
      else if (!template(place)) return undefined;
    } else {
      const isWord = WORD.test(token);
      // Any word can be the name of a property.
      const isName = isWord && last === ".";
      const isString = /^["']/.test(token);
      add(
        isName ? "$" : isString ? '""' : token,
        place,
        isWord
          ? !isName && BEFORE_EXPRESSION.has(token)
          : !isString && !/^(?:\d|\+\+|--)/.test(token),
      );
    }
  }
  return open.length === 0 ? tokens : undefined;
}

/** Whether a `{` after this token begins a block rather than an object. */
function isBlock(last: string): boolean {
  if (WORD.test(last)) return !BEFORE_EXPRESSION.has(last) || last === "else" || last === "do";
  return last === "" || /^[;{})>]$/.test(last);
}
