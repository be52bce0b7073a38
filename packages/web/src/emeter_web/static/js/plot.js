// The plot itself, by uPlot: phases stacked, gaps where no check was, bands where it was wrong.
import { columns } from "./columns.js";
import { attach } from "./readout.js";

const NAMES = ["dns", "connect", "tls", "wait", "transfer"];
const vendor = (file) => new URL(`../vendor/${file}`, import.meta.url).href;
let loading = null;

export async function draw(holder, series) {
  await (loading ??= loadUPlot());
  const place = holder.querySelector(".plotwrap");
  const drawing = place?.querySelector("svg.plot");
  const top = Number(holder.querySelector(".chart").dataset.top);
  if (!drawing || !top || !series.at.length) return;
  const data = columns(series, NAMES);
  if (!holder.plot) {
    holder.plot = new window.uPlot(options(holder, place), data.columns, box(place, drawing));
    holder.plot.root.querySelector(".u-cursor-x").style.borderColor = "var(--ink-3)";
    attach(holder);
    drawing.dataset.keep = "";
    drawing.setAttribute("hidden", "");
    followTheme(holder);
  }
  Object.assign(holder, { series, slots: data.slots, top });
  // The words of the scale may have become longer.
  if (holder.plot.width !== place.clientWidth) resize(holder);
  holder.plot.setData(data.columns);
}

export function resize(holder) {
  const place = holder.querySelector(".plotwrap");
  if (holder.plot && place) holder.plot.setSize({ width: place.clientWidth, height: place.clientHeight });
}

// The server's own name for what is kept: a page that is fetched again knows nothing of it.
function box(place, drawing) {
  const canvas = Object.assign(document.createElement("div"), { id: "latency-plot" });
  canvas.dataset.keep = "";
  drawing.after(canvas);
  return canvas;
}

function options(holder, place) {
  const area = (name, index) => ({ label: name, width: 0, points: { show: false }, fill: () => token(`--phase-${index + 1}`) });
  return {
    width: place.clientWidth,
    height: place.clientHeight,
    padding: [0, 0, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
    scales: {
      x: { time: false, range: () => [holder.series?.since ?? 0, holder.series?.until ?? 1] },
      y: { range: () => [0, holder.top ?? 1] },
    },
    axes: [{ show: false }, { show: false }],
    // The total first, so that each phase stands before those above it.
    series: [{}, ...NAMES.map(area).reverse()],
    hooks: { drawClear: [(plot) => drawGround(plot, holder.series)], draw: [(plot) => drawStarts(plot, holder.series)] },
  };
}

function drawGround(plot, series) {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.globalAlpha = 0.13;
  for (const band of series?.bands ?? []) {
    ctx.fillStyle = token(`--${band.status}-fill`);
    const left = Math.max(plot.valToPos(band.since, "x", true), bbox.left);
    ctx.fillRect(left, bbox.top, Math.max(plot.valToPos(band.until, "x", true) - left, devicePixelRatio), bbox.height);
  }
  ctx.globalAlpha = 1;
  ctx.fillStyle = token("--line");
  for (const quarter of [0, 1, 2, 3]) ctx.fillRect(bbox.left, bbox.top + (bbox.height * quarter) / 4, bbox.width, 1);
  ctx.restore();
}

function drawStarts(plot, series) {
  const { ctx, bbox } = plot;
  ctx.fillStyle = token("--rule");
  ctx.fillRect(bbox.left, bbox.top + bbox.height - 1, bbox.width, 1);
  ctx.fillStyle = token("--down-fill");
  for (const band of series?.bands ?? []) {
    if (band.status !== "down") continue;
    const left = Math.max(plot.valToPos(band.since, "x", true), bbox.left);
    ctx.fillRect(left, bbox.top, 2 * devicePixelRatio, bbox.height);
  }
}

// A token is a function of the theme until an element has it.
function token(name) {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

function followTheme(holder) {
  const redraw = () => holder.plot.redraw(false);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  new MutationObserver(redraw).observe(document.documentElement, { attributeFilter: ["data-theme"] });
}

function loadUPlot() {
  const script = Object.assign(document.createElement("script"), {
    src: vendor("uPlot.iife.min.js"),
    nonce: document.querySelector("script[nonce]").nonce,
  });
  const style = Object.assign(document.createElement("link"), { rel: "stylesheet", href: vendor("uPlot.min.css") });
  const loaded = [script, style].map((element) => new Promise((resolve, reject) => {
    element.addEventListener("load", resolve);
    element.addEventListener("error", reject);
  }));
  document.head.append(script, style);
  return Promise.all(loaded);
}
