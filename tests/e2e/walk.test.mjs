// What a new user does, step by step, beside a server on a fresh data folder.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { admin, client, start } from "./annex.mjs";
import { launch, open } from "./browser.mjs";
import { airlines, csv, delay } from "./flights.mjs";
import { cell, counted, head, holdsFew, ready, rows } from "./grid.mjs";

const LINES = 3000;

let pair, browser, page, api;
before(async () => {
  pair = await start({ withAdmin: false });
  browser = await launch();
  page = await open(browser);
});
after(async () => {
  await browser?.close();
  await pair?.end();
});

const toast = (words) => page.getByRole("region", { name: "News" }).getByText(words).waitFor();
const plan = () => page.getByRole("complementary", { name: /SQL preview|Review/ });

test("the one-time link leads to a password, and that to the overview", async () => {
  assert.ok(pair.setup?.startsWith(pair.site), "the server prints one link to the console");
  await page.goto(pair.setup);
  await page.getByRole("heading", { name: "Welcome to Annex" }).waitFor();
  assert.equal(await page.getByLabel("Setup token").count(), 0, "the token of the link is taken");
  await page.getByLabel("E-mail").fill(admin.email);
  await page.getByLabel("Password", { exact: true }).fill("short");
  await page.getByRole("button", { name: "Create the account" }).click();
  await page.locator(".field-error").first().waitFor();
  assert.equal(new URL(page.url()).pathname, "/setup");
  await page.getByLabel("Password", { exact: true }).fill(admin.password);
  await page.getByRole("button", { name: "Create the account" }).click();
  await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
  assert.equal(new URL(page.url()).hash, "", "the token is no longer in the address");
  await page.getByRole("heading", { name: "First steps" }).waitFor();
  assert.equal(await page.getByRole("alert").count(), 0);

  // It is one-time.
  const other = await open(browser);
  await other.goto(pair.setup);
  await other.getByLabel("E-mail").fill("eve@example.com");
  await other.getByLabel("Password", { exact: true }).fill(admin.password);
  await other.getByRole("button", { name: "Create the account" }).click();
  await other.getByRole("alert").waitFor();
  assert.equal(new URL(other.url()).pathname, "/setup");
  await other.context().close();
  api = await client(pair.api);
});

test("a table that psql made becomes a collection, with its rows", async () => {
  const values = airlines.map(([carrier, name]) => `('${carrier}', '${name}')`).join(", ");
  await pair.psql(`create table airlines (carrier text primary key, name text not null unique, secret text); insert into airlines values ${values}; create table no_key (note text)`);
  await page.getByRole("link", { name: "Adopt a table" }).click();
  await page.getByRole("row", { name: /no_key/ }).getByText("needs a key").waitFor();
  await page.getByRole("link", { name: "public.airlines" }).click();
  await page.getByLabel("secret").check();
  await page.getByRole("button", { name: "Everyone reads" }).click();
  await plan().getByText(/settings change/).waitFor();
  assert.equal(await plan().getByText(/alter table|create table/i).count(), 0, "the table stays as it is");
  await page.getByRole("button", { name: "Adopt" }).click();
  await toast("airlines was adopted");
  await ready(page);
  assert.equal(await (await cell(page, 0, "carrier")).innerText(), "AA");
  await counted(page, "1–5 of");
  const { rules, fields } = await api.get("/v1/collections/airlines");
  assert.equal(rules.list, "");
  assert.equal(rules.create, null);
  assert.equal(fields.find((field) => field.name === "secret").hidden, true);
});

