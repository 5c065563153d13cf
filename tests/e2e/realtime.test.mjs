// The grid follows its rows as they are committed, whoever writes them, and the inspector shows what is told to whom.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { AxeBuilder } from "@axe-core/playwright";
import { client, start } from "./annex.mjs";
import { launch, open, phone, signIn } from "./browser.mjs";
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
  // Found and measured in one step: rows share elements, and a locator holds on to the element.
  const where = () =>
    page.evaluate((title) => {
      const words = [...document.querySelectorAll(".grid-body .grid-row:not([hidden]) [role=gridcell]")];
      return words.find((cell) => cell.innerText === title).getBoundingClientRect().y;
    }, title);
  const top = await where();
  await note("Above all");
  await note("Above all as well");
  await counted(page, `of ${ROWS + 2} rows`);
  assert.equal(Number(await at(title).getAttribute("aria-rowindex")) - 2, place + 2);
  assert.ok(Math.abs((await where()) - top) < 2, "the rows have moved");
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

const told = (op) => page.locator(".message-list > li").filter({ has: page.locator(".message-op", { hasText: op }) });
const said = (words) => page.locator(".message-list > li").filter({ hasText: words });
const messages = page => page.getByRole("region", { name: "Messages" });

test("the inspector shows what is told, and goes on behind a cursor", async () => {
  await page.goto(`${pair.site}/realtime?collection=notes`);
  await sign("Live");
  const { id } = await note("Inspected");
  await told("enter").filter({ hasText: "Inspected" }).waitFor();
  await api.patch(`/v1/records/notes/${id}`, { title: "Inspected again" });
  await told("update").locator("summary").click();
  await told("update").getByRole("region", { name: "The message" }).getByText('"title": "Inspected again"').waitFor();
  await messages(page).getByRole("radiogroup").getByText("Enter", { exact: true }).click();
  await page.waitForURL((url) => url.searchParams.get("op") === "enter");
  await told("update").waitFor({ state: "detached" });

  await page.getByRole("button", { name: "Clear" }).click();
  await page.getByText("What is told shows here").waitFor();
  await page.getByRole("button", { name: "Pause" }).click();
  await note("Held back");
  await page.getByRole("button", { name: /^Go on\s*1$/ }).waitFor();
  assert.equal(await said("Held back").count(), 0);
  await page.getByRole("button", { name: /^Go on/ }).click();
  await said("Held back").waitFor();

  await page.getByRole("button", { name: "Resume" }).click();
  await page.waitForURL((url) => url.searchParams.has("after"));
  await sign("Live");
  await page.getByRole("button", { name: "Stop" }).click();
  await sign("Not subscribed");
  await note("While nobody followed");
  await page.getByRole("button", { name: "Subscribe", exact: true }).click();
  await said("While nobody followed").waitFor();
  assert.equal(await said("Held back").count(), 1);
  page.calm();
});

test("somebody else is told what the rules let through, and nothing else", async () => {
  await api.post("/v1/users", { email: "grace@example.com", password: "eleven calm badgers" });
  await page.goto(`${pair.site}/realtime`);
  await page.getByRole("radiogroup", { name: "Subscribe as" }).getByText("A user").click();
  const dialog = page.getByRole("dialog", { name: "Subscribe as a user" });
  await dialog.getByRole("button", { name: /grace@example\.com/ }).click();
  await page.getByRole("button", { name: "Subscribe", exact: true }).click();
  await sign("Live");
  const { id } = await note("Nobody else's matter");
  await api.patch(`/v1/records/notes/${id}`, { title: "Shared by now", state: "shared" });
  await api.patch(`/v1/records/notes/${id}`, { title: "Taken back", state: "draft" });
  await note("Told last", "shared");
  await told("enter").filter({ hasText: "Told last" }).waitFor();
  await told("enter").filter({ hasText: "Shared by now" }).waitFor();
  assert.equal(await told("leave").count(), 1);
  const all = await page.locator(".message-list").innerText();
  assert.ok(!all.includes("Nobody else's matter") && !all.includes("Taken back"), all);

  // The address has all of it.
  await page.reload();
  await sign("Live");
  await page.getByRole("button", { name: "grace@example.com" }).waitFor();
  await note("After the reload", "shared");
  await told("enter").filter({ hasText: "After the reload" }).waitFor();
  page.calm();
});

test("nothing is wider than a phone, and axe finds nothing in either theme", async () => {
  for (const theme of ["light", "dark"]) {
    for (const viewport of [undefined, phone]) {
      const other = await open(browser, { viewport, theme });
      await signIn(other, pair.site, "/realtime?collection=notes&snapshot");
      await other.locator(".message summary").first().click();
      await other.getByRole("region", { name: "The message" }).waitFor();
      const wider = await other.evaluate(() => document.querySelector("main").scrollWidth > document.querySelector("main").clientWidth + 1);
      assert.ok(!wider, `wider than ${other.viewportSize().width}`);
      const axe = new AxeBuilder({ page: other });
      const { violations } = await (theme === "light" ? axe : axe.withRules(["color-contrast"])).analyze();
      assert.deepEqual(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]), []);
      other.calm();
      await other.context().close();
    }
  }
});
