/**
 * Hacker News on loopback, for checks.
 * @module
 */

/** A running stand-in. */
export interface FakeHackerNews extends AsyncDisposable {
  /** Takes the place of the public API's base URL. */
  readonly apiUrl: string;
  /** Paths asked for so far, in order. */
  readonly paths: readonly string[];
}

/** Titles on the stand-in's front page, in order; after the first comes a story that is gone. */
export const TITLES = ["Show HN: A typewriter that compiles", "Why lighthouses blink"] as const;

const ITEMS: Readonly<Record<string, unknown>> = {
  "/v0/topstories.json": [101, 102, 103],
  "/v0/item/101.json": { id: 101, title: TITLES[0], url: "https://example.com/a", score: 321 },
  "/v0/item/102.json": null,
  "/v0/item/103.json": { id: 103, title: TITLES[1], score: 45 },
};

/** Serves two stories; with `down`, nothing but failures. */
export function fakeHackerNews(options: { readonly down?: boolean } = {}): FakeHackerNews {
  const paths: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, ({ url }) => {
    const { pathname } = new URL(url);
    paths.push(pathname);
    if (options.down) return new Response("Out of order", { status: 503 });
    if (!Object.hasOwn(ITEMS, pathname)) return new Response("No such item", { status: 404 });
    return Response.json(ITEMS[pathname]);
  });
  return {
    apiUrl: `http://127.0.0.1:${server.addr.port}/v0`,
    paths,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}
