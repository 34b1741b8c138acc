// Serves this folder, and one model as model.tflite, to this machine alone.
// Use: node server.js [MODEL.tflite [PORT]]

import { constants } from "node:fs";
import { open, realpath, stat } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";

const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".wasm": "application/wasm",
  ".tflite": "application/octet-stream",
};
// What a browser calls this machine. A page from elsewhere may make its own name mean this address,
// and then asks under that name.
const HOSTS = new Set(["localhost", "127.0.0.1", "[::1]"]);
const NO_REQUEST =
  "HTTP/1.1 400 Bad Request\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n";
const MODEL = "/model.tflite";

/**
 * Returns a server, not yet listening.
 *
 * @param {string | undefined} model the path of a file.
 * @param {string} root the folder to serve; links in it are not followed.
 */
export function server(model, root = fileURLToPath(new URL(".", import.meta.url))) {
  const pages = createServer({ requireHostHeader: false }, (request, response) => {
    response.setHeader("X-Content-Type-Options", "nosniff");
    answer(request, response, model, root).catch(() => {
      if (response.headersSent) response.destroy();
      else end(response, 500);
    });
  });
  return pages.on("clientError", (error, socket) => socket.end(NO_REQUEST));
}

async function answer(request, response, model, root) {
  if (!HOSTS.has(hostOf(request))) return end(response, 403);
  if (request.method !== "GET" && request.method !== "HEAD") {
    response.setHeader("Allow", "GET, HEAD");
    return end(response, 405);
  }
  const name = nameOf(request.url);
  if (name === undefined) return end(response, 400);
  const type = TYPES[extname(name)];
  if (name === MODEL && !model) return end(response, 204);
  const file = type && (name === MODEL ? await opened(model) : await within(root, name));
  if (!file) return end(response, 404);
  try {
    const { size } = await file.stat();
    response.writeHead(200, {
      "Content-Type": type,
      "Content-Length": size,
      "Cache-Control": "no-cache",
    });
    if (request.method === "HEAD" || size === 0) response.end();
    else await pipeline(file.createReadStream({ end: size - 1, autoClose: false }), response);
  } finally {
    await file.close();
  }
}

function end(response, status) {
  if (status !== 204) response.setHeader("Content-Length", 0);
  response.writeHead(status).end();
}

// Returns the name of the host that is asked, without its port.
function hostOf(request) {
  const [, host] = /^([^:[\]]+|\[[^\]]*\])(?::\d+)?$/.exec(request.headers.host ?? "") ?? [];
  return host?.toLowerCase();
}

// Returns the path that a request names, or undefined if no file of the page could have it.
function nameOf(target) {
  let name;
  try {
    name = decodeURIComponent(target.split("?", 1)[0]);
  } catch {
    return undefined;
  }
  if (name === "/") return "/index.html";
  const parts = name.split("/");
  const plain = parts[0] === "" && parts.slice(1).every((part) => part !== "" && part[0] !== ".");
  return plain && !/[\\\0-\x1f:]/.test(name) ? name : undefined;
}

// Opens a file of a folder, but none that a link leads to; undefined if there is no such file.
async function within(root, name) {
  const path = join(await realpath(root), ...name.split("/"));
  const real = await realpath(path).catch(() => undefined);
  return real === path ? opened(path, constants.O_NOFOLLOW) : undefined;
}

// Opens a file to read; undefined if there is none.
async function opened(path, flags = 0) {
  // A pipe would be waited for.
  const reading = constants.O_RDONLY | constants.O_NONBLOCK | flags;
  const file = await open(path, reading).catch(() => undefined);
  if (file && !(await file.stat()).isFile()) {
    await file.close();
    return undefined;
  }
  return file;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [model, port = "8000"] = process.argv.slice(2);
  if (model && !(await stat(model).catch(() => undefined)))
    throw new Error(`There is no file ${model}.`);
  server(model).listen(Number(port), "localhost", () => console.log(`http://localhost:${port}/`));
}
