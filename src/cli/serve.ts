/**
 * Serves an app until it is told to stop: listening line, signals, draining, exit code.
 * @module
 */
import type { App } from "../hosting/app.ts";
import type { LineLogger } from "../hosting/log.ts";
import { onStopSignals, type StopSignals } from "./signals.ts";
import type { Terminal } from "./output.ts";

/** Where to listen and what to tell. */
export interface ServeAppOptions {
  readonly host: string;
  readonly port: number;
  readonly logger: LineLogger;
  /** Form of the log; the listening line takes it too. */
  readonly log: "pretty" | "json";
  readonly terminal: Terminal;
  /** What else to print once the server listens, for people only. */
  readonly nextSteps?: (baseUrl: string) => string;
}

/** Longest wait for what a second signal cuts off. */
const CUT_MS = 1000;

/**
 * Serves until a signal comes; resolves to the exit code: 0 after draining, 1 when a second signal
 * cut the draining short.
 *
 * @throws {SetupError} when the app cannot start or the address cannot be taken
 */
export async function serveApp(app: App, options: ServeAppOptions): Promise<number> {
  try {
    return await serveUntilStopped(app, options);
  } finally {
    // The process ends with the exit code, and with it whatever is not written yet.
    await options.logger.flush();
  }
}

async function serveUntilStopped(app: App, options: ServeAppOptions): Promise<number> {
  const { host, port, logger } = options;
  // Before listening: whoever sees the listening line may send a signal at once.
  using signals = onStopSignals();
  const serving = app.serve({
    host,
    port,
    onListen: (address) => {
      if (signals.received) return;
      announce(app.prefixes.map((prefix) => baseUrl(address, prefix)), options);
    },
  });
  const served = await Promise.race([serving, signals.first]);
  if (served === "first") return await giveUp(app, serving, { signals, logger });
  await Promise.race([served.finished, signals.first]);
  if (!signals.received) return 0;
  logger.log("info", "Stopping: no new requests, open ones may finish");
  const drained = served.drain().then(() => "drained" as const);
  const outcome = await Promise.race([drained, signals.second]);
  if (outcome === "drained") return 0;
  logger.log("warn", "Stopping at once");
  await Promise.race([served.drain(0), elapsed(CUT_MS)]);
  return 1;
}

/** Nothing has been served yet, so that nobody is waited for long. */
async function giveUp(
  app: App,
  serving: Promise<unknown>,
  { signals, logger }: { readonly signals: StopSignals; readonly logger: LineLogger },
): Promise<number> {
  logger.log("info", "Stopping: not started yet");
  const stopped = Promise.allSettled([app.stop(), serving]);
  await Promise.race([stopped, signals.second, elapsed(CUT_MS)]);
  return 0;
}

function announce(urls: readonly string[], options: ServeAppOptions): void {
  const { log, logger, terminal, nextSteps } = options;
  for (const url of urls) {
    if (log === "json") logger.log("info", "Listening", { url });
    else terminal.err(`Listening on ${url}`);
  }
  if (log === "pretty" && nextSteps) terminal.err(nextSteps(urls[0] ?? ""));
}

function baseUrl(address: { readonly hostname: string; readonly port: number }, prefix: string) {
  const host = address.hostname.includes(":") ? `[${address.hostname}]` : address.hostname;
  return `http://${host}:${address.port}${prefix}`;
}

function elapsed(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
