// The order in which faces are numbered: as one reads, the refused ones last. As lookalike/reading_order.py.

const FIRST = 20;
const ROW_SHARE = 0.7;

export function inReadingOrder(faces) {
  const usable = faces.filter((face) => face.embedding);
  return [...read(usable.slice(0, FIRST)), ...read(usable.slice(FIRST)), ...faces.filter((face) => !face.embedding)];
}

const middle = ({ box }) => (box[1] + box[3]) / 2;
const height = ({ box }) => box[3] - box[1];
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

function read(faces) {
  const rows = [];
  for (const face of [...faces].sort((one, other) => middle(one) - middle(other))) {
    const beside = (row) =>
      Math.abs(middle(face) - mean(row.map(middle))) <= ROW_SHARE * mean([...row, face].map(height));
    const near = rows.filter(beside).at(-1);
    if (near) near.push(face);
    else rows.push([face]);
  }
  rows.sort((one, other) => mean(one.map(middle)) - mean(other.map(middle)));
  return rows.flatMap((row) => row.sort((one, other) => one.box[0] + one.box[2] - other.box[0] - other.box[2]));
}
