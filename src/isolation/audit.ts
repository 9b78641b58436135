/**
 * What a process of Deno's wanted to do and was not allowed to, as Deno itself tells it.
 *
 * Deno writes a line for each permission that code asks for (`DENO_AUDIT_PERMISSIONS`), whether it is
 * granted or not; what is not among the grants was denied. Code that catches the error of a denial
 * cannot hide it, but a process can write such lines itself: they are told, never acted on.
 *
 * @module
 */
import { GRANT_KINDS, type GrantKind, type Grants } from "./grant.ts";

/** Where Deno writes the lines: standard error, so that they fill no disk. */
export const AUDIT_ENVIRONMENT: Readonly<Record<string, string>> = {
  DENO_AUDIT_PERMISSIONS: "/dev/stderr",
};

/** Something that was denied. */
export interface Denial {
  readonly permission: GrantKind;
  readonly value: string;
}

const LINE = /^\{"v":1,"datetime":"[^"]*","permission":"(\w+)","value":(.*)\}$/;

/** Longest value that is told. */
const MAX_VALUE_CHARS = 200;

/** Reads lines of one process. */
export class Audit {
  readonly #grants: Grants;
  readonly #told = new Set<string>();

  /** Knows what is granted. */
  constructor(grants: Grants) {
    this.#grants = grants;
  }

  /**
   * Whether a line is one of Deno's; a denial is handed to `tell`, each once.
   *
   * @param tell told what was denied
   */
  take(line: string, tell: (denial: Denial) => void): boolean {
    const [, permission, json] = LINE.exec(line) ?? [];
    const kind = GRANT_KINDS.find((known) => known === permission);
    if (!kind) return permission !== undefined;
    const value = valueOf(json!);
    // A URL comes a second time as its host, and may carry what nobody should read.
    if (value === undefined || /^[a-z]+:\/\//i.test(value)) return true;
    if (isGranted(kind, value, this.#grants)) return true;
    const key = `${kind} ${value}`;
    if (this.#told.has(key) || this.#told.size > 1000) return true;
    this.#told.add(key);
    tell({ permission: kind, value: value.slice(0, MAX_VALUE_CHARS) });
    return true;
  }
}

function valueOf(json: string): string | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === "string" ? value : undefined;
  } catch {
    return undefined;
  }
}

function isGranted(kind: GrantKind, value: string, grants: Grants): boolean {
  const granted = grants[kind];
  if (granted === "all") return true;
  return granted.some((allowed) => {
    if (value === allowed) return true;
    switch (kind) {
      case "net":
      case "import":
        return isWithinHost(value, allowed);
      case "read":
      case "write":
      case "ffi":
        return value.startsWith(`${allowed.replace(/\/$/, "")}/`);
      default:
        return false;
    }
  });
}

/** Whether a host, maybe with a port, is what a word of Deno's means: a name, a wildcard, a network. */
function isWithinHost(value: string, allowed: string): boolean {
  const host = value.replace(/:\d+$/, "");
  if (host === allowed) return true;
  if (allowed.startsWith("*.")) return host.endsWith(allowed.slice(1));
  // Which addresses are in a network, Deno knows; a name is in none.
  return allowed.includes("/") && /^[\d.]+$|:/.test(host);
}
