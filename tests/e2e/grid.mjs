// The grid as a reader sees it: its cells by row and column.
import assert from "node:assert/strict";

/** The rows that are in the page and show. */
export const rows = (page) => page.locator(".grid-body [role=row]:not([hidden])");

/** The header of a column. */
export const head = (page, column) => page.getByRole("columnheader", { name: new RegExp(`^${column}\\b`) });

/** The cell of a row, counted from 0, under a column. */
export async function cell(page, row, column) {
  const index = await head(page, column).getAttribute("aria-colindex");
  return page.locator(`.grid-body [role=row][aria-rowindex="${row + 2}"]:not([hidden]) [aria-colindex="${index}"]`);
}

/** Waits until rows are here, none of them loading. */
export async function ready(page) {
  await rows(page).first().waitFor();
  await page.waitForFunction(() => !document.querySelector(".grid-body .grid-row.loading:not([hidden])"));
}

/** Waits until the status line says so many rows. */
export const counted = (page, words) => page.locator(".data-status").getByText(words).waitFor();

/** Holds the number of rows in the page against those that fit in and 20 more. */
export async function holdsFew(page) {
  const { held, fitting } = await page.evaluate(() => {
    const body = document.querySelector(".grid-body");
    const row = document.querySelector(".grid-body .grid-row:not([hidden])");
    return { held: document.querySelectorAll(".grid-body [role=row]").length, fitting: Math.ceil(body.clientHeight / row.clientHeight) };
  });
  assert.ok(held <= fitting + 20, `${held} rows are in the page, and ${fitting} fit in`);
}
