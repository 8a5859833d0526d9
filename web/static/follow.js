// One face followed over the frames of a camera: is it the same, does it hold still, the mean of its last vectors.
// No pictures and no requests; the server keeps nothing of it.

export const KEPT = 8; // vectors in the mean
const SAME_OVERLAP = 0.3; // intersection over union of its boxes in two frames
const SAME_COSINE = 0.35; // to the mean: below it somebody else stepped in
const STILL_SHARE = 0.08; // of its size a face may move from frame to frame and be still

export class Followed {
  constructor() {
    this.forget();
  }

  forget() {
    this.box = null;
    this.still = false;
    this.kept = []; // {vector, weight}
  }

  // Takes the faces of the next frame; returns the one that is followed, or null.
  next(faces) {
    const usable = faces.filter((face) => face.embedding);
    if (!usable.length) {
      this.forget();
      return null;
    }
    let face = this.box && best(usable, (one) => overlap(one.box, this.box));
    const mean = this.mean();
    const lost = !face || overlap(face.box, this.box) < SAME_OVERLAP || (mean && dot(face.embedding, mean) < SAME_COSINE);
    if (lost) {
      this.forget();
      face = best(usable, (one) => area(one.box));
    }
    this.still = this.box !== null && moved(face.box, this.box) < STILL_SHARE;
    this.box = face.box;
    this.kept.push({ vector: face.embedding, weight: Math.max(1, face.quality.sharpness) });
    this.kept = this.kept.slice(-KEPT);
    return face;
  }

  // The mean of the last vectors weighted by sharpness, of length 1; null before the first.
  mean() {
    if (!this.kept.length) return null;
    const sum = new Array(this.kept[0].vector.length).fill(0);
    for (const { vector, weight } of this.kept) vector.forEach((value, k) => (sum[k] += weight * value));
    const length = Math.sqrt(dot(sum, sum)) || 1;
    return sum.map((value) => value / length);
  }
}

function best(faces, score) {
  return faces.reduce((one, other) => (score(other) > score(one) ? other : one));
}

const area = ([x0, y0, x1, y1]) => Math.max(0, x1 - x0) * Math.max(0, y1 - y0);
const dot = (a, b) => a.reduce((sum, value, k) => sum + value * b[k], 0);

export function overlap(a, b) {
  const shared = area([Math.max(a[0], b[0]), Math.max(a[1], b[1]), Math.min(a[2], b[2]), Math.min(a[3], b[3])]);
  return shared / (area(a) + area(b) - shared || 1);
}

function moved(a, b) {
  const size = Math.sqrt(area(b)) || 1;
  return Math.max(...a.map((value, k) => Math.abs(value - b[k]))) / size;
}
