// What a model reads and what it writes, each by the type that its file names.

import { AudioSource } from "./audio_source.js";
import { utf8 } from "./bundle.js";
import { ImageSource } from "./image_source.js";
import { LineSource } from "./line_source.js";
import { TextSource } from "./text_source.js";
import { Tokenizer } from "./tokenizer.js";

/**
 * A kind of source; it is made of the files of the archive, what `source.json` says, and the record.
 *
 * @typedef {object} Source
 * @property {string} reads what it takes, for the user.
 * @property {string} nothing what to say of a source that holds nothing.
 * @property {(place: HTMLElement, page: Page) => void} show puts its controls into a place.
 * @property {((file: File) => Promise<void>) | undefined} take takes a file that was chosen,
 *   dropped or pasted, or throws an error for the user; a kind without it takes none.
 * @property {() => object | undefined} inputs name -> array, what the model takes; undefined for a
 *   source that holds nothing. Throws an error for the user.
 * @property {() => void} close gives back what the browser holds for it.
 *
 * What the page does for it:
 *
 * @typedef {object} Page
 * @property {() => void} run runs the model on what was given.
 * @property {(file: File) => void} take has the source take a file, and runs the model on it.
 * @property {(message: string) => void} complain shows an error.
 */
const SOURCES = { text: TextSource, audio: AudioSource, image: ImageSource, line: LineSource };
const TARGETS = { text: Tokenizer };

/**
 * Returns the source of a model.
 *
 * @throws {Error} for a type that this page does not read.
 */
export function loadSource(files, record) {
  const { Kind, settings } = kindOf(SOURCES, files, "source", "reads");
  return new Kind(files, settings, record);
}

/**
 * Returns the target of a model, which turns ids into a text.
 *
 * @throws {Error} for a type that this page does not write.
 */
export function loadTarget(files, record) {
  const { Kind } = kindOf(TARGETS, files, "target", "writes");
  return new Kind(files, "target", record.special);
}

function kindOf(kinds, files, side, verb) {
  const settings = JSON.parse(utf8(files.get(`${side}.json`)));
  if (!Object.hasOwn(kinds, settings.type)) {
    const known = Object.keys(kinds).join(", ");
    throw new Error(
      `The ${side} of this model has the type "${settings.type}"; this page ${verb} ${known}.`,
    );
  }
  return { Kind: kinds[settings.type], settings };
}
