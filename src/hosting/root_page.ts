/**
 * `/`: where to go from here, for programs and for people who opened the address in a browser.
 * @module
 */
import { accepts } from "@std/http/negotiation";
import type { ResponseHeaders } from "./call.ts";

/** A body and what it is. */
export interface Page {
  readonly body: string;
  readonly headers: ResponseHeaders;
}

const HTML_HEADERS: ResponseHeaders = {
  "content-type": "text/html; charset=utf-8",
  // The page runs nothing and loads nothing, and nothing put into it ever may.
  "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
  "vary": "accept",
};
const JSON_HEADERS: ResponseHeaders = { "vary": "accept" };

/** Public and without data: it names the paths of an app and nothing behind them. */
export class RootPage {
  readonly #json: Page;
  readonly #html: Page;

  /** @param prefixes paths the APIs live under, as `/v1` */
  constructor(prefixes: readonly string[]) {
    const models = prefixes.map((prefix) => `${prefix}/models`);
    const endpoints = prefixes.map((prefix) => `${prefix}/`);
    this.#json = {
      body: JSON.stringify({
        name: "fakellm",
        endpoints,
        models,
        health: "/health",
        ready: "/ready",
      }),
      headers: JSON_HEADERS,
    };
    this.#html = { body: html([...models, "/health", "/ready"], prefixes), headers: HTML_HEADERS };
  }

  /** HTML where the client prefers it, as browsers do; JSON otherwise. */
  for(request: Request): Page {
    const type = accepts(request, "application/json", "text/html");
    return type === "text/html" ? this.#html : this.#json;
  }
}

function html(links: readonly string[], prefixes: readonly string[]): string {
  const list = links.map((path) => `<li><a href="${escape(path)}">${escape(path)}</a></li>`);
  const bases = prefixes.map((prefix) => `<code>${escape(prefix)}</code>`).join(", ");
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>fakellm</title>
<style>body{font:1rem/1.5 system-ui;max-width:40rem;margin:3rem auto;padding:0 1rem}</style>
<h1>fakellm</h1>
<p>This server speaks OpenAI's API. Give a client the base URL of this page plus ${bases}.</p>
<ul>${list.join("")}</ul>
</html>
`;
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}
