// Lines of text, each resized to one height.

import { ImageSource } from "./image_source.js";
import { ofHeight, onWhite } from "./pictures.js";

export class LineSource extends ImageSource {
  constructor(files, settings, record) {
    super(files, settings, record);
    this.cut = settings.too_long === "cut";
  }

  get reads() {
    return `a line, ${this.height} pixels high and up to ${this.width} wide`;
  }

  framed(pixels) {
    const line = ofHeight(pixels, this.height);
    if (line.width > this.width && !this.cut) {
      throw new Error(
        `The line has ${line.width} columns at a height of ${this.height}, and this model takes ` +
          `${this.width}. Cut it into shorter lines.`,
      );
    }
    const length = Math.min(line.width, this.width);
    const [frame, seen] = [this.width, length].map((width) =>
      onWhite(line, this.height, width, 0, 0),
    );
    return { frame, length, seen };
  }
}
