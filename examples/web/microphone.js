// A recording of the microphone.

const TICK = 100; // milliseconds

/**
 * Begins to record.
 *
 * @param {number} most seconds, after which it stops by itself.
 * @param {(seconds: number) => void} tick is called with how long it has lasted.
 * @returns {Promise<{stop: () => void, file: Promise<File>}>} once the user allowed it; the file is
 *   there when it has stopped.
 * @throws {Error} if there is no microphone, or it may not be used.
 */
export async function record(most, tick) {
  if (!navigator.mediaDevices) throw new Error("this page is not from https:// or localhost.");
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  const recorder = new MediaRecorder(stream);
  const parts = [];
  recorder.addEventListener("dataavailable", (event) => parts.push(event.data));
  const stopped = new Promise((done) => recorder.addEventListener("stop", done));
  const began = performance.now();
  const stop = () => recorder.state !== "inactive" && recorder.stop();
  const clock = setInterval(() => {
    const seconds = (performance.now() - began) / 1000;
    tick(seconds);
    if (seconds > most) stop();
  }, TICK);
  tick(0);
  recorder.start();
  const file = stopped.then(() => {
    clearInterval(clock);
    for (const track of stream.getTracks()) track.stop();
    return new File(parts, "recording", { type: recorder.mimeType });
  });
  return { stop, file };
}
