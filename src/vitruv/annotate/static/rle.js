// @ts-check
/** COCO's compressed run lengths of one label in a 256 x 256 map; the twin of rle.py on the server. */

export const GRID = 256;

/**
 * Run lengths of the pixels with a label. The map lies row by row; COCO reads column by column.
 * @param {Uint8Array} labels @param {number} label
 * @returns {string}
 */
export function encode(labels, label) {
  /** @type {number[]} */
  const runs = [];
  let inside = false;
  let length = 0;
  for (let x = 0; x < GRID; x++) {
    for (let y = 0; y < GRID; y++) {
      if ((labels[y * GRID + x] === label) !== inside) {
        runs.push(length);
        inside = !inside;
        length = 0;
      }
      length++;
    }
  }
  runs.push(length);
  let text = "";
  runs.forEach((run, i) => {
    let value = i > 2 ? run - runs[i - 2] : run;
    for (let more = true; more; ) {
      const bits = value & 31;
      value >>= 5;
      more = value !== (bits & 16 ? -1 : 0);
      text += String.fromCharCode(48 + bits + (more ? 32 : 0));
    }
  });
  return text;
}

/**
 * Write a label into the pixels that run lengths cover.
 * @param {Uint8Array} labels @param {string} text @param {number} label
 */
export function decodeInto(labels, text, label) {
  /** @type {number[]} */
  const runs = [];
  for (let at = 0; at < text.length; ) {
    let value = 0;
    let shift = 0;
    let bits;
    do {
      bits = text.charCodeAt(at++) - 48;
      value |= (bits & 31) << shift;
      shift += 5;
    } while (bits & 32);
    if (bits & 16) value |= -1 << shift;
    runs.push(runs.length > 2 ? value + runs[runs.length - 2] : value);
  }
  let pixel = 0;
  runs.forEach((run, i) => {
    if (i % 2 === 0) {
      pixel += run;
      return;
    }
    for (const end = pixel + run; pixel < end; pixel++) labels[(pixel % GRID) * GRID + Math.floor(pixel / GRID)] = label;
  });
}
