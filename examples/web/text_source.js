// Texts, as ids closed by the end.

import { put } from "./controls.js";
import { Tokenizer } from "./tokenizer.js";

export class TextSource {
  nothing = ""; // an empty text for an empty text

  constructor(files, settings, { special, source_length }) {
    this.tokenizer = new Tokenizer(files, "source", special);
    this.special = special;
    this.most = source_length;
    this.reads = `up to ${source_length} tokens`;
  }

  show(place, page) {
    const written = place.querySelector("#text")?.value ?? ""; // for the previous model
    this.box = put(place, "text-controls").text;
    this.box.value = written;
    this.box.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      page.run();
    });
    this.box.focus();
  }

  inputs() {
    const ids = [...this.tokenizer.encode(this.box.value), this.special.end];
    if (ids.length === 1) return undefined;
    if (ids.length > this.most) {
      throw new Error(
        `The text has ${ids.length} tokens, its end included, and this model takes ` +
          `${this.most}. Shorten it, or give it sentence by sentence.`,
      );
    }
    const source = new Int32Array(this.most).fill(this.special.padding);
    source.set(ids);
    return { source, source_length: Int32Array.of(ids.length) };
  }

  close() {}
}
