// Measures the grid at work: scrolls a large collection by wheel, by keyboard and by its scrollbar in real Chromium, and prints
// what a frame took and how many rows the page held.
//
//     node grid.frames.mjs [http://127.0.0.1:3000] [flights]
//
// ANNEX_ADMIN_EMAIL and ANNEX_ADMIN_PASSWORD sign in. A frame takes what the page's main thread computes for it, by the browser's own
// trace: scripts, styles, layout and paint, and not what other programs take of the machine. Fails where the 95th of a hundred takes
// 16 ms or more, or more rows are there than fit in plus 20.
import { desktop, launch } from "./browser.mjs";

const [origin = "http://127.0.0.1:3000", collection = "flights"] = process.argv.slice(2);
const { ANNEX_ADMIN_EMAIL: email = "admin@example.com", ANNEX_ADMIN_PASSWORD: password = "" } = process.env;
const LIMIT_MS = 16;
const SPARE_ROWS = 20;

const browser = await launch();
const page = await browser.newPage({ viewport: desktop });

await page.goto(`${origin}/sign-in?next=/collections/${collection}`);
await page.fill("input[type=email]", email);
await page.fill("input[type=password]", password);
await page.keyboard.press("Enter");
await page.waitForSelector(".grid-body .grid-row:not([hidden]):not(.loading)", { timeout: 120_000 });

/** What the main thread of the page computed for each frame of a trace, in milliseconds. */
function work({ traceEvents }) {
  const begun = traceEvents.filter(({ name }) => name === "FireAnimationFrame");
  const { pid, tid } = begun[0];
  const begins = begun.filter((event) => event.pid === pid && event.tid === tid).map(({ ts }) => ts).sort((one, other) => one - other);
  const frames = new Array(begins.length).fill(0);
  const tasks = traceEvents.filter((event) => event.name === "RunTask" && event.ph === "X" && event.pid === pid && event.tid === tid);
  let frame = 0;
  // A task belongs to the frame that begins within or after it: what comes in between is done for the next one.
  for (const { ts, dur, tdur } of tasks.sort((one, other) => one.ts - other.ts)) {
    while (frame < begins.length && begins[frame] < ts) frame++;
    if (frame < begins.length) frames[frame] += (tdur ?? dur) / 1000;
  }
  // Several callbacks of one frame are one frame.
  return frames.filter((took) => took > 0).sort((one, other) => one - other);
}

/** Traces every frame while something is done, and watches the rows in the page. */
async function measure(name, act) {
  await page.evaluate(() => {
    const watch = (globalThis.watch = { rows: 0, on: true });
    const frame = () => {
      watch.rows = Math.max(watch.rows, document.querySelectorAll(".grid-body [role=row]").length);
      if (watch.on) requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  });
  await browser.startTracing(page, { categories: ["toplevel", "devtools.timeline", "disabled-by-default-devtools.timeline"] });
  await act();
  const trace = JSON.parse(await browser.stopTracing());
  const { rows } = await page.evaluate(() => ((watch.on = false), watch));
  const frames = work(trace);
  const at = (share) => frames[Math.min(frames.length - 1, Math.floor(frames.length * share))];
  const [p50, p95, worst] = [at(0.5), at(0.95), at(1)];
  const first = await page.getAttribute(".grid-body .grid-row:not([hidden])", "aria-rowindex");
  console.log(
    `${name.padEnd(12)} ${String(frames.length).padStart(5)} frames  p50 ${p50.toFixed(1).padStart(5)} ms  p95 ${p95.toFixed(1).padStart(5)} ms  worst ${worst.toFixed(1).padStart(6)} ms  ${rows} rows in the page, now near row ${first}`,
  );
  return { p95, rows };
}

const box = await page.locator(".grid-body").boundingBox();
const [x, y] = [box.x + Math.min(box.width, 1200) / 2, box.y + box.height / 2];
const fitting = await page.evaluate(() => {
  const [body, row] = [".grid-body", ".grid-body .grid-row:not([hidden])"].map((part) => document.querySelector(part).clientHeight);
  return Math.ceil(body / row);
});
const results = [];

await page.mouse.move(x, y);
results.push(
  await measure("wheel", async () => {
    for (let turn = 0; turn < 150; turn++) {
      await page.mouse.wheel(0, 120);
      await page.waitForTimeout(16);
    }
  }),
  await measure("pad", async () => {
    for (let turn = 0; turn < 200; turn++) {
      await page.mouse.wheel(0, 40);
      await page.waitForTimeout(10);
    }
  }),
);
const thumb = await page.locator(".grid-thumb").boundingBox();
results.push(
  await measure("scrollbar", async () => {
    const [from, to] = [thumb.y + thumb.height / 2, box.y + box.height - thumb.height / 2];
    await page.mouse.move(thumb.x + thumb.width / 2, from);
    await page.mouse.down();
    for (let step = 0; step <= 120; step++) {
      await page.mouse.move(thumb.x + thumb.width / 2, from + ((to - from) * step) / 120);
      await page.waitForTimeout(12);
    }
    await page.mouse.up();
  }),
);
await page.locator(".grid-body [role=rowheader]").first().click();
results.push(
  await measure("keyboard", async () => {
    for (let press = 0; press < 60; press++) {
      await page.keyboard.press("PageUp");
      await page.waitForTimeout(25);
    }
  }),
);
await browser.close();

const slow = results.some(({ p95 }) => p95 >= LIMIT_MS);
const crowded = results.some(({ rows }) => rows > fitting + SPARE_ROWS);
console.log(`${fitting} rows fit in`);
if (slow || crowded) {
  console.error(slow ? `a frame takes too long: ${LIMIT_MS} ms are allowed` : "too many rows are in the page");
  process.exit(1);
}
