// @ts-check
/** Marks on the photo: the point in question, and the others. `one` is a screen pixel in photo pixels. */

import { css } from "./body_parts.js";

/** @param {CanvasRenderingContext2D} c @param {{x: number, y: number}} p @param {any} point @param {number} one */
export function dot(c, p, point, one) {
  c.beginPath();
  c.arc(p.x, p.y, 3.2 * one, 0, 7);
  c.fillStyle = point.state === "placed" ? css(point.part) : point.state === "skipped" ? "rgb(0 0 0 / .55)" : "rgb(255 255 255 / .35)";
  c.fill();
  c.lineWidth = one;
  c.strokeStyle = "rgb(0 0 0 / .6)";
  c.stroke();
}

/** A point with a guess, in the colour of its confidence. @param {CanvasRenderingContext2D} c @param {{x: number, y: number}} p @param {string} colour @param {number} one */
export function guessDot(c, p, colour, one) {
  c.beginPath();
  c.arc(p.x, p.y, 4 * one, 0, 7);
  c.fillStyle = colour;
  c.fill();
  c.lineWidth = 1.4 * one;
  c.strokeStyle = "rgb(0 0 0 / .75)";
  c.stroke();
}

/** @param {CanvasRenderingContext2D} c @param {{x: number, y: number}} p @param {number} one */
export function target(c, p, one) {
  for (const [style, width] of /** @type {[string, number][]} */ ([["rgb(0 0 0 / .7)", 4], ["#00e0c6", 2]])) {
    c.strokeStyle = style;
    c.lineWidth = width * one;
    c.beginPath();
    c.arc(p.x, p.y, 10 * one, 0, 7);
    for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
      c.moveTo(p.x + 10 * dx * one, p.y + 10 * dy * one);
      c.lineTo(p.x + 22 * dx * one, p.y + 22 * dy * one);
    }
    c.stroke();
  }
  c.fillStyle = "#00e0c6";
  c.beginPath();
  c.arc(p.x, p.y, 1.8 * one, 0, 7);
  c.fill();
}
