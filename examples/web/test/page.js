// Opens the page in a headless Chromium and compares it with what expected.py wrote.
// Use: node test/page.js MODEL.tflite expected.json [FOLDER for screenshots]

import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { server } from "../server.js";
import { Browser } from "./browser.js";

const ENTER = "\uE007";
const DROP = `
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File(["Nothing like a model."], "dropped.tflite"));
  document.body.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));`;

const [model, expected, pictures] = process.argv.slice(2);
if (!expected)
  throw new Error("Use: npm test -- MODEL.tflite expected.json [FOLDER for screenshots]");
const { sentences } = JSON.parse(await readFile(expected, "utf8"));
const bytes = await readFile(model);
const newer = await readFile(new URL("fixtures/newer.tflite", import.meta.url));
const scratch = await mkdtemp(join(tmpdir(), "kseq2seq-"));
const pages = server(undefined).listen(0, "localhost");
await once(pages, "listening");
const browser = await Browser.open();
try {
  await browser.go(`http://localhost:${pages.address().port}/`);
  await browser.until("return document.getElementById('status').textContent.startsWith('Choose')");
  await refuses(
    () => choose("text.tflite", Buffer.from("Nothing like a model.")),
    /not a TFLite model/,
  );
  await refuses(() => choose("cut.tflite", bytes.subarray(0, bytes.length / 2)), /truncated/);
  await refuses(() => choose("changed.tflite", changed(bytes)), /damaged: its model/);
  await refuses(() => choose("newer.tflite", newer), /format version 2/);
  await refuses(() => browser.run(DROP), /dropped.tflite: This is not a TFLite model/);

  await browser.press("#file", resolve(model));
  await browser.until("return !document.getElementById('controls').disabled");
  const facts = await browser.run(
    "return document.getElementById('facts').innerText.replaceAll('\\n', ' ')",
  );
  console.log(facts);

  for (const [search, choice] of [
    ["greedy", "greedy"],
    ["generate", "own"],
  ]) {
    let [tokens, seconds] = [0, 0];
    for (const sentence of sentences) {
      const found = await run(sentence.text, choice);
      assert.deepEqual(found.ids, sentence[search].ids, `${search} ids of "${sentence.text}"`);
      assert.equal(found.text, sentence[search].text, `${search} text of "${sentence.text}"`);
      tokens += found.ids.length;
      seconds += found.seconds;
    }
    const speed = `${(tokens / seconds).toFixed(0)} tokens a second`;
    console.log(`${search}: ${sentences.length} texts as expected, ${tokens} tokens, ${speed}`);
  }
  assert.ok((await run(sentences[0].text, "sampling")).ids.length > 0);
  await refuses(() => run("long ".repeat(2000), "greedy"), /Shorten it/);

  await run(sentences[1].text, "greedy");
  await browser.run(
    "document.activeElement.blur(); document.getElementById('error').textContent = ''",
  );
  for (const [name, width, scheme] of pictures
    ? [
        ["phone", 390, "light"],
        ["desk", 900, "dark"],
      ]
    : []) {
    await browser.show(width, 800, scheme);
    const wide = await browser.run("return document.documentElement.scrollWidth");
    assert.ok(wide <= width, `the page is ${wide} wide on a screen of ${width}`);
    await mkdir(pictures, { recursive: true });
    await writeFile(join(pictures, `${name}.png`), await browser.screenshot());
  }
  const left = await browser.run(
    "return performance.getEntriesByType('resource').map((entry) => entry.name).filter((url) => !url.startsWith(location.origin))",
  );
  assert.deepEqual(left, [], "requests that left the page");
  console.log("all as expected");
} finally {
  await browser.close();
  pages.close();
  await rm(scratch, { recursive: true });
}

// Types a text as a user does and waits for the result.
async function run(text, search) {
  await browser.run("document.getElementById('search').value = arguments[0]", search);
  await browser.run("const box = document.getElementById('text'); box.value = ''; box.focus()");
  await browser.command("Input.insertText", { text });
  const began = performance.now();
  await browser.press("#text", ENTER);
  await browser.until("return document.getElementById('stop').disabled");
  const seconds = (performance.now() - began) / 1000;
  const shown = await browser.run(`return {
    ids: [...document.querySelectorAll("#tokens li")].map((item) => Number(item.dataset.id)),
    text: document.getElementById("output").textContent,
    speed: document.getElementById("speed").textContent,
  }`);
  const said = shown.speed.match(/ in ([\d.]+) s/);
  return { ...shown, seconds: said ? Number(said[1]) : seconds };
}

// Checks that an act gives an error message.
async function refuses(act, message) {
  await browser.run("document.getElementById('error').textContent = ''");
  await act();
  assert.match(await browser.until("return document.getElementById('error').textContent"), message);
}

// Chooses a file of some content.
async function choose(name, content) {
  const path = join(scratch, name);
  await writeFile(path, content);
  await browser.press("#file", path);
}

function changed(bytes) {
  const other = Buffer.from(bytes);
  other[1000] ^= 1;
  return other;
}