test("a collection is made in a form, and its statements show before they run", async () => {
  await page.getByRole("link", { name: "Collections", exact: true }).first().click();
  await page.getByRole("link", { name: "New", exact: true }).click();
  await page.getByLabel("Name").first().fill("flights");
  const fields = [
    ["carrier", "relation"],
    ["flight", "int"],
    ["dest", "text"],
    ["dep_delay", "int"],
    ["distance", "int"],
    ["status", "enum"],
    ["time_hour", "timestamp"],
    ["remarks", "json"],
  ];
  for (const [index, [name, type]] of fields.entries()) {
    if (index > 0) await page.getByRole("button", { name: "Add a field" }).click();
    const row = page.locator(".field-row").nth(index);
    await row.getByLabel("Name").fill(name);
    await row.getByLabel("Type").selectOption(type);
  }
  const field = (index) => page.locator(".field-row").nth(index);
  await field(0).getByLabel("References").selectOption("airlines");
  await field(0).getByLabel("When that row is deleted").selectOption("restrict");
  await field(0).getByText("Required", { exact: true }).click();
  await field(1).getByRole("button", { name: "Options of flight" }).click();
  await field(1).getByText("Required", { exact: true }).click();
  for (const value of ["planned", "gone"]) {
    await field(5).getByLabel("Values").fill(value);
    await field(5).getByLabel("Values").press("Enter");
  }
  await page.getByRole("button", { name: "Add an index" }).click();
  for (const name of ["carrier", "-time_hour"]) {
    await page.locator(".index-row").getByLabel("Fields").fill(name);
    await page.locator(".index-row").getByLabel("Fields").press("Enter");
  }
  await page.getByRole("button", { name: "Everyone reads" }).click();
  const update = page.locator(".rule").filter({ hasText: "Update" }).first();
  await update.getByRole("combobox").first().selectOption("rule");
  const rule = update.getByRole("textbox", { name: "Update rule" });
  await rule.fill('"dispatcher" in @user.role');
  await update.locator(".field-error").waitFor();
  assert.ok(await page.getByRole("button", { name: "Create", exact: true }).isDisabled(), "what is wrong cannot be created");
  await rule.fill('"dispatcher" in @user.roles');
  await update.locator(".field-error").waitFor({ state: "detached" });

  const statements = plan().locator("pre");
  await statements.filter({ hasText: "-- never" }).waitFor({ state: "detached" });
  await page.waitForFunction(() => [...document.querySelectorAll(".plan-step pre")].some((pre) => /create index/i.test(pre.textContent)));
  const ddl = (await statements.allInnerTexts()).join("\n");
  for (const words of [/create table/i, /references .*airlines/i, /create index/i, /time_hour.* desc/i]) assert.match(ddl, words);
  assert.doesNotMatch(ddl, /drop/i);
  assert.ok(!(await api.get("/v1/collections")).items.some((collection) => collection.name === "flights"), "nothing is made yet");
  await page.getByRole("button", { name: "Create", exact: true }).click();
  await toast("flights was created");
  await page.getByRole("heading", { name: "No rows yet" }).waitFor();
  const made = await api.get("/v1/collections/flights");
  assert.equal(made.rules.update, '"dispatcher" in @user.roles');
  assert.equal(made.fields.find((field) => field.name === "carrier").collection, "airlines");
  page.calm();
});

test("a change of a type says what it keeps waiting, before it is made", async () => {
  await page.getByRole("link", { name: "Schema", exact: true }).click();
  await page.getByRole("button", { name: "Change distance" }).click();
  const drawer = page.getByRole("dialog", { name: "Change distance" });
  await drawer.getByLabel("Type").selectOption("bigint");
  await drawer.getByRole("button", { name: "Keep the change" }).click();
  await plan().locator("pre").filter({ hasText: /alter/i }).first().waitFor();
  await plan().getByText("Reads and writes wait while every row is checked or written again").first().waitFor();
  assert.equal(await plan().getByText(/loses/i).count(), 0, "an int fits into a bigint");
  const before = await api.get("/v1/collections/flights");
  assert.equal(before.fields.find((field) => field.name === "distance").type, "int");
  await plan().getByRole("button", { name: "Apply" }).click();
  await toast("The changes were made");
  await page.locator(".schema-fields tr").filter({ hasText: "distance" }).getByText("bigint").first().waitFor();
  assert.equal(await plan().count(), 0);
  page.calm();
});

