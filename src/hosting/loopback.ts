/**
 * What only this machine can reach.
 * @module
 */

/** Whether `host` is a loopback name or address, with or without brackets. */
export function isLoopback(host: string): boolean {
  // What nearly every caller of a local server comes from.
  if (host === "127.0.0.1") return true;
  const bare = host.replace(/^\[(.*)\]$/, "$1").toLowerCase();
  return bare === "localhost" || bare === "::1" || /^127(?:\.\d{1,3}){3}$/.test(bare) ||
    /^::ffff:127(?:\.\d{1,3}){3}$/.test(bare);
}

/**
 * Whether a `Host` header names this machine, at any port. A web page that made its own name point
 * here (DNS rebinding) is known by its name.
 */
export function isLoopbackAuthority(authority: string): boolean {
  const match = /^(localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/i.exec(authority);
  return match !== null;
}
