// Figures of several rounds as medians with their spread, and as text.

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

// Half the range between the smallest and the largest, as a share of the median.
export const spread = (values) =>
  (Math.max(...values) - Math.min(...values)) / 2 / (median(values) || 1);

const short = (number) =>
  number >= 9950
    ? `${(number / 1000).toFixed(number >= 99_500 ? 0 : 1)}k`
    : number.toFixed(number >= 100 ? 0 : number >= 10 ? 1 : 2);

export function table(heads, rows) {
  const lines = [heads, ...rows].map((row) =>
    row.map((cell) => (typeof cell === 'number' ? short(cell) : String(cell ?? ''))),
  );
  const widths = heads.map((_, i) => Math.max(...lines.map((line) => line[i].length)));
  const text = lines.map((line) =>
    line.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  '),
  );
  return [text[0], widths.map((width) => '-'.repeat(width)).join('  '), ...text.slice(1)].join(
    '\n',
  );
}

export const percent = (share) => `${Math.round(share * 100)}%`;
