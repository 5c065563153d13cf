// axe-core finds nothing on any page, in either theme, wide or narrow.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { AxeBuilder } from "@axe-core/playwright";
import { client, start } from "./annex.mjs";
import { desktop, launch, open, phone, signIn } from "./browser.mjs";
import { library } from "./library.mjs";

let pair, browser, record;
before(async () => {
  pair = await start();
  browser = await launch();
  record = await library(await client(pair.api));
});
after(async () => {
  await browser?.close();
  await pair?.end();
});

/** What is wrong with the page as it is now, a line each. */
async function faults(page) {
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations.flatMap((violation) => violation.nodes.map((node) => `${violation.id}: ${node.html.slice(0, 160)}`));
}

const pages = () => [
  "/",
  "/collections",
  "/collections/new",
  "/collections/adopt",
  "/collections/diagram",
  "/collections/books",
  `/collections/books?record=${record}`,
  "/collections/books/schema",
  "/collections/books/rules",
  "/collections/books/api",
  "/users",
  "/logs",
  "/settings",
  "/nowhere",
];

for (const [theme, viewport] of [["light", desktop], ["dark", desktop], ["light", phone], ["dark", phone]]) {
  test(`every page, ${theme}, ${viewport.width} px`, async () => {
    const page = await open(browser, { theme, viewport, touch: viewport === phone });
    await page.goto(`${pair.site}/sign-in`);
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    assert.deepEqual(await faults(page), [], "/sign-in");
    await page.goto(`${pair.site}/setup`);
    await page.getByLabel("Setup token").waitFor();
    assert.deepEqual(await faults(page), [], "/setup");
    await signIn(page, pair.site);
    for (const path of pages()) {
      await page.goto(pair.site + path);
      await page.getByRole("heading", { level: 1 }).or(page.getByRole("heading", { name: "There is nothing here" })).first().waitFor();
      await page.waitForLoadState("networkidle").catch(() => {});
      assert.deepEqual(await faults(page), [], path);
      const wider = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.ok(wider <= 0, `${path} is ${wider} px wider than the screen`);
    }
    page.calm();
    await page.context().close();
  });
}
