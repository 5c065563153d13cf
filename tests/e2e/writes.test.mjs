// What is written once and no second time, what is asked before it is lost, and what is done to many rows at once.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { client, start } from "./annex.mjs";
import { launch, open, signIn } from "./browser.mjs";
import { cell, counted, ready, rows } from "./grid.mjs";

const MANY = 2_500;

let pair, browser, page, api;
before(async () => {
  pair = await start();
  browser = await launch();
  api = await client(pair.api);
  await api.post("/v1/collections", { name: "notes", fields: [{ name: "title", type: "text", required: true }, { name: "page", type: "int" }] });
  await pair.psql(`insert into notes (title, page) select 'Note ' || n, n from generate_series(1, ${MANY}) n`);
  await pair.psql("create table words (word text primary key, meaning text); insert into words values ('.', 'a stop'), ('..', 'two'), ('', 'nothing'), ('a/b', 'a part')");
  await api.post("/v1/collections/adopt", { table: "public.words", name: "words", rules: {} });
  page = await open(browser);
  await signIn(page, pair.site);
});
after(async () => {
  await browser?.close();
  await pair?.end();
});

const total = async (filter) => {
  const path = `/v1/records/notes?limit=1&filter=${encodeURIComponent(filter)}`;
  const answer = await fetch(pair.api + path, { headers: { authorization: `Bearer ${api.token}`, prefer: "count=exact" } });
  return (await answer.json()).count;
};
const news = (words) => page.getByRole("region", { name: "News" }).getByText(words).waitFor();
const drawer = (name) => page.getByRole("dialog", { name });

async function at(path) {
  await page.goto(pair.site + path);
  await ready(page);
}

test("a write whose answer is lost is sent again under its key, and done once", async () => {
  await at("/collections/notes?new");
  const keys = [];
  let lose = true;
  await page.route(`${pair.api}/v1/records/notes`, async (route) => {
    if (route.request().method() !== "POST") return route.continue();
    keys.push(route.request().headers()["idempotency-key"]);
    if (!lose) return route.continue();
    lose = false;
    // The server has done it; the answer comes nowhere.
    await route.fetch();
    await route.abort("connectionreset");
  });
  const form = drawer("New row of notes");
  await form.getByLabel("title", { exact: true }).fill("Once");
  await form.getByRole("button", { name: "Create", exact: true }).click();
  await form.getByText("It is not known whether the row was created").waitFor();
  await form.getByRole("button", { name: "Create", exact: true }).click();
  await news("Row created");
  await page.unroute(`${pair.api}/v1/records/notes`);
  assert.equal(keys.length, 2);
  assert.ok(keys[0] && keys[0] === keys[1], "it is the same key");
  assert.equal(await total('title = "Once"'), 1);
  page.calm();
});

test("what is written in the drawer is asked about before the way back, a link or a command loses it", async () => {
  await at("/collections/notes");
  await page.getByRole("button", { name: "New", exact: true }).click();
  const form = drawer("New row of notes");
  const title = form.getByLabel("title", { exact: true });
  const asked = page.getByRole("dialog", { name: "Discard what you wrote?" });
  await title.fill("Half a thought");
  await page.goBack({ waitUntil: "commit" }).catch(() => {});
  await asked.waitFor();
  await asked.getByRole("button", { name: "Cancel" }).click();
  await asked.waitFor({ state: "hidden" });
  assert.equal(await title.inputValue(), "Half a thought");
  assert.ok(page.url().endsWith("?new="), page.url());
  // A command leads elsewhere.
  await page.keyboard.press("Control+k");
  await page.getByRole("dialog", { name: "Commands" }).getByRole("combobox").fill("Logs");
  await page.keyboard.press("Enter");
  await asked.waitFor();
  await asked.getByRole("button", { name: "Cancel" }).click();
  await asked.waitFor({ state: "hidden" });
  assert.equal(await title.inputValue(), "Half a thought");
  // And who means it goes back.
  await page.goBack({ waitUntil: "commit" }).catch(() => {});
  await asked.getByRole("button", { name: "Discard" }).click();
  await form.waitFor({ state: "hidden" });
  await page.waitForURL((url) => url.pathname === "/collections/notes" && !url.searchParams.has("new"));
  await ready(page);
  page.calm();
});

