/** The reference server for files; takes the folders it may touch as arguments. */
import "npm:@modelcontextprotocol/server-filesystem@^2026.8.31/dist/index.js";
