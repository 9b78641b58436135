/** The reference server that has a tool of every kind; `stdio`, `sse` or `streamableHttp` by argument. */
import "npm:@modelcontextprotocol/server-everything@^2026.8.31/dist/index.js";
