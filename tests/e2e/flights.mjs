// Flights as a file: so many lines of CSV, the same each time, with one that is wrong where that is asked for.

export const airlines = [
  ["AA", "American Airlines Inc."],
  ["B6", "JetBlue Airways"],
  ["DL", "Delta Air Lines Inc."],
  ["HA", "Hawaiian Airlines Inc."],
  ["UA", "United Air Lines Inc."],
];

const destinations = ["ATL", "BOS", "HNL", "LAX", "MIA", "ORD", "SFO"];

/** How late the flight of a line is, in minutes. */
export const delay = (line) => ((line * 37) % 211) - 20;

/** The lines, from 1 on; `miles` stands for the distance, and `note` for nothing. */
export function csv(lines, { wrong = false } = {}) {
  const written = ["carrier,flight,dest,dep_delay,miles,time_hour,note"];
  for (let line = 1; line <= lines; line++) {
    const [carrier] = airlines[line % airlines.length];
    const hour = new Date(Date.UTC(2013, 0, 1, line)).toISOString();
    written.push(`${carrier},${line},${destinations[line % destinations.length]},${delay(line)},${200 + line},${hour},x`);
  }
  if (wrong) written.push("UA,9999,LAX,soon,100,2013-01-01T00:00:00Z,x");
  return `${written.join("\n")}\n`;
}
