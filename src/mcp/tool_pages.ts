/**
 * A server's whole list of tools. Loaded with the first connection.
 * @module
 */
import { type Client, ListToolsResultSchema, type Tool } from "./sdk.ts";
import type { RequestOptions } from "./tool_call.ts";

/** Most pages and tools that are read of a list: a server must not fill the memory. */
const MAX_PAGES = 100;
const MAX_TOOLS = 5000;

/**
 * Reads the list page by page.
 *
 * @param ask makes the request for one page, with a wait of its own
 */
export async function readTools(
  client: Client,
  ask: <Page>(read: (options: RequestOptions) => Promise<Page>) => Promise<Page>,
): Promise<readonly Tool[]> {
  if (!client.getServerCapabilities()?.tools) return [];
  const tools: Tool[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < MAX_PAGES; page++) {
    const params = cursor === undefined ? {} : { cursor };
    const result = await ask((options) =>
      client.request({ method: "tools/list", params }, ListToolsResultSchema, options)
    );
    tools.push(...result.tools);
    cursor = result.nextCursor;
    if (cursor === undefined || tools.length >= MAX_TOOLS) break;
  }
  return tools.slice(0, MAX_TOOLS);
}
