// Recordings, from which the model computes its features: sound files, or the microphone.

import { onFile, put } from "./controls.js";
import { record } from "./microphone.js";
import { resample } from "./resample.js";
import { mixed, onGrid, silent } from "./sound.js";
import { rateOf } from "./sound_rate.js";
import { checkWhole } from "./truncation.js";
import { drawWave } from "./wave.js";
import { readWav } from "./wav.js";

export class AudioSource {
  nothing = "The recording is silent.";

  constructor(files, { rate, silence, too_long }, { inputs }) {
    this.rate = rate;
    this.silence = silence;
    this.cut = too_long === "cut";
    this.most = inputs.values.shape[1];
    this.reads = `up to ${(this.most / rate).toFixed(1)} s of sound`;
  }

  show(place, page) {
    this.page = page;
    this.parts = put(place, "audio-controls");
    onFile(this.parts.recording, page.take);
    this.parts.microphone.addEventListener("click", () =>
      this.recording ? this.recording.stop() : this.#record(),
    );
  }

  async take(file) {
    const samples = await samplesOf(file, this.rate);
    if (this.closed) return;
    // The microphone may stop a little late; a file of the user's is not cut in silence.
    this.samples = file === this.recorded ? samples.subarray(0, this.most) : samples;
    this.parts.taken.textContent =
      `${file.name}: ${(this.samples.length / this.rate).toFixed(2)} s, ` +
      `${this.rate} samples a second`;
    drawWave(this.parts.wave, this.samples);
    URL.revokeObjectURL(this.parts.listen.src);
    this.parts.listen.src = URL.createObjectURL(file);
    this.parts.heard.hidden = false;
  }

  inputs() {
    const { samples, most, rate } = this;
    if (!samples) throw new Error("Choose a recording first, or make one.");
    if (samples.length > most && !this.cut) {
      throw new Error(
        `The recording has ${(samples.length / rate).toFixed(2)} seconds, and this model takes ` +
          `${(most / rate).toFixed(2)}. Cut it into shorter ones.`,
      );
    }
    const heard = samples.subarray(0, most);
    if (silent(heard, rate, this.silence)) return undefined;
    const values = new Float32Array(most);
    values.set(heard);
    return { values, source_length: Int32Array.of(heard.length) };
  }

  close() {
    this.closed = true;
    this.recording?.stop();
    URL.revokeObjectURL(this.parts.listen.src);
  }

  // Records until the button is pressed again, or until the model takes no more.
  async #record() {
    const button = this.parts.microphone;
    const most = this.most / this.rate;
    button.disabled = true; // while the browser asks whether it may
    try {
      this.recording = await record(most, (seconds) => {
        button.textContent = `Stop: ${seconds.toFixed(0)} of ${most.toFixed(0)} s`;
      });
      if (this.closed) this.recording.stop();
      button.disabled = false;
      this.recorded = await this.recording.file;
      if (!this.closed) this.page.take(this.recorded);
    } catch (error) {
      this.page.complain(`The microphone can't be used: ${error.message}`);
    } finally {
      this.recording = undefined;
      button.disabled = false;
      button.textContent = "Record";
    }
  }
}

// The samples of a file, one channel, at a rate.
async function samplesOf(file, rate) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  if (!bytes.length) throw new Error("It is empty.");
  const { channels, rate: own } = readWav(bytes) ?? (await decoded(bytes));
  const samples = mixed(channels);
  if (!samples.every(Number.isFinite)) throw new Error("It holds NaN or infinities. Repair it.");
  return onGrid(resample(samples, own, rate));
}

// What the browser decodes, at the file's own rate: its own resampling dulls what is high.
async function decoded(bytes) {
  const rate = rateOf(bytes);
  let buffer;
  try {
    const context = new OfflineAudioContext(1, 1, rate);
    buffer = await context.decodeAudioData(bytes.slice().buffer); // which takes it away
  } catch {
    throw new Error("It is damaged, or no recording that this browser reads.");
  }
  checkWhole(bytes, buffer.length);
  const channels = Array.from({ length: buffer.numberOfChannels }, (_, channel) =>
    buffer.getChannelData(channel),
  );
  return { channels, rate };
}