test("a CSV is imported: mapped, tried, and only then written", async () => {
  await page.getByRole("link", { name: "Data", exact: true }).click();
  await page.getByRole("button", { name: "Import" }).click();
  const dialog = page.getByRole("dialog", { name: "Import" });
  const file = (options) => ({ name: "flights.csv", mimeType: "text/csv", buffer: Buffer.from(csv(LINES, options)) });
  await dialog.locator("input[type=file]").setInputFiles(file({ wrong: true }));
  await dialog.getByLabel("Field for carrier").waitFor();
  assert.equal(await dialog.getByLabel("Field for dep_delay").inputValue(), "dep_delay", "what is called alike is found");
  assert.equal(await dialog.getByLabel("Field for note").inputValue(), "", "what nothing is like is left out");
  await dialog.getByLabel("Field for miles").selectOption("distance");
  assert.ok(await dialog.getByRole("button", { name: "Import", exact: true }).isDisabled(), "nothing is written untried");
  await dialog.getByRole("button", { name: "Dry run" }).click();
  await dialog.getByText("Nothing was written").waitFor();
  await dialog.getByRole("region", { name: "What is wrong" }).getByRole("cell", { name: (LINES + 2).toLocaleString("en") }).waitFor();
  assert.equal((await api.get("/v1/records/flights?limit=1")).items.length, 0);

  await dialog.getByRole("button", { name: "Another file" }).click();
  await dialog.locator("input[type=file]").setInputFiles(file());
  await dialog.getByLabel("Field for miles").selectOption("distance");
  await dialog.getByRole("button", { name: "Dry run" }).click();
  await dialog.getByText("3,000 would be new").waitFor();
  assert.equal((await api.get("/v1/records/flights?limit=1")).items.length, 0, "a try writes nothing");
  await dialog.getByRole("button", { name: "Import", exact: true }).click();
  await toast("Imported 3,000 rows");
  await ready(page);
  page.calm();
});

test("a change that loses something says so, and asks", async () => {
  await page.getByRole("link", { name: "Schema", exact: true }).click();
  await page.getByRole("button", { name: "Drop dest" }).click();
  await plan().getByText(/loses/i).first().waitFor();
  await plan().getByRole("button", { name: "Apply" }).click();
  const question = page.getByRole("dialog", { name: "Apply and lose data?" });
  await question.getByRole("button", { name: "Cancel" }).click();
  await plan().getByRole("button", { name: "Discard" }).click();
  assert.ok((await api.get("/v1/collections/flights")).fields.some((field) => field.name === "dest"));
  await page.getByRole("link", { name: "Data", exact: true }).click();
  await ready(page);
  page.calm();
});

test("the rows are scrolled from top to bottom, and few are in the page", async () => {
  const body = await page.locator(".grid-body").boundingBox();
  await page.mouse.move(body.x + 300, body.y + body.height / 2);
  for (let turn = 0; turn < 20; turn++) await page.mouse.wheel(0, 400);
  await page.waitForFunction(() => Number(document.querySelector(".grid-body [role=row]:not([hidden])").getAttribute("aria-rowindex")) > 50);
  await ready(page);
  await holdsFew(page);
  await page.locator(".grid-body [role=rowheader]:visible").first().click();
  await page.keyboard.press("Control+End");
  await (await cell(page, LINES - 1, "flight")).waitFor();
  await ready(page);
  await holdsFew(page);
  const seen = await rows(page).count();
  assert.ok(seen > 5, `${seen} rows show at the end`);
  await page.waitForFunction((row) => document.activeElement.closest("[aria-rowindex]")?.getAttribute("aria-rowindex") === row, String(LINES + 1));
  await page.keyboard.press("Control+Home");
  await (await cell(page, 0, "flight")).waitFor();
  await ready(page);
  await counted(page, /^1–/);
  page.calm();
});

