/**
 * What a process of its own may do: words for it, and the flags of Deno they become.
 * @module
 */
import { SetupError, type SetupProblem } from "../run/error.ts";

/** A kind of permission, with a flag of Deno's own. */
export type GrantKind = "net" | "read" | "write" | "env" | "run" | "import" | "sys" | "ffi";

/** All kinds. */
export const GRANT_KINDS: readonly GrantKind[] = [
  "net",
  "read",
  "write",
  "env",
  "run",
  "import",
  "sys",
  "ffi",
];

/** What may be done of each kind: everything, or what the texts name; nothing where there are none. */
export type Grants = Readonly<Record<GrantKind, "all" | readonly string[]>>;

/** Nothing at all. */
export const NO_GRANTS: Grants = {
  net: [],
  read: [],
  write: [],
  env: [],
  run: [],
  import: [],
  sys: [],
  ffi: [],
};

/** Kinds whose texts are paths. */
const PATH_KINDS: ReadonlySet<GrantKind> = new Set(["read", "write", "ffi"]);

/** Whether nothing is granted. */
export function isNothing(grants: Grants): boolean {
  return GRANT_KINDS.every((kind) => grants[kind].length === 0);
}

/**
 * Reads `net=api.example.com,10.0.0.1:8080`, or `net` alone for all of a kind. Several add up.
 *
 * @throws {SetupError} naming each text that is none
 */
export function parseGrants(texts: readonly string[]): Grants {
  const grants: Record<GrantKind, "all" | string[]> = {
    net: [],
    read: [],
    write: [],
    env: [],
    run: [],
    import: [],
    sys: [],
    ffi: [],
  };
  for (const text of texts) {
    const [, word = "", values] = /^([^=]*)(?:=(.*))?$/s.exec(text) ?? [];
    const kind = GRANT_KINDS.find((known) => known === word);
    const list = values?.split(",").map((value) => value.trim());
    if (!kind || list?.includes("")) {
      throw new SetupError(
        `Cannot use "${text}"; accepted: a kind and what of it, as net=api.example.com, or a kind ` +
          `alone for all of it; kinds are ${GRANT_KINDS.join(", ")}`,
        { path: "--grant" },
      );
    }
    const known = grants[kind];
    if (list === undefined) grants[kind] = "all";
    else if (known !== "all") known.push(...list);
  }
  return grants;
}

/**
 * The same with absolute paths, checked: each text must be one that a flag can carry.
 *
 * @param folder absolute path that relative ones start from
 * @throws {SetupError} naming each text that no flag can carry
 */
export function normalGrants(grants: Grants, folder: string): Grants {
  const problems = GRANT_KINDS.flatMap((kind) => {
    const values = grants[kind];
    return values === "all" ? [] : values.filter((value) => !isPlain(value)).map((value) => ({
      path: `permissions.${kind}`,
      message:
        `Cannot grant ${JSON.stringify(value)}; accepted: text without commas, line breaks ` +
        "and blanks at its ends",
    }));
  });
  if (problems.length > 0) throw new SetupError(problems);
  const normal = GRANT_KINDS.map((kind) => {
    const values = grants[kind];
    const paths = values !== "all" && PATH_KINDS.has(kind);
    return [kind, paths ? values.map((path) => absolute(path, folder)) : values] as const;
  });
  return Object.fromEntries(normal) as Grants;
}

/**
 * Flags of Deno. Prompts are off, and what is not granted is denied; imports, which Deno would allow
 * from some hosts, too.
 */
export function permissionFlags(grants: Grants): string[] {
  const flags = GRANT_KINDS.flatMap((kind) => {
    const values = grants[kind];
    if (values === "all") return [`--allow-${kind}`];
    return values.length === 0 ? [] : [`--allow-${kind}=${values.join(",")}`];
  });
  return grants.import.length === 0 ? [...flags, "--deny-import"] : flags;
}

/**
 * Looks whether this process may itself do what is granted: nobody can give what they do not have.
 *
 * @throws {SetupError} naming each grant that goes further
 */
export async function checkOwnGrants(grants: Grants): Promise<void> {
  const problems: SetupProblem[] = [];
  for (const kind of GRANT_KINDS) {
    const values = grants[kind];
    for (const value of values === "all" ? [undefined] : values) {
      const state = await ownState(kind, value);
      if (state === "granted") continue;
      if (state === "unknown") {
        const message = `Cannot grant "${value}": Deno knows no such ${kind}`;
        problems.push({ path: `permissions.${kind}`, message });
        continue;
      }
      problems.push({
        path: `permissions.${kind}`,
        message: `Cannot grant ${value === undefined ? `all of ${kind}` : `"${value}"`}: this ` +
          `process may not do that itself; run it with --allow-${kind}${
            value === undefined ? "" : `=${value}`
          }`,
      });
    }
  }
  if (problems.length > 0) throw new SetupError(problems);
}

async function ownState(
  kind: GrantKind,
  value: string | undefined,
): Promise<Deno.PermissionState | "unknown"> {
  try {
    return (await Deno.permissions.query(descriptorOf(kind, value))).state;
  } catch (error) {
    if (error instanceof TypeError || error instanceof URIError) return "unknown";
    throw error;
  }
}

function descriptorOf(kind: GrantKind, value: string | undefined): Deno.PermissionDescriptor {
  switch (kind) {
    case "net":
    case "import":
      return { name: kind, host: value } as Deno.PermissionDescriptor;
    case "read":
    case "write":
    case "ffi":
      return { name: kind, path: value };
    case "env":
      return { name: kind, variable: value };
    case "run":
      return { name: kind, command: value };
    case "sys":
      return { name: kind, kind: value } as Deno.PermissionDescriptor;
    default:
      return kind satisfies never;
  }
}

function isPlain(value: string): boolean {
  return value !== "" && value === value.trim() && !/[,\p{Cc}]/u.test(value);
}

/** Where a path begins that needs no folder, and what is between its steps: a `\` is on Windows alone. */
const [ABSOLUTE, SEPARATOR] = Deno.build.os === "windows"
  ? [/^(?:\/|[A-Za-z]:[\\/])/, /[\\/]/] as const
  : [/^\//, "/"] as const;

function absolute(path: string, folder: string): string {
  const full = ABSOLUTE.test(path) ? path : `${folder}/${path}`;
  const steps: string[] = [];
  for (const step of full.split(SEPARATOR)) {
    if (step === "..") steps.pop();
    else if (step !== "." && step !== "") steps.push(step);
  }
  return `${full.startsWith("/") ? "/" : ""}${steps.join("/")}`;
}
