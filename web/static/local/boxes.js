// A detector's candidates -> one box a face: {box: [x0, y0, x1, y1], score, points}. As pipeline/nms.py and
// pipeline/candidates.py.

const width = ([x0, , x1]) => x1 - x0;
const height = ([, y0, , y1]) => y1 - y0;

export const area = (box) => Math.max(width(box), 0) * Math.max(height(box), 0);
export const largerSide = (box) => Math.max(width(box), height(box), 0);
export const smallerSide = (box) => Math.min(width(box), height(box));

// Keeps the best box, drops those that overlap it by more than a limit, and so on; the highest score first.
export function surest(found, { iou, covered }) {
  let left = [...found].sort((one, other) => other.score - one.score);
  const kept = [];
  while (left.length) {
    const [first, ...others] = left;
    kept.push(first);
    left = others.filter((one) => {
      const shared = sharedArea(first.box, one.box);
      const [own, its] = [area(first.box), area(one.box)];
      const overlap = own + its - shared > 0 ? shared / (own + its - shared) : 0;
      const held = Math.min(own, its) > 0 ? Math.min(shared / Math.min(own, its), 1) : 0;
      return overlap <= iou && held <= covered;
    });
  }
  return kept;
}

function sharedArea(a, b) {
  const wide = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const high = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  return Math.max(wide, 0) * Math.max(high, 0);
}

// Clips boxes to the photo, keeps one a face, drops those under a pixel.
export function onePerFace(found, thresholds, image) {
  const clip = (value, most) => Math.min(Math.max(value, 0), most);
  const clipped = found.map((one) => {
    const [x0, y0, x1, y1] = one.box;
    const box = [clip(x0, image.width), clip(y0, image.height), clip(x1, image.width), clip(y1, image.height)];
    return { ...one, box };
  });
  return surest(clipped, thresholds).filter(({ box }) => width(box) >= 1 && height(box) >= 1);
}

// From the canvas to the photo.
export function toPhoto(found, { scale, padX, padY }) {
  return found.map(({ box, score, points }) => ({
    box: box.map((value, k) => (value - (k % 2 ? padY : padX)) / scale),
    score,
    points: points.map(([x, y]) => [(x - padX) / scale, (y - padY) / scale]),
  }));
}

// From a part of a photo, whose upper left corner lies at (x, y), to the photo.
export function moved(found, x, y) {
  return found.map(({ box, score, points }) => ({
    box: box.map((value, k) => value + (k % 2 ? y : x)),
    score,
    points: points.map((point) => [point[0] + x, point[1] + y]),
  }));
}
