// Serves this folder, and one model as model.tflite, to this machine alone.
// Use: node server.js [MODEL.tflite [PORT]]

import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL(".", import.meta.url));
const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".wasm": "application/wasm",
  ".tflite": "application/octet-stream",
};

/** Returns a server, not yet listening; `model` is the path of a file, or undefined. */
export function server(model) {
  return createServer((request, response) => {
    answer(request, response, model).catch(() => response.writeHead(400).end());
  });
}

async function answer(request, response, model) {
  const { pathname } = new URL(request.url, "http://localhost");
  const name = pathname === "/" ? "/index.html" : normalize(decodeURIComponent(pathname));
  const path = name === "/model.tflite" ? model : join(ROOT, name);
  const type = TYPES[extname(name)];
  const found = path && type && (await stat(path).catch(() => undefined));
  if (!found?.isFile()) {
    response.writeHead(name === "/model.tflite" ? 204 : 404).end();
    return;
  }
  response.writeHead(200, {
    "Content-Type": type,
    "Content-Length": found.size,
    "Cache-Control": "no-cache",
  });
  createReadStream(path).pipe(response);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [model, port = "8000"] = process.argv.slice(2);
  if (model && !(await stat(model).catch(() => undefined)))
    throw new Error(`There is no file ${model}.`);
  server(model).listen(Number(port), "localhost", () => console.log(`http://localhost:${port}/`));
}
