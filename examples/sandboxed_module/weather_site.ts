/**
 * The site of somebody who offers an agent and the weather, on loopback.
 * @module
 */

/** A running site. */
export interface WeatherSite extends AsyncDisposable {
  /** URL of the agent's code. */
  readonly agentUrl: string;
  /** Host and port. */
  readonly host: string;
}

/** Serves the code, and what it asks for. */
export async function weatherSite(): Promise<WeatherSite> {
  const code = await Deno.readTextFile(new URL("./weather.ts", import.meta.url));
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, ({ url }) => {
    const { pathname, searchParams } = new URL(url);
    if (pathname === "/agent.ts") {
      return new Response(code, { headers: { "content-type": "application/typescript" } });
    }
    if (pathname !== "/weather") return new Response("Not here", { status: 404 });
    const { length } = searchParams.get("place") ?? "";
    return Response.json({ sky: length % 2 === 0 ? "clear" : "cloudy", celsius: length * 3 });
  });
  const host = `127.0.0.1:${server.addr.port}`;
  return {
    agentUrl: `http://${host}/agent.ts`,
    host,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}
