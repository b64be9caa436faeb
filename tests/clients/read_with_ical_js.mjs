// What the library of Thunderbird and Nextcloud makes of a calendar.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const ICAL = createRequire(process.argv[2])("ical.js");
const module = ICAL.default ?? ICAL;
const calendar = new module.Component(module.parse(readFileSync(0, "utf-8")));
const found = calendar.getAllSubcomponents("vevent").map((component) => {
  const event = new module.Event(component, { strictExceptions: true });
  return {
    uid: event.uid,
    title: event.summary,
    from: event.startDate.toString(),
    to: event.endDate.toString(),
    sequence: event.sequence,
    modified: component.getFirstPropertyValue("last-modified").toJSDate().toISOString(),
  };
});
console.log(JSON.stringify(found.sort((a, b) => a.from.localeCompare(b.from))));
