// Measures a first visit: how long it takes until a page can be used, in real Chromium, warm and on a slow profile.
//
//     node first.load.mjs [http://127.0.0.1:3000] [path…]
//
// ANNEX_ADMIN_EMAIL and ANNEX_ADMIN_PASSWORD sign in. The slow profile is a quarter of the processor, 1.6 Mbit/s and 150 ms there and
// back. A page can be used once its heading stands and nothing of it is on its way. Prints the median of three.
import { desktop, launch } from "./browser.mjs";

const [origin = "http://127.0.0.1:3000", ...asked] = process.argv.slice(2);
const { ANNEX_ADMIN_EMAIL: email = "admin@example.com", ANNEX_ADMIN_PASSWORD: password = "" } = process.env;
const paths = asked.length > 0 ? asked : ["/sign-in", "/", "/collections/flights"];
const TIMES = 3;

const browser = await launch();

async function slow(page, on) {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Network.enable");
  const rate = (1.6 * 1024 * 1024) / 8;
  const network = { offline: false, latency: on ? 150 : 0, downloadThroughput: on ? rate : -1, uploadThroughput: on ? rate : -1 };
  await devtools.send("Network.emulateNetworkConditions", network);
  await devtools.send("Emulation.setCPUThrottlingRate", { rate: on ? 4 : 1 });
  return devtools;
}

/** Milliseconds from the navigation until the page can be used. */
async function usable(page, path) {
  await page.goto(origin + path, { waitUntil: "commit" });
  const handle = await page.waitForFunction(
    () => {
      const here = document.querySelector("main h1, main form, .grid-body .grid-row:not([hidden])");
      const coming = document.querySelector("#boot, main .skeleton, .grid-row.loading:not([hidden])");
      const grid = document.querySelector(".grid-body");
      const empty = grid && !grid.querySelector(".grid-row:not([hidden])");
      return here && !coming && !empty && !document.documentElement.hasAttribute("data-loading") ? performance.now() : 0;
    },
    undefined,
    { polling: "raf", timeout: 120_000 },
  );
  return handle.jsonValue();
}

const median = (times) => times.toSorted((one, other) => one - other)[Math.floor(times.length / 2)];

async function measure(path, { throttled, cold }) {
  const times = [];
  for (let time = 0; time < TIMES; time++) {
    const context = await browser.newContext({ viewport: desktop });
    const page = await context.newPage();
    if (path !== "/sign-in") {
      await page.goto(`${origin}/sign-in?next=/settings`);
      await page.fill("input[type=email]", email);
      await page.fill("input[type=password]", password);
      await page.keyboard.press("Enter");
      await page.waitForURL((url) => url.pathname === "/settings");
      await page.getByRole("heading", { name: "Settings", exact: true }).waitFor();
    }
    if (!cold) await usable(page, path);
    await page.goto("about:blank");
    const devtools = await slow(page, throttled);
    if (cold) await devtools.send("Network.clearBrowserCache");
    times.push(await usable(page, path));
    await context.close();
  }
  return median(times);
}

for (const path of paths) {
  const told = [];
  for (const [name, how] of [["warm", { throttled: false, cold: false }], ["slow, nothing cached", { throttled: true, cold: true }], ["slow, cached", { throttled: true, cold: false }]]) {
    told.push(`${name} ${(await measure(path, how) / 1000).toFixed(2)} s`);
  }
  console.log(`${path.padEnd(24)} ${told.join("  ")}`);
}
await browser.close();
