// What happened: every occurrence of an event, on a line of time and as a list.
import type { ComponentChildren } from "preact";
import { byName, clock, comparison, count, moment, plain, span } from "../data/format";
import { forgotten, type Occurrence, occurrences } from "../data/events";
import { now, tick } from "../data/live";
import { href, param, setParams } from "../data/route";
import { phone } from "../data/width";
import { Choice, Empty, Pairs, Search, Side } from "../parts/bits";
import { Icon } from "../parts/icons";
import { Status, markOf } from "../parts/status";
import { Timeline } from "../parts/timeline";
import { type Column, sorted, VirtualList } from "../parts/virtual";

const spans: [string, string, number][] = [
  ["", "10 minutes", 600_000],
  ["1h", "1 hour", 3_600_000],
  ["24h", "24 hours", 86_400_000],
  ["7d", "7 days", 604_800_000],
];

const lasted = (o: Occurrence) => (o.ended || now()) - o.confirmed;

const columns: Column<Occurrence>[] = [
  { key: "time", name: "confirmed", width: "minmax(5.4rem, 10rem)", sort: (a, b) => a.confirmed - b.confirmed, cell: (o) => <span title={o.first.confirmed}>{moment(o.confirmed)}</span> },
  {
    key: "event",
    name: "event",
    width: "minmax(6rem, 1.4fr)",
    sort: (a, b) => byName(a.event, b.event),
    cell: (o) => (
      <Status word={o.severity} mark={o.severity ? markOf(o.severity) : "idle"}>
        {o.event}
      </Status>
    ),
  },
  { key: "camera", name: "camera", width: "minmax(4rem, 1fr)", sort: (a, b) => byName(a.camera, b.camera), cell: (o) => <span class="one-line">{o.camera || "all"}</span> },
  {
    key: "lasted",
    name: "lasted",
    width: "5.6rem",
    num: true,
    sort: (a, b) => lasted(a) - lasted(b),
    cell: (o) => (o.ended ? span(lasted(o)) : <strong>{span(lasted(o))}…</strong>),
  },
  { key: "end", name: "ended by", width: "minmax(4.4rem, 0.6fr)", cell: (o) => (o.ended ? <span class="muted">{o.reason || "–"}</span> : <strong>goes on</strong>) },
  { key: "clip", name: "clip", width: "3rem", cell: (o) => (o.evidence ? <Icon name="evidence" /> : "") },
];

// On a phone: what and where in one cell, and no more than fits.
const narrowColumns: Column<Occurrence>[] = [
  columns[0]!,
  {
    ...columns[1]!,
    cell: (o) => (
      <span class="two">
        <span>{columns[1]!.cell(o)}</span>
        <span class="muted">{o.camera || "all cameras"}</span>
      </span>
    ),
  },
  { ...columns[3]!, width: "4.6rem" },
  { ...columns[5]!, width: "1.6rem", name: "" },
];

