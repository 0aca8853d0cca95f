// Where things go on a timeline. Numbers in, numbers out: no element is touched here.

const ROOM = 14; // pixels at least between neighbouring instants
const GAP = 10; // pixels between labels of a row

/**
 * Places instants (ms) from left to right within `width`. Order is kept and longer gaps are wider, but only by their
 * logarithm: two minutes and two weeks must both be readable. Returns a function from instant to x.
 */
export function timeScale(instants, width, margin) {
  const sorted = [...new Set(instants)].sort((a, b) => a - b);
  const gaps = sorted.slice(1).map((instant, index) => Math.log2(2 + (instant - sorted[index]) / 60000));
  const total = gaps.reduce((sum, gap) => sum + gap, 0) || 1;
  const free = Math.max(width - 2 * margin - gaps.length * ROOM, 0);
  const places = new Map();
  let x = sorted.length === 1 ? width / 2 : margin;
  sorted.forEach((instant, index) => {
    places.set(instant, x);
    x += ROOM + ((gaps[index] ?? 0) / total) * free;
  });
  return { x: (instant) => places.get(instant), instants: sorted };
}

/**
 * Gives each label ({x, width}) a row and a left edge so that none overlaps, keeping within the canvas; labels that
 * fit stay under their dot in the first row. Returns how many rows there are.
 */
export function stackLabels(labels, width, edge) {
  const ends = [];
  for (const label of [...labels].sort((a, b) => a.x - b.x)) {
    const left = Math.min(Math.max(label.x - label.width / 2, edge), Math.max(width - edge - label.width, edge));
    let row = ends.findIndex((end) => end + GAP <= left);
    if (row === -1) row = ends.length;
    ends[row] = left + label.width;
    Object.assign(label, { row, left });
  }
  return ends.length;
}
