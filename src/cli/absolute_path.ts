/**
 * Paths as they are typed, from the current folder.
 * @module
 */

/** The absolute path of `path`, without `.` and `..`. */
export function absolutePath(path: string): string {
  if (/^[A-Za-z]:[\\/]/.test(path)) return path;
  // The parser of URLs resolves paths; what would mean something else to it is encoded.
  const encode = (text: string) => text.split("/").map(encodeURIComponent).join("/");
  const base = `file://${encode(Deno.cwd())}/`;
  return decodeURIComponent(new URL(encode(path).replace(/^\/+/, "/"), base).pathname);
}

/** The absolute path of the folder that the file at `path` is in, with a slash at its end. */
export function folderOf(path: string): string {
  return absolutePath(path).replace(/[^\\/]*$/, "");
}
