// What a new user does, with a finger on a phone.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { client, start } from "./annex.mjs";
import { launch, open, phone, signIn } from "./browser.mjs";
import { cell, counted, ready } from "./grid.mjs";
import { library } from "./library.mjs";

let pair, browser, page, api, swipe;
before(async () => {
  pair = await start();
  browser = await launch();
  api = await client(pair.api);
  await library(api);
  page = await open(browser, { viewport: phone, touch: true });
  const devtools = await page.context().newCDPSession(page);
  swipe = async (x, from, to) => {
    const touch = (type, y) => devtools.send("Input.dispatchTouchEvent", { type, touchPoints: y === undefined ? [] : [{ x, y }] });
    await touch("touchStart", from);
    for (let step = 1; step <= 10; step++) await touch("touchMove", from + ((to - from) * step) / 10);
    // A finger that leaves while it moves throws, and the next touch only stops that.
    await page.waitForTimeout(100);
    await touch("touchEnd");
  };
});
after(async () => {
  await browser?.close();
  await pair?.end();
});

const toast = (words) => page.getByRole("region", { name: "News" }).getByText(words).waitFor();

/** Holds that the page is no wider than the phone. */
async function fits() {
  const wider = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(wider <= 0, `${page.url()} is ${wider} px wider than the screen`);
}

test("the menu leads to the pages", async () => {
  await signIn(page, pair.site);
  await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
  await fits();
  await page.getByRole("button", { name: "Menu" }).tap();
  const menu = page.getByRole("dialog", { name: "Menu" });
  await menu.getByRole("link", { name: "Collections", exact: true }).tap();
  await page.getByRole("heading", { level: 1, name: "Collections" }).waitFor();
  await menu.waitFor({ state: "hidden" });
  await fits();
});

test("a collection is made", async () => {
  await page.getByRole("link", { name: "New", exact: true }).tap();
  await page.getByLabel("Name").first().fill("shelves");
  const field = page.locator(".field-row").first();
  await field.getByLabel("Name").fill("place");
  await field.getByRole("button", { name: "Options of place" }).tap();
  await field.getByText("Unique", { exact: true }).tap();
  await page.locator(".plan-step").filter({ hasText: /unique/i }).first().waitFor();
  await fits();
  await page.getByRole("button", { name: "Create", exact: true }).tap();
  await toast("shelves was created");
  assert.equal((await api.get("/v1/collections/shelves")).fields.find((one) => one.name === "place").unique, true);
  page.calm();
});

test("the rows follow the finger, and one opens where it is tapped", async () => {
  await page.goto(`${pair.site}/collections/books?sort=pages`);
  await ready(page);
  await fits();
  await counted(page, /^1–/);
  await swipe(200, 600, 250);
  await page.waitForFunction(() => !document.querySelector(".data-status").innerText.startsWith("1–"));
  await swipe(200, 250, 700);
  await counted(page, /^1–/);
  await (await cell(page, 0, "title")).tap();
  const drawer = page.getByRole("dialog", { name: "Row of books" });
  await drawer.getByRole("link", { name: "Go to authors" }).waitFor();
  await fits();
});

test("it is changed there, and saved", async () => {
  const drawer = page.getByRole("dialog", { name: "Row of books" });
  await drawer.getByLabel("title").fill("Tapped");
  await drawer.getByLabel("status").selectOption("withdrawn");
  await drawer.getByRole("button", { name: "Save 2 changes" }).tap();
  await toast("Saved 2 changes");
  const [book] = (await api.get("/v1/records/books?sort=pages&limit=1")).items;
  assert.deepEqual([book.title, book.status], ["Tapped", "withdrawn"]);
  await drawer.getByRole("link", { name: "Go to authors" }).tap();
  await page.waitForURL((url) => url.pathname === "/collections/authors");
  await page.getByRole("dialog", { name: "Row of authors" }).getByText("Ursula K. Le Guin").first().waitFor();
  await page.goBack();
  await drawer.waitFor();
  page.calm();
});

test("it is deleted, and that is taken back", async () => {
  const drawer = page.getByRole("dialog", { name: "Row of books" });
  await drawer.getByRole("button", { name: "Delete" }).tap();
  await drawer.waitFor({ state: "hidden" });
  await toast("Row deleted");
  await page.getByRole("button", { name: "Undo" }).tap();
  await (await cell(page, 0, "title")).getByText("Tapped").waitFor();
  assert.equal((await api.get("/v1/records/books?sort=pages&limit=1")).items[0].title, "Tapped");
  page.calm();
});

test("rows are filtered by a column's values, and exported", async () => {
  await page.getByRole("search").getByRole("textbox", { name: "Filter" }).fill('status = "published"');
  await page.getByRole("button", { name: "Apply the filter" }).tap();
  await page.waitForURL(/filter=/);
  await counted(page, "of 20 rows");
  await fits();
  await page.getByRole("button", { name: "More" }).tap();
  await page.getByRole("menuitem", { name: "Export" }).tap();
  const dialog = page.getByRole("dialog", { name: "Export" });
  await fits();
  const [download] = await Promise.all([page.waitForEvent("download"), dialog.getByRole("button", { name: "Export", exact: true }).tap()]);
  assert.equal(download.suggestedFilename(), "books.csv");
  page.calm();
});

test("a call is tried", async () => {
  await page.getByRole("link", { name: "API", exact: true }).tap();
  await page.getByRole("navigation", { name: "Operations" }).getByRole("link", { name: /list/i }).first().tap();
  await page.getByRole("region", { name: "Try it" }).getByRole("button", { name: "Send", exact: true }).tap();
  await page.getByRole("region", { name: "Try it" }).getByText(/^200/).waitFor();
  await fits();
  page.calm();
});
