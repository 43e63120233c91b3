// The program's log as it is written, and how this page itself does.
import { useEffect } from "preact/hooks";
import { get } from "../data/api";
import { clock, count, span } from "../data/format";
import { log } from "../data/live";
import { longTasks } from "../data/longtasks";
import { param } from "../data/route";
import type { LogLine } from "../data/types";
import { Choice, Empty, Search } from "../parts/bits";
import { Status } from "../parts/status";
import { type Column, VirtualList } from "../parts/virtual";

const levels = ["DEBUG", "INFO", "WARN", "ERROR"];

const columns: Column<LogLine & { id: string }>[] = [
  { key: "time", name: "time", width: "7rem", cell: (l) => <span class="muted mono">{clock(l.time_ms, true)}</span> },
  {
    key: "level",
    name: "level",
    width: "4.4rem",
    cell: (l) => (
      <Status word={l.level.toLowerCase()} mark={l.level === "ERROR" ? "bad" : l.level === "WARN" ? "warn" : "idle"}>
        {l.level.toLowerCase()}
      </Status>
    ),
  },
  {
    key: "message",
    name: "message",
    width: "minmax(0, 1fr)",
    cell: (l) => {
      const attrs = Object.entries(l.attrs ?? {})
        .map(([k, v]) => `${k}=${v}`)
        .join("  ");
      return (
        <div class="one-line" title={`${l.message}\n${attrs.replaceAll("  ", "\n")}`}>
          {l.message} <span class="muted mono">{attrs}</span>
        </div>
      );
    },
  },
];

let read = false;

// What was written before this page was opened is read once.
async function past(): Promise<void> {
  if (read) return;
  read = true;
  const { lines } = await get<{ lines: LogLine[] | null }>("log");
  const first = log.value[0]?.time_ms ?? Infinity;
  log.value = [...(lines ?? []).filter((l) => l.time_ms < first), ...log.value];
}

/** The view of the log. */
export function Log() {
  useEffect(() => {
    past().catch(() => (read = false));
  }, []);
  const q = param("q").toLowerCase();
  const least = levels.indexOf(param("level") || "INFO");
  const items = log.value
    .map((l, i) => ({ ...l, id: String(i) }))
    .filter((l) => levels.indexOf(l.level) >= least && (!q || `${l.message} ${JSON.stringify(l.attrs ?? {})}`.toLowerCase().includes(q)))
    .reverse();
  const t = longTasks.value;
  return (
    <section class="view">
      <div class="head">
        <h1>Log</h1>
        <Search hint="Find in the log" />
        <Choice
          name="level"
          label="least level"
          options={[
            ["", "info and above"],
            ["WARN", "warnings and errors"],
            ["ERROR", "errors"],
            ["DEBUG", "everything"],
          ]}
        />
        <span class="muted">{count(items.length)} lines, newest first</span>
        <span class="right muted" title="tasks of this page that kept the browser for more than 50 ms">
          this page: {t.n === 0 ? "no long task" : `${count(t.n)} long ${t.n === 1 ? "task" : "tasks"}, at most ${span(t.longest)}`}
        </span>
      </div>
      <VirtualList
        label="log"
        items={items}
        id={(l) => l.id}
        columns={columns}
        rowRem={2}
        empty={
          <Empty>
            <p>Nothing was written at this level since the page was opened.</p>
          </Empty>
        }
      />
    </section>
  );
}
