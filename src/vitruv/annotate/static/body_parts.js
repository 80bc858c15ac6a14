// @ts-check
/** The 14 parts: names as DensePose numbers them, and colours that keep neighbours and sides apart. */

export const PARTS = [
  "background", "torso", "right hand", "left hand", "left foot", "right foot", "right upper leg", "left upper leg",
  "right lower leg", "left lower leg", "left upper arm", "right upper arm", "left lower arm", "right lower arm", "head",
];

/** Order in the list: from head to foot, sides together. */
export const LISTED = [14, 1, 11, 10, 13, 12, 2, 3, 6, 7, 8, 9, 5, 4];

/** Keys of the keyboard for the parts, in the order of the list. */
export const PART_KEYS = "1234567890uiop";

/** Warm on the person's right, cold on the left; red, green and blue. @type {[number, number, number][]} */
export const COLOURS = [
  [0, 0, 0], [127, 176, 105], [240, 84, 79], [58, 134, 255], [38, 70, 160], [150, 32, 52], [247, 127, 0], [0, 168, 204],
  [214, 93, 14], [0, 119, 182], [114, 137, 255], [255, 158, 94], [67, 97, 238], [231, 111, 81], [233, 196, 106],
];

/** @param {number} part @param {number} [alpha] */
export function css(part, alpha = 1) {
  const [r, g, b] = COLOURS[part];
  return `rgb(${r} ${g} ${b} / ${alpha})`;
}
