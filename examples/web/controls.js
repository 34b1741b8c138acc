// The controls of a kind of source: a template of the page, put where they belong.

/**
 * Puts a copy of a template into a place, in the stead of what is there.
 *
 * @param {HTMLElement} place
 * @param {string} name the id of a template of the page.
 * @returns {(id: string) => HTMLElement} finds an element of the copy.
 */
export function put(place, name) {
  place.replaceChildren(document.getElementById(name).content.cloneNode(true));
  return (id) => place.querySelector(`#${id}`);
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
