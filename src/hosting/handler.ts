/**
 * From a request to its response: route, authenticate, decode, run, respond.
 * @module
 */
import { RequestContext } from "../context/request_context.ts";
import { encodeModel, encodeModelList } from "../protocols/model_list/mod.ts";
import type { Protocol } from "../protocols/protocol.ts";
import { HttpError, RequestError } from "../run/error.ts";
import type { ConnectionInfo } from "./app.ts";
import type { Authenticator } from "./auth/authenticator.ts";
import type { Caller } from "./auth/api_key.ts";
import { type BodyLimits, readJsonBody } from "./body.ts";
import { Call, type Services } from "./call.ts";
import type { Catalog } from "./catalog.ts";
import type { RequestContextFactory } from "./entrypoint.ts";
import type { RemoteAddress } from "./connection_table.ts";
import { authorityOf, checkLoopback, type CorsPolicy } from "./origin.ts";
import { respond } from "./respond.ts";
import { methodsOf, pathOf, type Route, Routes } from "./routes.ts";
import { hostedContext } from "./run_context.ts";
import type { StatusPages } from "./status_pages.ts";

/** An entrypoint, ready to answer. */
export interface OpenEntrypoint {
  /** Path of the API, without a slash at its end. */
  readonly prefix: string;
  /** Who may call. */
  readonly authenticator: Authenticator;
  /** What is served. */
  readonly catalog: Catalog;
  /** Makes the deps of each request. */
  readonly requestContextFactory: RequestContextFactory | undefined;
}

/** What the handler is made of. */
export interface HandlerOptions {
  /** What all calls share. */
  readonly services: Services;
  /** The APIs; their prefixes differ. */
  readonly entrypoints: readonly OpenEntrypoint[];
  /** Walls around requests. */
  readonly limits: BodyLimits & { readonly maxMessages: number };
  /** Which web pages may call. */
  readonly cors: CorsPolicy;
  /** Whether other machines may call where no key is needed. */
  readonly insecure: boolean;
  /** Undefined while the app is up; otherwise waits for its start, or throws when it stops. */
  readonly started: () => Promise<void> | undefined;
  /** Pages about the app itself. */
  readonly pages: StatusPages;
}

type EntryRoute = Extract<Route<OpenEntrypoint>, { readonly entry: OpenEntrypoint }>;

/** Answers requests of one app. */
export class Handler {
  readonly #options: HandlerOptions;
  readonly #routes: Routes<OpenEntrypoint>;
  readonly #anyKeyless: boolean;

  /**
   * Makes the routes.
   *
   * @param options everything a request may need
   */
  constructor(options: HandlerOptions) {
    this.#options = options;
    this.#routes = new Routes(options.entrypoints);
    this.#anyKeyless = options.entrypoints.some(({ authenticator }) => !authenticator.keyed);
  }

  /** Answers one request; never rejects. */
  async handle(request: Request, info?: ConnectionInfo): Promise<Response> {
    // Other servers pass other things along, or nothing.
    const served = typeof info === "object" && info !== null && "completed" in info;
    const remote = served ? info.remoteAddr as RemoteAddress | undefined : undefined;
    const call = new Call(request, this.#options.services, remote);
    try {
      return await this.#answer(call, info);
    } catch (error) {
      return call.fail(error);
    }
  }

  #answer(call: Call, info: ConnectionInfo | undefined): Response | Promise<Response> {
    const { request } = call;
    const { headers, method } = request;
    const route = this.#routes.find(pathOf(request.url));
    const origin = headers.get("origin");
    if (origin !== null) call.corsHeaders = this.#options.cors.headersFor(origin);
    if (method === "OPTIONS") return this.#preflight(call, origin);
    if (!route) throw new RequestError("unknown-url", `Unknown URL: ${method} ${shownPath(call)}`);
    if (method !== "POST" && headers.get("upgrade")?.toLowerCase() === "websocket") {
      return call.fail(new HttpError(426, "Use HTTP: WebSocket connections are not supported"), {
        upgrade: "HTTP/1.1",
      });
    }
    const methods = methodsOf(route);
    if (!methods.includes(method)) {
      const allow = methods.join(", ");
      const message = `Use ${allow} for ${shownPath(call)}, got ${method}`;
      return call.fail(new RequestError("method-not-allowed", message), { allow });
    }
    if (route.type !== "health") this.#checkSource(call, route, origin, info);
    return this.#follow(call, route);
  }

  /** Refuses pages of other sites, and other machines where no key protects the route. */
  #checkSource(
    { request }: Call,
    route: Route<OpenEntrypoint>,
    origin: string | null,
    info: ConnectionInfo | undefined,
  ): void {
    const { cors, insecure } = this.#options;
    if (origin !== null) cors.check(origin, authorityOf(request));
    const keyless = "entry" in route ? !route.entry.authenticator.keyed : this.#anyKeyless;
    if (keyless && !insecure) checkLoopback(request, info);
  }

  #follow(call: Call, route: Route<OpenEntrypoint>): Response | Promise<Response> {
    const { pages } = this.#options;
    switch (route.type) {
      case "health":
        return call.answer('{"status":"ok"}');
      case "root": {
        const { body, headers } = pages.root.for(call.request);
        return call.answer(body, { headers });
      }
      case "ready":
        return pages.ready(call.request).then(({ body, status }) => call.answer(body, { status }));
      case "model-list":
      case "model":
      case "protocol":
        return this.#enter(call, route);
    }
  }

  async #enter(call: Call, route: EntryRoute): Promise<Response> {
    const starting = this.#options.started();
    if (starting) await starting;
    const authenticated = route.entry.authenticator.authenticate(call.request);
    const caller = authenticated instanceof Promise ? await authenticated : authenticated;
    call.caller = caller;
    const { catalog } = route.entry;
    switch (route.type) {
      case "model-list":
        return call.answer(encodeModelList(catalog.list(caller)));
      case "model":
        return call.answer(encodeModel(catalog.describe(route.id, caller)));
      case "protocol":
        return await this.#run(call, caller, route);
    }
  }

  async #run(
    call: Call,
    caller: Caller,
    { entry, protocol }: { readonly entry: OpenEntrypoint; readonly protocol: Protocol },
  ): Promise<Response> {
    const { limits, services } = this.#options;
    const exchange = protocol.decode(await readJsonBody(call.request, limits));
    const model = entry.catalog.find(exchange.model, caller);
    call.modelId = model.model.id;
    checkMessageCount(exchange.request.messages.length, limits.maxMessages);
    const context = hostedContext(call, caller, model.model.id);
    if (entry.requestContextFactory) {
      // The factory may wait on the outside world, so its signal has to mean something.
      call.beginRun();
      const seen = new RequestContext(exchange.request, context);
      context.deps = await entry.requestContextFactory(seen);
    }
    const envelope = {
      id: services.ids.mint(protocol.idPrefix),
      createdAtS: Math.floor(services.clock.now() / 1000),
    };
    return await respond({ call, exchange, envelope, model, context });
  }

  #preflight(call: Call, origin: string | null): Response {
    const requested = call.request.headers.get("access-control-request-headers");
    const headers = origin === null
      ? undefined
      : this.#options.cors.preflightHeadersFor(origin, requested);
    return call.answer(null, { status: 204, headers });
  }
}

function checkMessageCount(count: number, maxMessages: number): void {
  if (count <= maxMessages) return;
  throw new RequestError(
    "invalid-value",
    `Shorten the conversation: it has ${count} messages, at most ${maxMessages} are taken`,
    { param: "messages" },
  );
}

function shownPath({ request }: Call): string {
  return pathOf(request.url).slice(0, 200);
}
