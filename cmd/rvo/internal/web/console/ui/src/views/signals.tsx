// Signals: the newest value of each, how old it is, whether it may still decide, and the last five minutes as a strip.
import { useEffect, useMemo, useState } from "preact/hooks";
import uPlot from "uplot";
import { byName, count, plain, span } from "../data/format";
import { sampled, seriesOf, want } from "../data/history";
import { age, now, signals } from "../data/live";
import { href, param, setParams } from "../data/route";
import { phone } from "../data/width";
import type { Signal } from "../data/types";
import { Chart } from "../parts/chart";
import { Choice, Empty, Pairs, Search, Side } from "../parts/bits";
import { Status } from "../parts/status";
import { type Column, sorted, VirtualList } from "../parts/virtual";

interface Item extends Signal {
  id: string;
}

const minutes = 5;

// Strip draws a signal once it is in sight; the list makes no others.
function Strip({ s, height, axes }: { s: Item; height: number; axes?: boolean }) {
  const [ready, setReady] = useState(false);
  useEffect(() => {
    const t = setTimeout(() => {
      setReady(true);
      void want([s.id]);
    }, 60); // a list that is scrolled fast passes many
    return () => clearTimeout(t);
  }, [s.id]);
  const n = sampled.value;
  const series = seriesOf(s.id);
  const data = useMemo(() => (series ? ([series.t.slice(), series.v.slice()] as [number[], (number | null)[]]) : ([[], []] as [number[], number[]])), [n, series]);
  const stale = useMemo(() => series?.fresh.map((f) => !f), [n, series]);
  if (!ready) return <div class="chart" />;
  const bool = s.type === "bool";
  const to = now() / 1000;
  return (
    <Chart
      label={`the last ${minutes} minutes of ${s.id}, ${s.fresh ? "fresh" : "stale"} now`}
      strip={!axes}
      height={height}
      data={data}
      from={to - minutes * 60}
      to={to}
      {...(bool ? { range: [0, 1.1] as [number, number] } : {})}
      {...(stale ? { bands: stale } : {})}
      series={[{ stroke: "--accent", fill: "--accent", ...(s.type === "float" ? {} : { paths: stepped }) }]}
      format={(v) => (s.type === "label" ? (series?.words[v] ?? "") : plain(v))}
    />
  );
}

// stepped holds a value until the next, which is what bools, counts and labels do.
const stepped = uPlot.paths.stepped!({ align: 1 });

const columns: Column<Item>[] = [
  {
    key: "signal",
    name: "signal",
    width: "minmax(7rem, 0.9fr)",
    sort: (a, b) => byName(a.signal, b.signal),
    cell: (s) => (
      <Status word={s.fresh ? "ok" : "unknown"}>
        <span class="one-line" title={`${s.id}: ${s.fresh ? "fresh" : s.captured_ms ? "stale" : "never seen"}`}>
          {s.signal}
        </span>
      </Status>
    ),
  },
  { key: "camera", name: "camera", width: "minmax(4rem, 0.5fr)", sort: (a, b) => byName(a.camera, b.camera), cell: (s) => <span class="one-line">{s.camera}</span> },
  { key: "value", name: "value", width: "minmax(4.6rem, 0.4fr)", num: true, cell: (s) => <strong class={s.fresh ? "" : "muted"}>{plain(s.value)}</strong> },
  {
    key: "age",
    name: "age",
    width: "5rem",
    num: true,
    hint: "since the picture it was found in was captured",
    sort: (a, b) => (b.captured_ms ?? 0) - (a.captured_ms ?? 0),
    cell: (s) => {
      const a = age(s.captured_ms);
      return a == null ? <span class="muted">never</span> : <span class={s.fresh ? "" : "stale"}>{span(a)}</span>;
    },
  },
  { key: "strip", name: `last ${minutes} minutes`, width: "minmax(6rem, 2fr)", cell: (s) => <Strip s={s} height={30} /> },
];

