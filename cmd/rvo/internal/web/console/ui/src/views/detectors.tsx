// Detectors, one line for each on each camera: how often it is due and runs, what keeps it from running, what a run costs
// against what the pipeline says, and how much of the machine that is.
import { useMemo } from "preact/hooks";
import { byName, count, percent, rate, span } from "../data/format";
import { nodes } from "../data/graph";
import { age, detectors, now } from "../data/live";
import { rateOf } from "../data/rates";
import { href, param, setParams } from "../data/route";
import { narrow, phone } from "../data/width";
import type { Detector } from "../data/types";
import { Choice, Empty, Meter, Pairs, Search, Side } from "../parts/bits";
import { PlaceLink } from "../parts/place";
import { Status } from "../parts/status";
import { type Column, sorted, VirtualList } from "../parts/virtual";

interface Item extends Detector {
  id: string;
}

// causes in words: what the pipeline asked for first, what hinders after.
const causes: Record<string, string> = {
  rate: "not due yet",
  gate: "its condition does not say yes",
  needs: "a signal it needs is not fresh",
  frozen: "the camera's picture is frozen",
  max_age: "the picture was too old",
  busy: "its last run still goes on",
  slots: "no free CPU slot",
  backoff: "rests after an overrun",
  away: "its process is being started again",
  broken: "broken, its probe is not due",
  leaked: "too many abandoned runs",
  stopping: "stopping, or taken away",
};

/** A cause of a skip, in words. */
export function causeWords(c: string | undefined): string {
  return c ? (causes[c] ?? c.replaceAll("_", " ")) : "";
}

const wanted = new Set(["rate", "gate", "stopping"]);

/** How often it was kept from a run that it was due for, by what the pipeline did not ask for. */
function hindered(d: Detector): number {
  return Object.entries(d.skips ?? {}).reduce((n, [c, k]) => (wanted.has(c) ? n : n + k), 0);
}

const runsPerSecond = (d: Item) => rateOf(`detector/${d.id} runs`);
const cost = (d: Detector) => d.cost_ms || d.mean_ms || 0;

/** The share of one CPU slot that its runs take. */
const share = (d: Item) => ((runsPerSecond(d) ?? 0) * (d.mean_ms || d.cost_ms || 0)) / 1000;

function Cost({ d }: { d: Item }) {
  const c = cost(d);
  if (c === 0) return <span class="muted">no run yet</span>;
  const over = d.declared_ms && c > d.declared_ms * 1.25;
  return (
    <span class="cost" title={d.declared_ms ? `a run takes ${span(c)}; the pipeline says ${span(d.declared_ms)}` : `a run takes ${span(c)}; the pipeline does not say`}>
      <span class="num">
        {span(c)}
        {d.declared_ms ? <span class="muted"> / {span(d.declared_ms)}</span> : ""}
      </span>
      {d.declared_ms ? (
        <Meter share={c / (d.declared_ms * 2)} mark={0.5} tone={c > d.declared_ms * 2 ? "bad" : over ? "warn" : ""} label={`${percent(c / d.declared_ms)} of the declared cost`} />
      ) : null}
    </span>
  );
}

/** Runs and skips as parts of one bar, by what they are. */
function Skips({ d }: { d: Detector }) {
  const parts: [string, number, string][] = [["run", d.runs, "var(--accent)"]];
  const tones = ["var(--warn)", "var(--bad)", "var(--unknown)", "var(--series-2)", "var(--line-strong)"];
  Object.entries(d.skips ?? {})
    .filter(([c]) => !wanted.has(c))
    .sort((a, b) => b[1] - a[1])
    .forEach(([c, n], i) => parts.push([causeWords(c), n, tones[Math.min(i, tones.length - 1)]!]));
  const asked = Object.entries(d.skips ?? {}).filter(([c]) => wanted.has(c));
  asked.forEach(([c, n]) => parts.push([causeWords(c), n, "var(--line)"]));
  const total = parts.reduce((n, p) => n + p[1], 0);
  const label = parts
    .filter((p) => p[1] > 0)
    .map((p) => `${p[0]} ${count(p[1])}`)
    .join(", ");
  return (
    <div class="stack" role="img" aria-label={label} title={label}>
      {total > 0 && parts.filter((p) => p[1] > 0).map(([n, k, c]) => <i key={n} style={{ width: `${(k / total) * 100}%`, background: c }} />)}
    </div>
  );
}

