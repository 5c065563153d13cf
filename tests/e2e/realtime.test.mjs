// The grid follows its rows as they are committed, whoever writes them, and the inspector shows what is told to whom.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { client, start } from "./annex.mjs";
import { launch, open, signIn } from "./browser.mjs";
import { cell, counted, ready, rows } from "./grid.mjs";

const ROWS = 150;

let pair, browser, page, api;
before(async () => {
  pair = await start();
  browser = await launch();
  api = await client(pair.api);
  await api.post("/v1/collections", {
    name: "notes",
    fields: [
      { name: "title", type: "text", required: true },
      { name: "state", type: "enum", values: ["draft", "shared"], default: "draft" },
    ],
    rules: { list: 'state = "shared"', view: 'state = "shared"' },
    realtime: true,
  });
  const operations = Array.from({ length: ROWS }, (_, index) => ({ method: "create", collection: "notes", body: { title: `Note ${index}` } }));
  await api.post("/v1/batch", { operations });
  page = await open(browser);
  await signIn(page, pair.site);
});
after(async () => {
  await browser?.close();
  await pair?.end();
});

/** Waits until the grid says so of itself. */
const sign = (words) => page.locator(".live-sign").filter({ hasText: words }).waitFor();

/** Shows the notes, followed. */
async function show(query = "?sort=-created_at") {
  await page.goto(`${pair.site}/collections/notes${query}`);
  await sign("Live");
  await ready(page);
}

const note = (title, state = "draft") => api.post("/v1/records/notes", { title, state });
const text = async (row, column) => (await cell(page, row, column)).innerText();

test("rows come, change and leave as they are committed", async () => {
  await show();
  await counted(page, `of ${ROWS} rows`);
  const { id } = await note("Made elsewhere");
  await (await cell(page, 0, "title")).getByText("Made elsewhere").waitFor();
  await counted(page, `of ${ROWS + 1} rows`);
  // By another program, past the API.
  await pair.psql(`update notes set title = 'Changed by psql' where id = '${id}'`);
  await (await cell(page, 0, "title")).getByText("Changed by psql").waitFor();
  await page.locator(".grid-row.told, .grid-row.told-again").filter({ hasText: "Changed by psql" }).waitFor();
  await page.waitForFunction(() => !document.querySelector(".grid-row.told, .grid-row.told-again"));
  await api.delete(`/v1/records/notes/${id}`);
  await page.getByText("Changed by psql").waitFor({ state: "detached" });
  await counted(page, `of ${ROWS} rows`);
  page.calm();
});

test("what shows, what is chosen and what is written stay where they are", async () => {
  await show();
  await page.locator(".grid-body").hover();
  await page.mouse.wheel(0, 900);
  await page.waitForFunction(() => !document.querySelector('.grid-body [role=row][aria-rowindex="2"]:not([hidden])'));
  await ready(page);
  const middle = rows(page).nth(8);
  const place = Number(await middle.getAttribute("aria-rowindex")) - 2;
  const [title, below] = [await text(place, "title"), await text(place + 3, "title")];
  const at = (words) => rows(page).filter({ has: page.getByText(words, { exact: true }) });
  await at(below).getByRole("checkbox").click();
  await page.getByText("1 selected").waitFor();
  const top = (await at(title).boundingBox()).y;
  await note("Above all");
  await note("Above all as well");
  await counted(page, `of ${ROWS + 2} rows`);
  assert.equal(Number(await at(title).getAttribute("aria-rowindex")) - 2, place + 2);
  assert.ok(Math.abs((await at(title).boundingBox()).y - top) < 2, "the rows have moved");
  assert.equal(await at(below).getAttribute("aria-selected"), "true");

  await (await cell(page, place + 2, "title")).dblclick();
  const editor = page.getByRole("group", { name: /^title/ }).getByRole("textbox");
  await editor.fill("Written meanwhile");
  await note("While that is written");
  await page.keyboard.press("Enter");
  await counted(page, `of ${ROWS + 3} rows`);
  await at("Written meanwhile").waitFor();
  assert.equal(Number(await at("Written meanwhile").getAttribute("aria-rowindex")) - 2, place + 3);
  await page.getByRole("button", { name: "Discard" }).click();
  await at(title).waitFor();
  page.calm();
});

test("a row whose place only the database knows waits to be shown", async () => {
  await show("?sort=title");
  const first = await text(0, "title");
  await note("A first one");
  const load = page.getByRole("button", { name: "1 new row" });
  await load.waitFor();
  assert.equal(await text(0, "title"), first);
  await load.click();
  await (await cell(page, 0, "title")).getByText("A first one").waitFor();
  await load.waitFor({ state: "detached" });
  page.calm();
});

test("a filter decides what is told, and one that only the database decides is read anew", async () => {
  await page.goto(`${pair.site}/collections/notes?filter=${encodeURIComponent('state = "shared"')}`);
  await sign("Live");
  await counted(page, "No rows");
  const { id } = await note("Comes and goes");
  await api.patch(`/v1/records/notes/${id}`, { state: "shared" });
  await (await cell(page, 0, "title")).getByText("Comes and goes").waitFor();
  await api.patch(`/v1/records/notes/${id}`, { state: "draft" });
  await counted(page, "No rows");
  await page.goto(`${pair.site}/collections/notes?filter=${encodeURIComponent('lower(title) = "loud"')}`);
  await sign("Reloads");
  await note("LOUD");
  await (await cell(page, 0, "title")).getByText("LOUD").waitFor();
  page.calm();
});

test("it is paused and goes on behind what was told", async () => {
  await show();
  await page.getByRole("button", { name: "Pause" }).click();
  await sign("Paused");
  await note("While it is paused");
  await note("Then another one");
  assert.equal(await page.getByText("While it is paused").count(), 0);
  await page.getByRole("button", { name: "Follow the rows again" }).click();
  await (await cell(page, 1, "title")).getByText("While it is paused").waitFor();
  await (await cell(page, 0, "title")).getByText("Then another one").waitFor();
  await sign("Live");
  page.calm();
});

test("a server that dies is found again, and nothing is missed", async () => {
  await show();
  await pair.kill();
  await sign("Reconnecting");
  await pair.again();
  await pair.psql("insert into notes (title) values ('Before anybody was back')");
  await (await cell(page, 0, "title")).getByText("Before anybody was back").waitFor();
  await sign("Live");
  page.calm();
});
