// Events: what happened, as a timeline and a list, and what every machine is doing now and why.
import { Choice, Tabs } from "../parts/bits";
import { machines } from "../data/live";
import { param } from "../data/route";
import { History } from "./history";
import { Machines } from "./machines";

/** The view of events. */
export function Events() {
  const show = param("show");
  const names = [...new Set(Object.values(machines.value).map((m) => m.event))].sort();
  const where = [...new Set(Object.values(machines.value).map((m) => m.camera ?? ""))].filter((c) => c !== "").sort();
  const filters = (
    <>
      <h1>Events</h1>
      <Tabs
        name="show"
        label="events"
        options={[
          ["history", "What happened"],
          ["why", "Now, and why"],
        ]}
      />
      <Choice name="event" label="event" options={[["", "all events"], ...names.map((n): [string, string] => [n, n])]} />
      <Choice name="camera" label="camera" options={[["", "all cameras"], ...where.map((n): [string, string] => [n, n])]} />
    </>
  );
  return show === "why" ? <Machines filters={filters} /> : <History filters={filters} />;
}
