/**
 * Stand-in for the part of `@std/http/negotiation` this project calls, over `npm:negotiator`.
 * @module
 */
// @ts-types="npm:@types/negotiator@^0.6.4"
import Negotiator from "npm:negotiator@^1.0.0";

/** The best of `types` for the request's `Accept` header, or undefined if none is acceptable. */
export function accepts(request: Pick<Request, "headers">, ...types: string[]): string | undefined {
  const accept = request.headers.get("accept");
  return new Negotiator({ headers: accept === null ? {} : { accept } }).mediaType(types);
}