function doing(d: Detector): string {
  if (d.doing === "hindered") return d.missing ? `waits for ${d.missing}` : causeWords(d.cause);
  return d.doing;
}

const columns: Column<Item>[] = [
  {
    key: "detector",
    name: "detector",
    width: "minmax(6.4rem, 1fr)",
    sort: (a, b) => byName(a.detector, b.detector),
    cell: (d) => (
      <Status word={d.health}>
        <strong class="one-line" title={`${d.id}: ${d.health}`}>
          {d.detector}
        </strong>
      </Status>
    ),
  },
  { key: "camera", name: "camera", width: "minmax(4rem, 0.8fr)", sort: (a, b) => byName(a.camera, b.camera), cell: (d) => <span class="one-line">{d.camera}</span> },
  { key: "doing", name: "now", width: "minmax(6rem, 1fr)", cell: (d) => <span class={d.doing === "hindered" ? "" : "muted"} title={doing(d)}>{doing(d)}</span> },
  {
    key: "rate",
    name: "runs/s of asked",
    width: "6.6rem",
    num: true,
    hint: "runs a second over ten seconds, of the rate that it may have now",
    sort: (a, b) => (runsPerSecond(a) ?? 0) - (runsPerSecond(b) ?? 0),
    cell: (d) => (
      <span class={d.fps_limit && d.fps && d.fps_limit < d.fps ? "c-warn" : ""}>
        {rate(runsPerSecond(d))} <span class="muted">/ {rate(d.fps_limit || d.fps)}</span>
      </span>
    ),
  },
  { key: "runs", name: "run", width: "4.6rem", num: true, sort: (a, b) => a.runs - b.runs, cell: (d) => count(d.runs) },
  { key: "hindered", name: "skipped", width: "4.6rem", num: true, hint: "due, and kept from running", sort: (a, b) => hindered(a) - hindered(b), cell: (d) => count(hindered(d)) },
  { key: "failed", name: "failed", width: "4rem", num: true, sort: (a, b) => bad(a) - bad(b), cell: (d) => <span class={bad(d) > 0 ? "c-bad" : "muted"}>{count(bad(d))}</span> },
  { key: "skips", name: "runs and skips", width: "minmax(5rem, 1.2fr)", cell: (d) => <Skips d={d} /> },
  { key: "cost", name: "cost, learned / declared", width: "minmax(9rem, 14rem)", num: true, sort: (a, b) => cost(a) - cost(b), cell: (d) => <Cost d={d} /> },
  { key: "share", name: "of a CPU", width: "4.4rem", num: true, sort: (a, b) => share(a) - share(b), cell: (d) => percent(share(d)) },
];

const bad = (d: Detector) => d.failed + d.panics + d.timeouts;

const few = new Set(["detector", "camera", "doing", "rate", "hindered", "failed", "cost"]);

// On a phone: what and where in one cell, and no more than fits.
const narrowColumns: Column<Item>[] = [
  {
    ...columns[0]!,
    cell: (d) => (
      <span class="two">
        <span>{columns[0]!.cell(d)}</span>
        <span class="muted">{d.camera}</span>
      </span>
    ),
  },
  columns[3]!,
  { ...columns[8]!, name: "cost / declared", width: "8.4rem" },
];