test("they are filtered, sorted, and the way back undoes both", async () => {
  await counted(page, /of 3,000 rows/);
  const filter = page.getByRole("search").getByRole("textbox", { name: "Filter" });
  await filter.click();
  await filter.fill("dep_delay > ");
  await page.locator(".filter-bar .field-error").waitFor();
  await filter.fill('dep_delay >= 180 and carrier.name = "Delta Air Lines Inc."');
  await filter.press("Escape");
  await filter.press("Enter");
  await page.waitForURL(/filter=/);
  await page.getByRole("list", { name: "Conditions" }).getByText("dep_delay >= 180").waitFor();
  const expected = Array.from({ length: LINES }, (_, index) => index + 1).filter((line) => delay(line) >= 180 && line % 5 === 2);
  await ready(page);
  await page.keyboard.press("Escape");
  await (await cell(page, 0, "flight")).click();
  await page.keyboard.press("Control+End");
  await counted(page, new RegExp(`–${expected.length} of ${expected.length} rows`));
  await head(page, "dep_delay").click();
  await page.waitForURL(/sort=dep_delay/);
  await counted(page, /^1–/);
  await head(page, "dep_delay").click();
  await page.waitForURL(/sort=-dep_delay/);
  assert.equal(await head(page, "dep_delay").getAttribute("aria-sort"), "descending");
  await ready(page);
  const first = await cell(page, 0, "dep_delay");
  await first.getByText(String(Math.max(...expected.map(delay)))).waitFor();
  const shown = await Promise.all((await rows(page).all()).slice(0, 5).map(async (_, row) => Number(await (await cell(page, row, "dep_delay")).innerText())));
  assert.deepEqual(shown, [...shown].sort((one, other) => other - one));
  const listed = await api.get(`/v1/records/flights?limit=1&filter=${encodeURIComponent('dep_delay >= 180 and carrier.name = "Delta Air Lines Inc."')}`);
  assert.equal(listed.items.length, 1);
  await page.getByRole("list", { name: "Conditions" }).getByRole("button", { name: "Take out" }).first().click();
  await page.waitForURL((url) => !url.searchParams.get("filter")?.includes("dep_delay"));
  await page.goBack();
  await page.waitForURL((url) => url.searchParams.get("filter")?.includes("dep_delay"));
  // A view is its address.
  await page.reload();
  await ready(page);
  await page.getByRole("list", { name: "Conditions" }).getByText("dep_delay >= 180").waitFor();
  page.calm();
});

test("one is opened, and its relation is followed", async () => {
  await page.locator(".grid-body .grid-row:not([hidden])").first().hover();
  await page.getByRole("button", { name: "Open the record" }).first().click();
  const drawer = page.getByRole("dialog", { name: "Row of flights" });
  await drawer.getByText("Delta Air Lines Inc.").or(drawer.getByLabel("carrier")).first().waitFor();
  await drawer.getByRole("link", { name: "Go to airlines" }).click();
  await page.waitForURL((url) => url.pathname === "/collections/airlines");
  await page.getByText("Delta Air Lines Inc.").first().waitFor();
  await page.goBack();
  await drawer.waitFor();
  await page.keyboard.press("Escape");
  await drawer.waitFor({ state: "hidden" });
  assert.ok(!page.url().includes("record="));
  page.calm();
});

