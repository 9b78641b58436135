/**
 * How an MCP server is reached.
 * @module
 */

/**
 * A server object of the MCP SDK, `McpServer` or `Server`. Structural, so that no version of the SDK
 * is prescribed.
 */
export interface ConnectableServer {
  /** Serves one connection; a server object serves one at a time. */
  connect(transport: never): Promise<void>;
}

/** A server in this process: the object, or what makes a new one for each connection. */
export type InProcessServer =
  | ConnectableServer
  | (() => ConnectableServer | Promise<ConnectableServer>);

/** Where a server is, with every value known. */
export type ServerAddress =
  | {
    readonly type: "stdio";
    readonly command: string;
    readonly args: readonly string[];
    /** The whole environment. */
    readonly env: Readonly<Record<string, string>>;
    readonly cwd: string | undefined;
  }
  | {
    readonly type: "streamable-http" | "sse";
    readonly url: string;
    readonly headers: Readonly<Record<string, string>>;
  }
  | { readonly type: "in-process"; readonly server: InProcessServer };

/** Variables that programs need to run at all, and that say nothing about anybody. */
const INHERITED = ["PATH", "HOME", "USER", "LOGNAME", "SHELL", "TERM", "LANG", "TMPDIR", "TZ"];
const INHERITED_ON_WINDOWS = ["PATH", "PATHEXT", "SYSTEMROOT", "TEMP", "USERPROFILE", "APPDATA"];

/** The environment of a started server: what is given, and those few variables. */
export function environmentOf(given: Readonly<Record<string, string>>): Record<string, string> {
  const names = Deno.build.os === "windows" ? INHERITED_ON_WINDOWS : INHERITED;
  const inherited = names.flatMap((name) => {
    const value = variable(name);
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...Object.fromEntries(inherited), ...given };
}

/** A variable that may be read, where there is one. */
function variable(name: string): string | undefined {
  try {
    return Deno.env.get(name);
  } catch {
    return undefined;
  }
}
