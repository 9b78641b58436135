/**
 * What a server calls its tools -> what models call them.
 * @module
 */

/** Most characters that model APIs take. */
const MAX_LENGTH = 64;

/**
 * Names for models by the server's names, with a prefix and an underscore before each. Servers are
 * freer than model APIs, which refuse a whole request for one name: what those do not take becomes an
 * underscore, what is too long is cut, and of two that become the same the later one is numbered.
 * Names that are fine as they are keep to themselves.
 */
export function modelNames(
  names: readonly string[],
  { prefix }: { readonly prefix: string | undefined },
): ReadonlyMap<string, string> {
  const wanted = new Map(
    names.map((name) => [name, prefix === undefined ? name : `${prefix}_${name}`]),
  );
  const legal = new Map(Array.from(wanted, ([name, wish]) => [name, legalName(wish)]));
  const taken = new Set([...wanted.values()].filter((wish) => legalName(wish) === wish));
  return new Map(Array.from(legal, ([name, base]) => {
    if (wanted.get(name) === base) return [name, base];
    let free = base;
    for (let number = 2; taken.has(free); number++) {
      const end = `_${number}`;
      free = base.slice(0, MAX_LENGTH - end.length) + end;
    }
    taken.add(free);
    return [name, free];
  }));
}

function legalName(wish: string): string {
  return wish.replace(/[^a-zA-Z0-9_-]+/g, "_").slice(0, MAX_LENGTH) || "_";
}
