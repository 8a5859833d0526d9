// A photo of any shape -> a canvas that a network takes, and coordinates back. As pipeline/letterbox.py.

import { enlarged, paste, picture, rint, shrunk } from "./pixels.js";

export const GREY = 114;
const LONGEST_RATIO = 2;

// canvas = photo * scale + (padX, padY), in edge coordinates.
export function letterbox(image, { side, step }) {
  const [canvasWidth, canvasHeight] = canvasSize(image.width, image.height, side, step);
  const scale = Math.max(canvasWidth, canvasHeight) / Math.max(image.width, image.height);
  const width = Math.max(1, rint(image.width * scale));
  const height = Math.max(1, rint(image.height * scale));
  const padX = Math.floor((canvasWidth - width) / 2);
  const padY = Math.floor((canvasHeight - height) / 2);
  const same = width === image.width && height === image.height;
  const scaled = same ? image : (scale < 1 ? shrunk : enlarged)(image, width, height);
  const place = { scale, padX, padY };
  if (width === canvasWidth && height === canvasHeight) return { canvas: scaled, place };
  const canvas = picture(canvasWidth, canvasHeight, GREY);
  paste(canvas, scaled, padX, padY);
  return { canvas, place };
}

// The longer side is `side`, the other the next multiple of `step`; photos longer than 2:1 get as many pixels as those.
export function canvasSize(width, height, side, step) {
  const [longer, shorter] = [Math.max(width, height), Math.min(width, height)];
  const wide = Math.sqrt(longer / (2 * shorter));
  const long = Math.floor(Math.floor(side * Math.min(Math.max(wide, 1), LONGEST_RATIO)) / step) * step;
  const short = Math.ceil(Math.max(1, rint((shorter * long) / longer)) / step) * step;
  return width >= height ? [long, short] : [short, long];
}

// With a margin of grey on every side.
export function withMargin({ canvas, place }, margin) {
  const wider = picture(canvas.width + 2 * margin, canvas.height + 2 * margin, GREY);
  paste(wider, canvas, margin, margin);
  return { canvas: wider, place: { ...place, padX: place.padX + margin, padY: place.padY + margin } };
}