function Detail({ d }: { d: Item }) {
  const skips = Object.entries(d.skips ?? {}).sort((a, b) => b[1] - a[1]);
  const offers = Math.max(1, d.offers);
  return (
    <Side title={<Status word={d.health}>{d.detector}</Status>} sub={d.camera} onClose={() => setParams({ sel: "" })}>
      <section class="actions-row">
        <a class="btn" href={href("signals", { q: `${d.detector}.` })}>
          Its signals
        </a>
        <a class="btn" href={href("cameras", { sel: d.camera })}>
          Camera
        </a>
        <PlaceLink id={`detector/${d.detector}`} place={nodes.value.get(`detector/${d.id}`)?.place} />
      </section>
      {d.error && (
        <section>
          <h3>Last error</h3>
          <p class="c-bad">{d.error}</p>
        </section>
      )}
      <section>
        <h3>Now</h3>
        <Pairs
          of={[
            ["health", <Status word={d.health} />],
            ["doing", doing(d)],
            ["since", span(age(d.since_ms))],
            ["until", d.until_ms ? `in ${span(d.until_ms - now())}` : ""],
          ]}
        />
      </section>
      <section>
        <h3>Pictures offered: {count(d.offers)}</h3>
        <ul class="bars">
          <li>
            <span>run</span>
            <Meter share={d.runs / offers} label={`${count(d.runs)} of ${count(d.offers)}`} />
            <span class="num">{count(d.runs)}</span>
          </li>
          {skips.map(([c, n]) => (
            <li key={c}>
              <span>{causeWords(c)}</span>
              <Meter share={n / offers} tone={wanted.has(c) ? "" : "warn"} label={`${count(n)} of ${count(d.offers)}`} />
              <span class="num">{count(n)}</span>
            </li>
          ))}
        </ul>
      </section>
      <section>
        <h3>Runs</h3>
        <Pairs
          of={[
            ["succeeded", count(d.ok)],
            ["failed", count(d.failed)],
            ["panics", count(d.panics)],
            ["timeouts", d.timeout_ms ? `${count(d.timeouts)} (after ${span(d.timeout_ms)})` : count(d.timeouts)],
            ["slots of its rate unused", count(d.missed)],
            ["process started again", d.restarts ? count(d.restarts) : ""],
          ]}
        />
      </section>
      <section>
        <h3>Budget</h3>
        <Pairs
          of={[
            ["cost learned", d.cost_ms ? span(d.cost_ms) : "no run yet"],
            ["cost declared", d.declared_ms ? span(d.declared_ms) : "not said"],
            ["mean of all runs", span(d.mean_ms)],
            ["rate asked for", `${rate(d.fps)}/s`],
            ["rate allowed now", d.fps_limit && d.fps_limit !== d.fps ? `${rate(d.fps_limit)}/s, lowered by the load` : ""],
            ["rate reached", `${rate(runsPerSecond(d))}/s`],
            ["share of one CPU", percent(share(d))],
            ["priority", d.priority],
          ]}
        />
      </section>
    </Side>
  );
}

/** The view of detectors. */
export function Detectors() {
  const q = param("q").toLowerCase();
  const only = param("health");
  const all = useMemo(() => Object.entries(detectors.value).map(([id, d]): Item => ({ ...d, id })), [detectors.value]);
  const items = all.filter((d) => (!q || d.id.toLowerCase().includes(q)) && (!only || (only === "ok") === (d.health === "ok")));
  items.sort((a, b) => byName(a.detector, b.detector) || byName(a.camera, b.camera));
  const list = sorted(items, columns, param("sort"));
  const sel = param("sel");
  const chosen = all.find((d) => d.id === sel);
  const cols = phone.value ? narrowColumns : chosen != null || narrow.value ? columns.filter((c) => few.has(c.key)) : columns;
  return (
    <section class="view">
      <div class="head">
        <h1>Detectors</h1>
        <Search hint="Detector or camera" />
        <Choice
          name="health"
          label="health"
          options={[
            ["", "every health"],
            ["ok", "ok"],
            ["ill", "not ok"],
          ]}
        />
        <span class="muted">
          {count(items.length)} of {count(all.length)}, together {all.reduce((n, d) => n + share(d), 0).toFixed(2)} CPU
        </span>
      </div>
      <div class={`split ${chosen ? "open" : ""}`}>
        <div class="column">
          <VirtualList
            label="detectors"
            items={list}
            id={(d) => d.id}
            columns={cols}
            rowRem={phone.value ? 3.3 : 2.7}
            chosen={sel}
            choose={(id) => setParams({ sel: id })}
            sorted={param("sort")}
            sort={(by) => setParams({ sort: by })}
            empty={
              <Empty>
                <p>{all.length === 0 ? "This pipeline has no detectors." : "No detector is like that."}</p>
              </Empty>
            }
          />
        </div>
        {chosen && <Detail key={chosen.id} d={chosen} />}
      </div>
    </section>
  );
}
