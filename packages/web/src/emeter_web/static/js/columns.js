// From the figures of the server to what uPlot draws: each stretch of checks by itself, as wide as its slots.
export function columns(series, names) {
  const width = (series.until - series.since) / series.at.length;
  const xs = [];
  const slots = []; // which slot a point tells of
  const stacks = names.map(() => []);
  const put = (x, slot, heights) => {
    xs.push(x);
    slots.push(slot);
    stacks.forEach((stack, index) => stack.push(heights[index]));
  };
  const none = names.map(() => null);
  const last = series.at.length - 1;
  for (let slot = 0; slot <= last; slot += 1) {
    const heights = stacked(series, names, slot);
    const left = series.since + slot * width;
    if (!heights) {
      put(left + width / 2, slot, none);
      continue;
    }
    if (slot === 0 || !stacked(series, names, slot - 1)) put(left, slot, heights);
    put(left + width / 2, slot, heights);
    if (slot === last || !stacked(series, names, slot + 1)) put(left + width, slot, heights);
  }
  return { columns: [xs, ...stacks.reverse()], slots };
}

// The phases of a slot summed up; nothing where no check answered.
function stacked(series, names, slot) {
  let sum = 0;
  const heights = names.map((name) => {
    const value = series[name][slot];
    sum = value === null || sum === null ? null : sum + value;
    return sum;
  });
  return heights.includes(null) ? null : heights;
}
