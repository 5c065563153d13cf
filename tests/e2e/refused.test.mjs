// Changes that the server does not take as they are: its own answers, no made-up ones.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { AxeBuilder } from "@axe-core/playwright";
import { client, start } from "./annex.mjs";
import { launch, open, signIn } from "./browser.mjs";
import { cell, ready } from "./grid.mjs";
import { library } from "./library.mjs";

let pair, browser, page, api;
before(async () => {
  pair = await start();
  browser = await launch();
  api = await client(pair.api);
  await library(api);
  await api.post("/v1/records/authors", { name: "Octavia E. Butler" });
  page = await open(browser);
  await signIn(page, pair.site);
});
after(async () => {
  await browser?.close();
  await pair?.end();
});

const news = (words) => page.getByRole("region", { name: "News" }).getByText(words).waitFor();
const bar = () => page.getByRole("region", { name: "Changes" });

async function write(row, column, text) {
  await (await cell(page, row, column)).dblclick();
  const editor = page.locator(".cell-editor");
  await editor.getByRole("textbox").fill(text);
  await editor.getByRole("textbox").press("Control+Enter");
  await editor.waitFor({ state: "detached" });
}

test("what somebody else has changed too is asked about, and nothing is lost", async () => {
  await page.goto(`${pair.site}/collections/books?sort=pages`);
  await ready(page);
  const [book] = (await api.get("/v1/records/books?sort=pages&limit=1")).items;
  await Promise.all([page.waitForResponse((answer) => answer.url().includes(`/v1/records/books/${book.id}`) && answer.ok()), write(0, "title", "Mine")]);
  await bar().getByText("1 change in 1 row").waitFor();
  await api.patch(`/v1/records/books/${book.id}`, { title: "Theirs" });
  await page.keyboard.press("Control+s");
  const question = page.getByRole("dialog", { name: "Somebody else has changed these too" });
  await question.getByText("Theirs", { exact: true }).first().waitFor();
  await question.getByText("Mine").waitFor();
  await question.getByText(`It was ${book.title}`).waitFor();
  assert.deepEqual((await new AxeBuilder({ page }).analyze()).violations.map(({ id }) => id), []);
  assert.equal((await api.get(`/v1/records/books/${book.id}`)).title, "Theirs", "nothing is written before the answer");
  const save = question.getByRole("button", { name: "Save" });
  assert.ok(await save.isDisabled(), "nothing is chosen for whoever saves");
  await question.getByRole("radio", { name: /Yours/ }).check();
  await save.click();
  await news("Saved");
  assert.equal((await api.get(`/v1/records/books/${book.id}`)).title, "Mine");
  await bar().waitFor({ state: "detached" });
  page.calm();
});

test("a value that is refused says why where it was written, and with the others stays unsaved", async () => {
  await page.goto(`${pair.site}/collections/authors?sort=name`);
  await ready(page);
  await write(0, "email", "not an address");
  await write(1, "email", "ursula@example.org");
  await page.keyboard.press("Control+s");
  await news(/Nothing was saved/);
  await news(/request [0-9a-f-]{36}/);
  const review = page.getByRole("dialog", { name: "2 changes in 2 rows" });
  await review.locator(".field-error").waitFor();
  assert.equal(await review.locator(".field-error").count(), 1, "only what is wrong is marked");
  assert.deepEqual((await new AxeBuilder({ page }).analyze()).violations.map(({ id }) => id), []);
  const { items } = await api.get("/v1/records/authors?sort=name");
  assert.deepEqual(items.map((author) => author.email), [null, "ursula@example.com"], "all or nothing");
  await review.locator(".review-row").filter({ has: page.locator(".field-error") }).getByRole("button", { name: "Undo the row" }).click();
  await page.keyboard.press("Control+s");
  await bar().waitFor({ state: "detached" });
  assert.equal((await api.get("/v1/records/authors?sort=name")).items[1].email, "ursula@example.org");
});

test("a value that another row has already says so", async () => {
  await write(0, "name", "Ursula K. Le Guin");
  await page.keyboard.press("Control+s");
  await page.getByRole("dialog", { name: "1 change in 1 row" }).locator(".field-error").waitFor();
  assert.equal((await api.get("/v1/records/authors?sort=name")).items[0].name, "Octavia E. Butler");
});
