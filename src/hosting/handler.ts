/**
 * From a request to its response: route, authenticate, decode, run, respond.
 * @module
 */
import { encodeModel, encodeModelList } from "../protocols/model_list/mod.ts";
import { HttpError, RequestError } from "../run/error.ts";
import type { ConnectionInfo } from "./app.ts";
import type { Authenticator } from "./auth/authenticator.ts";
import type { BodyLimits } from "./body.ts";
import { Call, type Services } from "./call.ts";
import type { Catalog } from "./catalog.ts";
import type { RequestContextFactory } from "./entrypoint.ts";
import { remoteAddress } from "./connection_table.ts";
import { Generation } from "./generation.ts";
import { authorityOf, checkLoopback, type CorsPolicy } from "./origin.ts";
import { BackgroundRuns } from "./responses/background_runs.ts";
import { Errands } from "./responses/errands.ts";
import { ResponsePages } from "./responses/response_pages.ts";
import { ResponseStore } from "./responses/response_store.ts";
import { methodsOf, pathOf, type Route, Routes } from "./routes.ts";
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
  readonly limits: BodyLimits & {
    readonly maxMessages: number;
    readonly maxBackgroundRuns?: number;
  };
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
  readonly #generation: Generation;
  readonly #responses: ResponsePages;

  /**
   * Makes the routes.
   *
   * @param options everything a request may need
   */
  constructor(options: HandlerOptions) {
    this.#options = options;
    this.#routes = new Routes(options.entrypoints);
    this.#anyKeyless = options.entrypoints.some(({ authenticator }) => !authenticator.keyed);
    const { services, limits } = options;
    const { records, clock } = services;
    const store = new ResponseStore(records);
    const errands = new Errands(records);
    const runs = new BackgroundRuns(services, { errands, maxPerTenant: limits.maxBackgroundRuns });
    this.#generation = new Generation({ services, limits, responses: store, background: runs });
    this.#responses = new ResponsePages({ store, runs, errands, clock });
  }

  /** Answers one request; never rejects. */
  async handle(request: Request, info?: ConnectionInfo): Promise<Response> {
    // Other servers pass other things along, or nothing.
    const served = typeof info === "object" && info !== null && "completed" in info;
    const remote = served ? remoteAddress(info.remoteAddr) : undefined;
    const call = new Call(request, this.#options.services, { remote });
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
      case "response":
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
        return await this.#generation.answer(call, { ...route, caller });
      case "response": {
        const { tenant } = caller.principal;
        return await this.#responses.answer(call, { ...route, tenant });
      }
    }
  }

  #preflight(call: Call, origin: string | null): Response {
    const requested = call.request.headers.get("access-control-request-headers");
    const headers = origin === null
      ? undefined
      : this.#options.cors.preflightHeadersFor(origin, requested);
    return call.answer(null, { status: 204, headers });
  }
}

function shownPath({ request }: Call): string {
  return pathOf(request.url).slice(0, 200);
}