// On a phone: what and where in one cell, value over age.
const narrowColumns: Column<Item>[] = [
  {
    ...columns[0]!,
    width: "minmax(7rem, 1fr)",
    cell: (s) => (
      <span class="two">
        <span>{columns[0]!.cell(s)}</span>
        <span class="muted">{s.camera}</span>
      </span>
    ),
  },
  {
    ...columns[2]!,
    width: "4.6rem",
    cell: (s) => (
      <span class="two">
        <span>{columns[2]!.cell(s)}</span>
        <span>{columns[3]!.cell(s)}</span>
      </span>
    ),
  },
  { ...columns[4]!, width: "minmax(5rem, 1fr)" },
];

function Detail({ s }: { s: Item }) {
  const boxes = s.type === "boxes" && Array.isArray(s.value) ? (s.value as { label?: string; score?: number; x: number; y: number; w: number; h: number }[]) : [];
  return (
    <Side title={s.signal} sub={s.camera} onClose={() => setParams({ sel: "" })}>
      <section>
        <Strip s={s} height={180} axes />
      </section>
      <section>
        <Pairs
          of={[
            ["value", <strong>{plain(s.value)}</strong>],
            ["type", s.type],
            ["freshness", <Status word={s.fresh ? "ok" : "unknown"}>{s.fresh ? "fresh: it decides" : s.captured_ms ? "stale: conditions that need it are unknown" : "never seen"}</Status>],
            ["age", span(age(s.captured_ms))],
            ["good for (ttl)", span(s.ttl_ms)],
            ["source frame", s.frame ? count(s.frame) : ""],
          ]}
        />
      </section>
      {boxes.length > 0 && (
        <section>
          <h3>Boxes</h3>
          <ul class="leaves">
            {boxes.slice(0, 50).map((b, i) => (
              <li key={i}>
                {b.label || "box"} {b.score != null && <span class="muted">{Math.round(b.score * 100)} %</span>}{" "}
                <span class="muted">
                  at {plain(b.x)}, {plain(b.y)}, {plain(b.w)} × {plain(b.h)}
                </span>
              </li>
            ))}
          </ul>
        </section>
      )}
      <section class="actions-row">
        {s.camera && (
          <a class="btn" href={href("cameras", { sel: s.camera })}>
            Camera
          </a>
        )}
        <a class="btn" href={href("detectors", { q: s.signal.split(".")[0]! })}>
          Its detector
        </a>
      </section>
    </Side>
  );
}

/** The view of signals. */
export function Signals() {
  const q = param("q").toLowerCase();
  const only = param("fresh");
  const type = param("type");
  const all = useMemo(() => Object.entries(signals.value).map(([id, s]): Item => ({ ...s, id })), [signals.value]);
  const items = all.filter((s) => (!q || s.id.toLowerCase().includes(q)) && (!type || s.type === type) && (!only || (only === "fresh") === s.fresh));
  items.sort((a, b) => byName(a.camera, b.camera) || byName(a.signal, b.signal));
  const list = sorted(items, columns, param("sort"));
  const sel = param("sel");
  const chosen = all.find((s) => s.id === sel);
  const stale = all.filter((s) => !s.fresh).length;
  return (
    <section class="view">
      <div class="head">
        <h1>Signals</h1>
        <Search hint="Signal or camera" />
        <Choice
          name="fresh"
          label="freshness"
          options={[
            ["", "fresh and stale"],
            ["fresh", "fresh"],
            ["stale", "stale or never seen"],
          ]}
        />
        <Choice name="type" label="type" options={[["", "all types"], ...["bool", "int", "float", "label", "boxes"].map((t): [string, string] => [t, t])]} />
        <span class="muted">
          {count(items.length)} of {count(all.length)}
          {stale > 0 && `, ${count(stale)} not fresh`}
        </span>
      </div>
      <div class={`split ${chosen ? "open" : ""}`}>
        <div class="column">
          <VirtualList
            label="signals"
            items={list}
            id={(s) => s.id}
            columns={phone.value ? narrowColumns : columns}
            rowRem={phone.value ? 3.3 : 2.6}
            chosen={sel}
            choose={(id) => setParams({ sel: id })}
            sorted={param("sort")}
            sort={(by) => setParams({ sort: by })}
            empty={
              <Empty>
                <p>{all.length === 0 ? "This pipeline has no signals." : "No signal is like that."}</p>
              </Empty>
            }
          />
        </div>
        {chosen && <Detail key={chosen.id} s={chosen} />}
      </div>
    </section>
  );
}
