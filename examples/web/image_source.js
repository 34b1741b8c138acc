// Pictures, each resized as a whole to one size, with white at its sides.

import { onFile, put } from "./controls.js";
import { colors, fitted } from "./pictures.js";

const MOST_PIXELS = 2 ** 27;
const SHOWN = { width: 640, height: 220 }; // pixels of the page, at most

export class ImageSource {
  nothing = "";

  constructor(files, settings, { inputs, source_length }) {
    [, this.height, this.width, this.channels] = inputs.pixels.shape;
    this.length = source_length;
  }

  get reads() {
    return `a picture, seen as ${this.width} × ${this.height} pixels`;
  }

  show(place, page) {
    this.parts = put(place, "picture-controls");
    onFile(this.parts.picture, page.take);
  }

  async take(file) {
    const picture = await opened(file);
    try {
      this.given = this.framed(colors(onWhite(picture), this.channels));
      this.parts.taken.textContent =
        `${file.name || "A picture"}: ${picture.width} × ${picture.height} pixels`;
      drawPicture(this.parts.whole, picture);
    } finally {
      picture.close();
    }
    drawPixels(this.parts.seen, this.given.seen);
    this.parts.pictures.hidden = false;
  }

  /**
   * Returns pixels as the model takes them, what it takes as "source_length", and what to show.
   *
   * @throws {Error} for the user, if the model takes no such picture.
   */
  framed(pixels) {
    const frame = fitted(pixels, this.height, this.width);
    return { frame, length: this.length, seen: frame };
  }

  inputs() {
    if (!this.given) throw new Error("Choose a picture first.");
    const { frame, length } = this.given;
    return { pixels: Float32Array.from(frame.values), source_length: Int32Array.of(length) };
  }

  close() {}
}

// Decodes a picture by the browser, with the colors that are in the file.
async function opened(file) {
  if (!file.size) throw new Error("It is empty.");
  let picture;
  try {
    picture = await createImageBitmap(file, { colorSpaceConversion: "none" });
  } catch {
    throw new Error("It is damaged, or no picture that this browser reads.");
  }
  if (picture.width * picture.height <= MOST_PIXELS) return picture;
  picture.close();
  throw new Error(`It has more than ${MOST_PIXELS.toLocaleString("en")} pixels. Resize it.`);
}

// The pixels of a picture; what is transparent shows white.
function onWhite(picture) {
  const { width, height } = picture;
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  context.fillStyle = "white";
  context.fillRect(0, 0, width, height);
  context.drawImage(picture, 0, 0);
  return context.getImageData(0, 0, width, height);
}

function drawPicture(canvas, picture) {
  const scale = Math.min(1, scaleOf(picture));
  canvas.width = Math.max(1, Math.round(picture.width * scale));
  canvas.height = Math.max(1, Math.round(picture.height * scale));
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
}

// Draws each pixel as it is, however small; the page makes them larger.
function drawPixels(canvas, { width, height, channels, values }) {
  const data = Uint8ClampedArray.from({ length: 4 * width * height }, (_, at) => {
    const color = at % 4;
    return color === 3 ? 255 : values[Math.floor(at / 4) * channels + (color % channels)];
  });
  [canvas.width, canvas.height] = [width, height];
  canvas.getContext("2d").putImageData(new ImageData(data, width, height), 0, 0);
  canvas.style.width = `${width * scaleOf({ width, height })}px`;
}

function scaleOf({ width, height }) {
  return Math.min(SHOWN.width / width, SHOWN.height / height);
}
