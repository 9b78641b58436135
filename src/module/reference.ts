/**
 * Reads what is typed to name a module and one of its exports.
 * @module
 */

/** A module and, where one is named, its export. */
export interface ModuleReference {
  /** Path or URL, without the export. */
  readonly specifier: string;
  readonly exportName: string | undefined;
}

const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*$/u;
const BARE_SCHEME = /^[A-Za-z][A-Za-z0-9+-]*$/;
const BARE_HOST = /^[A-Za-z][A-Za-z0-9+.-]*:\/\/[^/]*$/;

/**
 * Splits `./agent.ts#support` or `./agent.ts:support` into module and export. What follows the last
 * of them is an export only where it is an identifier; after a colon, only where the rest is no bare
 * scheme or host.
 */
export function parseReference(text: string): ModuleReference {
  const hash = text.lastIndexOf("#");
  const after = text.slice(hash + 1);
  if (hash > 0 && (after === "" || IDENTIFIER.test(after))) {
    return { specifier: text.slice(0, hash), exportName: after || undefined };
  }
  const colon = text.lastIndexOf(":");
  const specifier = text.slice(0, colon);
  const name = text.slice(colon + 1);
  if (
    colon > 0 && IDENTIFIER.test(name) && !BARE_SCHEME.test(specifier) && !BARE_HOST.test(specifier)
  ) {
    return { specifier, exportName: name };
  }
  return { specifier: text, exportName: undefined };
}

/** How code behind a specifier is reached. */
export type ModuleLocation =
  | { readonly type: "local"; readonly url: string; readonly path: string | URL }
  | { readonly type: "remote" };

const SCHEME = /^[A-Za-z][A-Za-z0-9+.-]+:/;

/** Where `specifier` points to; paths are relative to `folder`, an absolute path. */
export function locate(specifier: string, folder: string): ModuleLocation {
  if (/^file:/i.test(specifier)) {
    const url = new URL(specifier);
    return { type: "local", url: url.href, path: url };
  }
  if (SCHEME.test(specifier) && !/^[A-Za-z]:[\\/]/.test(specifier)) return { type: "remote" };
  const base = new URL(`file://${encodePath(folder.replace(/\/?$/, "/"))}`);
  const url = new URL(encodePath(specifier), base);
  return { type: "local", url: url.href, path: url };
}

/** Keeps characters of a path that would mean something in a URL. */
function encodePath(path: string): string {
  return path.replaceAll(/[%?#\\]/g, (char) => encodeURIComponent(char)).replace(/^\/\/+/, "/");
}

/** Whether code behind a specifier is the operator's own: a file of this machine. */
export function isLocal(specifier: string, folder: string): boolean {
  return locate(specifier, folder).type === "local";
}

/** The nearest `deno.json` above a local module, by whose names it may import; undefined: none. */
export async function findConfig(moduleUrl: string): Promise<string | undefined> {
  for (let folder = new URL(".", moduleUrl);; folder = new URL("..", folder)) {
    for (const name of ["deno.json", "deno.jsonc"]) {
      const config = new URL(name, folder);
      const info = await Deno.stat(config).catch(() => undefined);
      if (info?.isFile) return decodeURIComponent(config.pathname);
    }
    if (folder.pathname === "/" || folder.href === new URL("..", folder).href) return undefined;
  }
}
