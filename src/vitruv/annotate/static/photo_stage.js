// @ts-check
/** What every photo on a stage has: darkness around the person, and keys for zooming and moving. */

/** @param {CanvasRenderingContext2D} context @param {{width: number, height: number}} photo @param {import("./shell.js").Rect} box */
export function dimOutside(context, photo, box) {
  context.beginPath();
  context.rect(0, 0, photo.width, photo.height);
  context.rect(box.x, box.y, box.w, box.h);
  context.fillStyle = "rgb(0 0 0 / .5)";
  context.fill("evenodd");
}

/** Keys for zooming and moving the photo. @param {import("./shell.js").Shell} shell @param {import("./stage.js").Stage} stage @param {() => void} fit */
export function bindZoom(shell, stage, fit) {
  shell.bindKey("+", "+", "zoom in (also: wheel, pinch)", () => stage.zoom(1.3));
  shell.bindKey("=", "", "", () => stage.zoom(1.3));
  shell.bindKey("-", "-", "zoom out", () => stage.zoom(1 / 1.3));
  shell.bindKey("f", "F", "fit to the window", fit);
  shell.bindKey(" ", "Space", "hold and drag to move (also: middle button, two fingers)", () => { stage.spaceHeld = true; });
  const up = (/** @type {KeyboardEvent} */ event) => { if (event.key === " ") stage.spaceHeld = false; };
  document.addEventListener("keyup", up);
  shell.closers.push(() => document.removeEventListener("keyup", up));
}