test("rows open whose keys no path can name, and are changed", async () => {
  await at("/collections/words?sort=word");
  await counted(page, /4 rows/);
  for (const [key, meaning] of [["", "nothing"], [".", "a stop"], ["..", "two"], ["a%2Fb", "a part"]]) {
    await at(`/collections/words?record=${encodeURIComponent(key)}`);
    const row = drawer("Row of words");
    await row.getByLabel("meaning", { exact: true }).waitFor();
    assert.equal(await row.getByLabel("meaning", { exact: true }).inputValue(), meaning);
  }
  await at("/collections/words?record=.");
  const row = drawer("Row of words");
  await row.getByLabel("meaning", { exact: true }).fill("full stop");
  await row.getByRole("button", { name: "Save the change" }).click();
  await news("Saved");
  const { items } = await api.get('/v1/records/words?filter=word%20%3D%20"."');
  assert.equal(items[0].meaning, "full stop");
  page.calm();
});

test("the dialogs of the data stand in the address", async () => {
  await at("/collections/notes");
  await page.getByRole("button", { name: "More", exact: true }).click();
  await page.getByRole("menuitem", { name: "Export" }).click();
  await drawer("Export").waitFor();
  await page.waitForURL(/[?&]export/);
  await page.reload();
  await drawer("Export").waitFor();
  await page.keyboard.press("Escape");
  await page.waitForURL((url) => !url.searchParams.has("export"));
  await ready(page);
  await (await cell(page, 0, "title")).dblclick();
  await page.locator(".cell-editor").getByRole("textbox").fill("Changed");
  await page.keyboard.press("Control+Enter");
  await page.getByRole("region", { name: "Changes" }).getByRole("button", { name: "Review" }).click();
  await drawer("1 change in 1 row").waitFor();
  await page.waitForURL(/[?&]review/);
  await page.goBack({ waitUntil: "commit" });
  await drawer("1 change in 1 row").waitFor({ state: "hidden" });
  await page.getByRole("region", { name: "Changes" }).getByRole("button", { name: "Discard" }).click();
  page.calm();
});

const everything = async () => {
  await (await cell(page, 0, "title")).focus();
  await page.keyboard.press("Control+a");
  await page.getByRole("region", { name: "Selected rows" }).waitFor();
};

test("a thousand rows that were chosen are deleted together once that cannot be taken back", async () => {
  await at("/collections/notes?filter=page%20%3E%201500&sort=page");
  // The planner may have estimated another number.
  const count = page.getByRole("button", { name: "Count", exact: true });
  if (await count.isVisible()) await count.click();
  await counted(page, / of 1,000 rows/);
  await (await cell(page, 0, "title")).focus();
  await page.keyboard.press(" ");
  await page.keyboard.press("Control+End");
  await page.locator('.grid-row[aria-rowindex="1001"]:not([hidden]):not(.loading)').waitFor();
  await page.keyboard.press("Shift+ ");
  await page.getByRole("region", { name: "Selected rows" }).getByText("1000 selected").waitFor();
  const sent = page.waitForResponse((answer) => answer.url() === `${pair.api}/v1/batch` && answer.request().method() === "POST");
  await page.keyboard.press("Control+Backspace");
  await news("1,000 rows deleted");
  await page.getByRole("region", { name: "News" }).getByRole("button", { name: "Close" }).first().click();
  assert.equal((await sent).request().postDataJSON().operations.length, 1000);
  assert.equal(await total("page > 1500"), 0);
  page.calm();
});

test("everything that matches is changed and deleted only by who types how many rows that is", async () => {
  await at("/collections/notes?filter=page%20%3C%3D%201500&sort=page");
  await everything();
  await page.getByRole("button", { name: "Change", exact: true }).click();
  const change = page.getByRole("dialog", { name: "Change 1,500 rows" });
  await change.getByText("This cannot be undone").waitFor();
  await change.getByLabel("Field").selectOption("title");
  await change.getByLabel("New value").fill("The same");
  const apply = change.getByRole("button", { name: "Change them" });
  assert.ok(await apply.isDisabled());
  await change.getByLabel("Type 1,500 to confirm").fill("1500");
  await apply.click();
  await news("1,500 rows changed");
  assert.equal(await total('title = "The same"'), 1500);
  await ready(page);
  await everything();
  await page.getByRole("button", { name: "Delete", exact: true }).click();
  const remove = page.getByRole("dialog", { name: "Delete 1,500 rows?" });
  await remove.getByText("this cannot be undone").waitFor();
  const confirm = remove.getByRole("button", { name: "Delete them" });
  assert.ok(await confirm.isDisabled());
  await remove.getByLabel("Type 1,500 to confirm").fill("150");
  assert.ok(await confirm.isDisabled());
  await remove.getByLabel("Type 1,500 to confirm").fill("1,500");
  await confirm.click();
  await news("1,500 rows deleted");
  assert.equal(await total("page <= 1500"), 0);
  assert.equal(await total('title = "Once"'), 1, "what does not match is there");
  await page.getByText("No row matches").waitFor();
  assert.equal(await rows(page).count(), 0);
  page.calm();
});