test("three cells are changed and saved together", async () => {
  await page.goto(`${pair.site}/collections/flights?sort=flight`);
  await ready(page);
  await (await cell(page, 0, "dest")).getByText(/^[A-Z]{3}$/).waitFor();
  const write = async (row, column, act) => {
    await (await cell(page, row, column)).dblclick();
    const editor = page.locator(".cell-editor");
    await editor.waitFor();
    await act(editor);
    await editor.waitFor({ state: "detached" });
  };
  await write(0, "dest", async (editor) => {
    await editor.getByRole("textbox").fill("JFK");
    await editor.getByRole("textbox").press("Enter");
  });
  await write(1, "dep_delay", async (editor) => {
    await editor.getByRole("textbox").fill("soon");
    await editor.getByRole("textbox").press("Enter");
    await editor.locator(".field-error").waitFor();
    await editor.getByRole("textbox").fill("7");
    await editor.getByRole("textbox").press("Enter");
  });
  await write(2, "carrier", async (editor) => {
    await editor.getByRole("combobox").fill("JetB");
    // What is meant is what is written, also where the rows that are offered are still others.
    await editor.getByRole("combobox").press("Enter");
  });
  const bar = page.getByRole("region", { name: "Changes" });
  await bar.getByText("3 changes in 3 rows").waitFor();
  const before = await api.get("/v1/records/flights?sort=flight&limit=3");
  assert.notEqual(before.items[0].dest, "JFK", "nothing is saved yet");
  await bar.getByRole("button", { name: "Review" }).click();
  const review = page.getByRole("dialog", { name: "3 changes in 3 rows" });
  await review.getByText("JFK").waitFor();
  await review.getByText("JetBlue Airways").waitFor();
  let writes = 0;
  page.on("request", (request) => (writes += request.url() === `${pair.api}/v1/batch` && request.method() === "POST" ? 1 : 0));
  await page.keyboard.press("Control+s");
  await toast("Saved 3 changes");
  await bar.waitFor({ state: "detached" });
  assert.equal(writes, 1, "they go in one request");
  const { items } = await api.get("/v1/records/flights?sort=flight&limit=3");
  assert.deepEqual([items[0].dest, items[1].dep_delay, items[2].carrier], ["JFK", 7, "B6"]);
  await (await cell(page, 2, "carrier")).getByText("JetBlue Airways").waitFor();
  page.calm();
});

test("a row is deleted, and that is taken back; another is deleted for good", async () => {
  const [kept, lost] = (await api.get("/v1/records/flights?sort=flight&limit=5")).items.slice(3);
  const remove = async (row) => {
    await (await cell(page, row, "dest")).click({ button: "right" });
    await page.getByRole("menuitem", { name: "Delete the row" }).click();
    await toast("Row deleted");
  };
  const flight = async (row) => Number(await (await cell(page, row, "flight")).innerText());
  await remove(3);
  await (await cell(page, 3, "flight")).getByText(String(lost.flight), { exact: true }).waitFor();
  // It can be taken back on other pages too, and after coming back.
  await page.getByRole("link", { name: "Schema", exact: true }).click();
  await page.getByRole("button", { name: "Drop dest" }).waitFor();
  await page.goBack();
  await ready(page);
  assert.equal(await flight(3), lost.flight);
  await page.getByRole("button", { name: "Undo" }).click();
  await (await cell(page, 3, "flight")).getByText(String(kept.flight), { exact: true }).waitFor();
  assert.equal(await flight(4), lost.flight);
  await remove(4);
  await (await cell(page, 4, "flight")).getByText(String(lost.flight + 1), { exact: true }).waitFor();
  await page.getByText("Row deleted").waitFor({ state: "detached", timeout: 60_000 });
  await page.waitForFunction(async ([url, token]) => (await fetch(url, { headers: { authorization: `Bearer ${token}` } })).status === 404, [`${pair.api}/v1/records/flights/${lost.id}`, api.token]);
  assert.equal((await api.get(`/v1/records/flights/${kept.id}`)).flight, kept.flight, "what was taken back is there");
});

test("rows are exported as they show", async () => {
  await page.goto(`${pair.site}/collections/flights?filter=${encodeURIComponent('dest = "HNL"')}&sort=-flight&columns=flight,dest`);
  await ready(page);
  await page.getByRole("button", { name: "More" }).click();
  await page.getByRole("menuitem", { name: "Export" }).click();
  const dialog = page.getByRole("dialog", { name: "Export" });
  await dialog.getByText('dest = "HNL"').waitFor();
  const [download] = await Promise.all([page.waitForEvent("download"), dialog.getByRole("button", { name: "Export", exact: true }).click()]);
  assert.equal(download.suggestedFilename(), "flights.csv");
  const [header, ...lines] = (await readFile(await download.path(), "utf8")).trim().split(/\r?\n/);
  assert.equal(header, "flight,dest");
  assert.ok(lines.length > 300 && lines.every((line) => line.endsWith(",HNL")), `${lines.length} lines`);
  assert.equal(lines[0], `${Math.max(...lines.map((line) => Number(line.split(",")[0])))},HNL`);
  page.calm();
});

