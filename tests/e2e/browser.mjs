// A real Chromium, and what every walk through the console does.
import assert from "node:assert/strict";
import { chromium } from "playwright-core";
import { admin } from "./annex.mjs";

const flags = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export const desktop = { width: 1440, height: 900 };
export const phone = { width: 390, height: 844 };

const executable = process.env.CHROMIUM ?? "/usr/bin/chromium";

export function launch(options = {}) {
  return chromium.launch({ executablePath: executable, ...options, args: [...flags, ...(options.args ?? [])] });
}

/** The same with a profile of its own that all pages share, and a port for other programs. */
export function launchLasting(profile, port) {
  return chromium.launchPersistentContext(profile, { executablePath: executable, args: [...flags, `--remote-debugging-port=${port}`] });
}

/** A page of a new profile. What the console complains of, or fails with, fails the test when `page.calm()` is asked. */
export async function open(browser, { viewport = desktop, theme = "light", touch = false } = {}) {
  const context = await browser.newContext({ viewport, colorScheme: theme, reducedMotion: "reduce", hasTouch: touch, isMobile: touch, acceptDownloads: true });
  // A machine that has much else to do is slow, not wrong.
  context.setDefaultTimeout(90_000);
  const page = await context.newPage();
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    // An answer of 4xx is the API's to give, and a server may be away; that the browser writes it down is not a fault of the console.
    const refused = /^(Failed to load resource|WebSocket connection to .* failed)/.test(message.text());
    if (message.type() === "error" && !refused) complaints.push(`${message.text()} (${page.url()}, ${message.location().url}:${message.location().lineNumber})`);
  });
  page.calm = () => assert.deepEqual(complaints, []);
  return page;
}

export async function signIn(page, site, path = "/") {
  await page.goto(`${site}/sign-in?next=${encodeURIComponent(path)}`);
  await page.getByLabel("E-mail").fill(admin.email);
  await page.getByLabel("Password", { exact: true }).fill(admin.password);
  await page.keyboard.press("Enter");
  await page.waitForURL((url) => !url.pathname.startsWith("/sign-in"));
}
