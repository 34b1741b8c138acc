// The controls of a kind of source: a template of the page, put where they belong.

/**
 * Puts a copy of a template into a place, in the stead of what is there.
 *
 * @param {HTMLElement} place
 * @param {string} name the id of a template of the page.
 * @returns {Object<string, Element>} the elements of the copy by their ids.
 */
export function put(place, name) {
  const copy = document.getElementById(name).content.cloneNode(true);
  const parts = Object.fromEntries(
    Array.from(copy.querySelectorAll("[id]"), (element) => [element.id, element]),
  );
  place.replaceChildren(copy);
  return parts;
}

/**
 * Calls a function with each file that is chosen.
 *
 * @param {HTMLInputElement} input of files.
 * @param {(file: File) => void} take
 */
export function onFile(input, take) {
  input.addEventListener("change", () => {
    const [file] = input.files;
    input.value = ""; // or the same file could not be chosen again
    if (file) take(file);
  });
}