function Detail({ o }: { o: Occurrence }) {
  const r = o.last;
  const leaves = o.first.leaves ?? [];
  const machine = o.camera ? `${o.event}@${o.camera}` : o.event;
  return (
    <Side
      title={
        <Status word={o.severity} mark={o.severity ? markOf(o.severity) : "idle"}>
          {o.event}
        </Status>
      }
      sub={`${o.camera || "all cameras"} · ${moment(o.confirmed)}`}
      onClose={() => setParams({ sel: "" })}
    >
      <section class="actions-row">
        {o.evidence && (
          <a class="btn primary" href={href("evidence", { sel: o.evidence })}>
            <Icon name="evidence" /> Evidence
          </a>
        )}
        <a class="btn" href={href("events", { show: "why", sel: machine })}>
          Its machine now
        </a>
        {o.camera && (
          <a class="btn" href={href("cameras", { sel: o.camera })}>
            <Icon name="cameras" /> Camera
          </a>
        )}
      </section>
      <section>
        <Pairs
          of={[
            ["began", clock(o.since, true)],
            ["confirmed", `${clock(o.confirmed, true)} (${span(o.confirmed - o.since)} after)`],
            ["ended", o.ended ? `${clock(o.ended, true)}, ${o.reason}` : "goes on"],
            ["lasted", span(lasted(o))],
            ["deciding picture", o.first.capture ? `captured ${clock(o.first.capture, true)}` : ""],
            ["labels", Object.entries(r.labels ?? {}).map(([k, v]) => `${k}=${v}`).join(", ")],
          ]}
        />
      </section>
      <section>
        <h3>What decided</h3>
        {leaves.length === 0 && <p class="muted">The record names no leaves.</p>}
        <ul class="leaves">
          {leaves.map((l) => (
            <li key={l.path}>
              <Status word={l.answer}>
                <code>
                  {l.signal} {comparison(l.test)}
                </code>
              </Status>
              <div class="muted">
                {l.camera && `${l.camera} · `}
                {plain(l.value)}
                {l.age && `, ${l.age} old`}
                {l.frame ? `, frame ${l.frame}` : ""}
              </div>
            </li>
          ))}
        </ul>
      </section>
      <section>
        <h3>Record</h3>
        <Pairs
          of={[
            ["id", <code>{o.id}</code>],
            ["sequence", r.seq],
            ["revision", <code title={r.revision}>{r.revision?.slice(0, 12)}</code>],
            ["generation", r.generation],
            ["models", Object.entries(r.models ?? {}).map(([k, v]) => `${k} ${v.slice(0, 12)}`).join(", ")],
          ]}
        />
      </section>
    </Side>
  );
}

/** The history of events. */
export function History({ filters }: { filters: ComponentChildren }) {
  void tick.value;
  const event = param("event");
  const camera = param("camera");
  const q = param("q").toLowerCase();
  const only = param("severity");
  const wide = spans.find(([v]) => v === param("span")) ?? spans[0]!;
  let items = occurrences.value;
  if (event || camera || only || q)
    items = items.filter(
      (o) =>
        (!event || o.event === event) &&
        (!camera || o.camera === camera) &&
        (!only || o.severity === only) &&
        (!q || o.event.toLowerCase().includes(q) || o.camera.toLowerCase().includes(q) || o.id.startsWith(q)),
    );
  const list = sorted(items, columns, param("sort"));
  const sel = param("sel");
  const chosen = sel ? occurrences.value.find((o) => o.id === sel) : undefined;
  return (
    <section class="view">
      <div class="head">
        {filters}
        <Choice
          name="severity"
          label="severity"
          options={[
            ["", "all severities"],
            ["info", "info"],
            ["warning", "warning"],
            ["critical", "critical"],
          ]}
        />
        <Search hint="Event, camera or id" />
        <Choice name="span" label="span of the timeline" options={spans.map(([v, words]): [string, string] => [v, words])} />
        <span class="muted">
          {count(items.length)} {items.length === 1 ? "event" : "events"}
          {forgotten.value > 0 && ` (${count(forgotten.value)} older are in the sinks only)`}
        </span>
      </div>
      <div class={`split ${chosen ? "open" : ""}`}>
        <div class="column">
          <Timeline items={items} span={wide[2]} chosen={sel} choose={(id) => setParams({ sel: id })} />
          <VirtualList
            label="events"
            items={list}
            id={(o) => o.id}
            columns={phone.value ? narrowColumns : columns}
            rowRem={phone.value ? 3.3 : 2.4}
            chosen={sel}
            choose={(id) => setParams({ sel: id })}
            sorted={param("sort")}
            sort={(by) => setParams({ sort: by })}
            empty={
              <Empty>
                <p>Nothing was confirmed yet{event || camera || only || q ? " that is like this" : ""}.</p>
                <a class="btn" href={href("events", { show: "why" })}>
                  What are the machines waiting for?
                </a>
              </Empty>
            }
          />
        </div>
        {chosen && <Detail o={chosen} />}
      </div>
    </section>
  );
}