test("the API page has every operation in four languages, with its schema", async () => {
  await page.getByRole("link", { name: "API", exact: true }).click();
  const operations = page.getByRole("navigation", { name: "Operations" }).getByRole("link");
  await operations.first().waitFor();
  const document = await api.get("/v1/openapi.json");
  const served = Object.entries(document.paths)
    .filter(([path]) => path.startsWith("/v1/records/flights"))
    .flatMap(([, methods]) => Object.keys(methods).filter((method) => ["get", "post", "put", "patch", "delete"].includes(method)));
  assert.equal(await operations.count(), served.length);
  const marks = { curl: /^curl /, TypeScript: /await fetch\(/, Python: /httpx/, Rust: /reqwest/ };
  for (const operation of await operations.all()) {
    await operation.click();
    await page.getByRole("heading", { level: 2 }).first().waitFor();
    for (const [language, mark] of Object.entries(marks)) {
      await page.getByRole("radiogroup", { name: "Language" }).getByText(language, { exact: true }).click();
      const code = page.locator(".operation-try pre").first();
      await page.waitForFunction((source) => new RegExp(source).test(document.querySelector(".operation-try pre").innerText), mark.source);
      const text = await code.innerText();
      assert.ok(text.includes("/v1/records/flights"), text);
      assert.ok(!text.includes("undefined") && !text.includes("[object"), text);
    }
    await page.locator(".operation-answers details").first().waitFor();
  }
  // The schema of what is answered names the fields.
  await operations.filter({ hasText: "list" }).first().click();
  await page.locator(".operation-answers").getByText("dep_delay").first().waitFor();
  page.calm();
});

test("a call is tried as oneself, as nobody, and as another user", async () => {
  await api.post("/v1/users", { email: "reader@example.com", password: "eleven calm badgers" });
  await api.post("/v1/users", { email: "dispatcher@example.com", password: "eleven calm badgers", roles: ["dispatcher"] });
  const operation = page.getByRole("navigation", { name: "Operations" }).getByRole("link", { name: /update$/i });
  await operation.first().click();
  const [{ id }] = (await api.get("/v1/records/flights?limit=1")).items;
  await page.getByLabel("id, required").fill(id);
  const body = page.getByRole("textbox", { name: "Body" });
  await body.click();
  await page.keyboard.press("Control+a");
  await page.keyboard.insertText('{"dest": "SFO"}');
  const trial = page.getByRole("region", { name: "Try it" });
  const send = async (status) => {
    await trial.getByRole("button", { name: "Send", exact: true }).click();
    await trial.getByText(new RegExp(`^${status}`)).first().waitFor();
  };
  const as = async (email) => {
    await trial.getByText("A user", { exact: true }).click();
    const dialog = page.getByRole("dialog", { name: "Send as a user" });
    if (!(await dialog.isVisible())) await trial.getByRole("button", { name: /@example.com/ }).click();
    assert.equal(await dialog.getByText(admin.email).count(), 0, "no rule holds for admins");
    await dialog.getByRole("button", { name: new RegExp(email) }).click();
    await dialog.waitFor({ state: "hidden" });
    await trial.getByRole("button", { name: email }).waitFor();
  };
  await send(200);
  await trial.getByText("Nobody", { exact: true }).click();
  await send("40[134]");
  await as("reader@example.com");
  await send("40[34]");
  await as("dispatcher@example.com");
  await send(200);
  assert.equal((await api.get(`/v1/records/flights/${id}`)).dest, "SFO");
  page.calm();
});
