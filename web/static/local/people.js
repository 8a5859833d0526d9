// The nearest people of a gallery whose vectors are here, and who of those about equally alike comes first. As
// index/search.py and index/looks.py, where the numbers are explained.

const PENALTY = 0.2;
const SEX = 0; // columns of the looks
const YOUNG = 1;

export class People {
  // halves: (N, D) float16, row by row. looks: {inner, inner_bias, outer, outer_bias} or null. sexes: -1, 0, 1 each.
  // male: true, false or null each, as it is known for "women" and "men".
  constructor({ halves, dimension, looks, sexes, male }) {
    this.vectors = ofHalves(halves);
    this.dimension = dimension;
    this.looks = looks;
    this.sexes = sexes;
    this.male = male;
  }

  // {row, rank, similarity} of the nearest, `skip` passed over.
  search(vector, { top = 8, skip = 0, people = "all" } = {}) {
    const count = this.vectors.length / this.dimension;
    const wanted = { all: null, women: false, men: true }[people];
    const asker = wanted === null ? this.certainty(vector)[SEX] : 0; // whoever asked for women gets the nearest ones
    const penalty = (sex) => (PENALTY * Math.max(0, Math.abs(asker) - asker * sex)) / 2;
    const query = Float32Array.from(vector);
    const found = [];
    for (let row = 0; row < count; row += 1) {
      if (wanted !== null && this.male[row] !== wanted) continue;
      let similarity = 0;
      const at = row * this.dimension;
      for (let k = 0; k < query.length; k += 1) similarity += query[k] * this.vectors[at + k];
      found.push({ row, similarity, placed: similarity - penalty(this.sexes[row]) });
    }
    found.sort((one, other) => other.placed - one.placed || one.row - other.row);
    return found.slice(skip, skip + top).map(({ row, similarity }, k) => ({ row, rank: skip + k + 1, similarity }));
  }

  // Certainty of man and of young, -1 to 1; 0 where nothing tells.
  certainty(vector) {
    if (!this.looks) return [0, 0];
    const { inner, inner_bias: bias, outer, outer_bias: outerBias } = this.looks;
    const width = bias.length;
    const hidden = Float32Array.from(bias);
    vector.forEach((value, k) => {
      for (let n = 0; n < width; n += 1) hidden[n] += value * inner[k * width + n];
    });
    const traits = outerBias.length;
    return Array.from(outerBias, (start, trait) => {
      let sum = start;
      for (let n = 0; n < width; n += 1) sum += Math.max(hidden[n], 0) * outer[n * traits + trait];
      return Math.tanh(sum / 2);
    });
  }

  seemsOlder(vector, sure) {
    return this.certainty(vector)[YOUNG] < -sure;
  }
}

// IEEE half floats -> floats.
export function ofHalves(halves) {
  const table = new Float32Array(65536);
  for (let bits = 0; bits < 65536; bits += 1) {
    const [sign, exponent, rest] = [bits & 0x8000 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
    if (exponent === 0) table[bits] = sign * rest * 2 ** -24;
    else table[bits] = exponent === 31 ? (rest ? NaN : sign * Infinity) : sign * (1 + rest / 1024) * 2 ** (exponent - 15);
  }
  return Float32Array.from(halves, (bits) => table[bits]);
}
