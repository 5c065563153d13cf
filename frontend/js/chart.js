// Charts over time, drawn by uPlot: what `ui/chart.rs` calls.
import uPlot from "uplot";

// Colours are named in the styles alone: an element that has one says what it is now.
function colour(parent, name, alpha) {
  parent.style.color = `var(--${name})`;
  const [r, g, b] = getComputedStyle(parent).color.match(/[\d.]+/g);
  return alpha === undefined ? `rgb(${r}, ${g}, ${b})` : `rgba(${r}, ${g}, ${b}, ${alpha})`;
}

const two = (number) => String(number).padStart(2, "0");
const clock = (seconds) => {
  const at = new Date(seconds * 1000);
  return `${two(at.getHours())}:${two(at.getMinutes())}`;
};

// A value between two gaps is a dot: there is no line to it.
function alone(plot, column) {
  const values = plot.data[column];
  const places = values.flatMap((value, at) => (value != null && values[at - 1] == null && values[at + 1] == null ? [at] : []));
  return places.length > 0 ? places : null;
}

function series(parent, { hue, shape }) {
  const base = { stroke: () => colour(parent, hue), points: { show: false, size: 4, width: 0, fill: () => colour(parent, hue), filter: alone }, spanGaps: false };
  if (shape === "bars") {
    return { ...base, points: { show: false }, width: 0, fill: () => colour(parent, hue), paths: uPlot.paths.bars({ size: [0.7, 14, 1], align: 1 }) };
  }
  return { ...base, width: 1.5, fill: shape === "area" ? () => colour(parent, hue, 0.1) : undefined };
}

// `times` and every column are Float64Arrays; NaN is no value.
const table = (times, columns) => [Array.from(times), ...columns.map((column) => Array.from(column, (value) => (Number.isNaN(value) ? null : value)))];

export function draw(parent, { lines, format, whole, hover, sync }) {
  const font = `11px ${getComputedStyle(parent).fontFamily}`;
  const axis = { stroke: () => colour(parent, "text-faint"), font, ticks: { show: false }, grid: { stroke: () => colour(parent, "line"), width: 1 } };
  let hovered = -1;
  let span = null;
  const options = {
    width: parent.clientWidth,
    height: parent.clientHeight,
    legend: { show: false },
    padding: [8, 18, 0, 0],
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 }, sync: { key: sync } },
    scales: {
      x: { time: true, range: (_, min, max) => span ?? [min, max] },
      y: { range: (_, __, max) => [0, uPlot.rangeNum(0, max > 0 ? max : 1, 0.12, true)[1]] },
    },
    axes: [
      { ...axis, grid: { show: false }, space: 72, size: 26, values: (_, splits) => splits.map(clock) },
      {
        ...axis,
        space: 36,
        incrs: whole ? [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 1e5, 1e6] : undefined,
        size: (_, values) => Math.max(36, 14 + 6.6 * Math.max(0, ...(values ?? []).map((value) => value?.length ?? 0))),
        values: (_, splits) => splits.map((value) => format(value)),
      },
    ],
    series: [{}, ...lines.map((line) => series(parent, line))],
    hooks: {
      setCursor: [
        (plot) => {
          const index = plot.cursor.idx ?? -1;
          if (index !== hovered) hover((hovered = index));
        },
      ],
    },
  };
  const plot = new uPlot(options, table([], lines.map(() => [])), parent);

  const resize = new ResizeObserver(() => {
    if (parent.clientWidth > 0) plot.setSize({ width: parent.clientWidth, height: parent.clientHeight });
  });
  resize.observe(parent);
  const repaint = () => plot.redraw(false);
  const theme = new MutationObserver(repaint);
  theme.observe(document.documentElement, { attributeFilter: ["data-theme"] });
  const system = matchMedia("(prefers-color-scheme: dark)");
  system.addEventListener("change", repaint);

  return {
    update(from, to, times, columns) {
      span = [from, to];
      plot.setData(table(times, columns));
    },
    destroy() {
      resize.disconnect();
      theme.disconnect();
      system.removeEventListener("change", repaint);
      plot.destroy();
    },
  };
}
