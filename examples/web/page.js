// The page: loads a file, runs it on what is given, and shows the tokens as they come.

import { readBundle, utf8 } from "./bundle.js";
import { Model, startRuntime } from "./model.js";
import { greedy, sampling, tokens, whole } from "./search.js";
import { loadSource, loadTarget } from "./sides.js";

const DEFAULT_FILE = "model.tflite"; // beside this page, if there is one

const by = (id) => document.getElementById(id);
let loaded; // { model, source, target } of the file in use
let runs = 0; // a run goes on for as long as no other began
let taken = Promise.resolve(); // files are taken one after another

async function open(name, bytes) {
  say(`Loading ${name}…`);
  try {
    const { model, record, files } = await readBundle(bytes);
    const [source, target] = [loadSource(files, record), loadTarget(files, record)];
    const next = { model: await Model.load(model, record), source, target };
    stop();
    loaded?.model.delete();
    loaded?.source.close();
    loaded = next;
    showFacts(name, bytes.length, record, files.get("LICENSE.txt"));
    showSearches(record.search);
    clear();
    say("");
    by("form").hidden = by("result").hidden = by("controls").disabled = false;
    source.show(by("given"), { run: submit, take, complain: (message) => say("", message) });
  } catch (error) {
    say(
      loaded ? "The model below is still in use." : "No model is loaded.",
      `${name}: ${error.message}`,
    );
  }
}

function showFacts(name, size, record, license) {
  const facts = {
    name,
    size: `${(size / 1e6).toFixed(1)} MB`,
    precision: record.precision,
    parameters: `${(record.parameters / 1e6).toFixed(1)} million`,
    reads: loaded.source.reads,
    writes: `up to ${record.target_length} tokens`,
    filters: record.filters
      ? `${record.filters.join(", ")}, in the file's own search alone`
      : "none",
    license: license ? utf8(license) : "none is given",
  };
  for (const [id, value] of Object.entries(facts)) by(id).textContent = value;
  by("facts").hidden = false;
}

// Offers the searches that a model can be run with: without single steps, the file's own alone.
function showSearches({ type, width }) {
  const { steps } = loaded.model;
  by("own").textContent =
    `the file's own: ${type.replace("_", " ")}${width ? ` of width ${width}` : ""}`;
  for (const option of by("search").options) option.disabled = !steps && option.id !== "own";
  if (!steps) by("search").value = "own";
}

async function run() {
  const mine = ++runs;
  const { model, source, target } = loaded;
  say("");
  clear();
  working(true);
  const began = performance.now();
  const ids = [];
  const show = (id, probability) => {
    ids.push(id);
    by("tokens").append(chip(target.piece(id), id, probability));
    by("output").textContent = target.decode(ids);
    const seconds = (performance.now() - began) / 1000;
    const speed = Number((ids.length / seconds).toPrecision(3)).toLocaleString("en");
    const count = `${ids.length} token${ids.length === 1 ? "" : "s"}`;
    by("speed").textContent = `${count} in ${seconds.toFixed(2)} s: ${speed} tokens a second`;
  };
  try {
    const given = source.inputs();
    if (!given) {
      by("speed").textContent = source.nothing;
      return;
    }
    await painted();
    for await (const { id, probability, finished } of chosenSearch(model, given)) {
      if (mine !== runs) return;
      show(id, probability);
      if (finished === false) by("speed").append("; cut at the model's longest text");
      await painted();
    }
    if (mine === runs && !ids.length) by("speed").textContent = "The model writes nothing.";
  } catch (error) {
    if (mine === runs) say("", error.message ?? String(error));
  } finally {
    if (mine === runs) working(false);
  }
}

function chosenSearch(model, given) {
  const search = by("search").value;
  if (search === "own") return whole(model, given);
  if (search === "greedy") return tokens(model, given, greedy);
  return tokens(model, given, sampling(by("temperature").valueAsNumber, by("top-p").valueAsNumber));
}

function chip(piece, id, probability) {
  const item = document.createElement("li");
  item.dataset.id = id;
  item.textContent = piece;
  if (probability !== undefined) {
    const small = document.createElement("small");
    small.textContent = `${(100 * probability).toFixed(0)}%`;
    item.append(small);
  }
  return item;
}

function stop() {
  runs++;
  working(false);
}

function working(on) {
  by("stop").disabled = !on;
  by("output").setAttribute("aria-busy", on); // spoken once it is whole
}

function clear() {
  for (const id of ["output", "speed", "tokens"]) by(id).replaceChildren();
}

function say(status, error = "") {
  by("status").textContent = status;
  by("error").textContent = error;
}

// Lets the browser draw and take input; unlike a timer or a frame, it takes no time of its own.
function painted() {
  const { port1, port2 } = new MessageChannel();
  return new Promise((done) => {
    port1.onmessage = done;
    port2.postMessage(0);
  });
}

async function openFile(file) {
  if (file) await open(file.name, new Uint8Array(await file.arrayBuffer()));
}

// Runs the model, if the settings are valid.
function submit() {
  by("form").requestSubmit();
}

// Has the source take a file, and runs the model on it.
function take(file) {
  taken = taken.then(async () => {
    const { source } = loaded;
    say(`Reading ${file.name}…`);
    await painted();
    try {
      await source.take(file);
      say("");
      if (source === loaded.source) submit();
    } catch (error) {
      say("", `${file.name}: ${error.message}`);
    }
  });
}

// A file that is no model is for the source, if that takes files.
function takeOrOpen(file) {
  if (file && loaded?.source.take && !file.name.endsWith(".tflite")) take(file);
  else openFile(file);
}

by("form").addEventListener("submit", (event) => {
  event.preventDefault();
  run();
});
by("stop").addEventListener("click", stop);
by("file").addEventListener("change", (event) => openFile(event.target.files[0]));
for (const type of ["dragover", "dragleave", "drop"]) {
  document.body.addEventListener(type, (event) => {
    event.preventDefault();
    document.body.classList.toggle("dropping", type === "dragover");
    if (type === "drop") takeOrOpen(event.dataTransfer.files[0]);
  });
}
document.addEventListener("paste", (event) => {
  const [file] = event.clipboardData.files;
  if (file && loaded?.source.take) take(file);
});

try {
  await startRuntime();
  const response = await fetch(DEFAULT_FILE);
  if (response.status === 200)
    await open(DEFAULT_FILE, new Uint8Array(await response.arrayBuffer()));
  else say("Choose a model that kseq2seq exported.");
} catch (error) {
  say("", `LiteRT.js did not start: ${error.message ?? error}`);
}
