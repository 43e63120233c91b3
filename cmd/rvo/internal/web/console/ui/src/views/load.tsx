// Overload: how full every bounded hand-over is, what it does when it is full and how much that cost, and where pictures and runs
// were lost by cause.
import { byName, bytes, count, percent, rate, span } from "../data/format";
import { cameras, detectors, state } from "../data/live";
import { rateOf, trend } from "../data/rates";
import { href } from "../data/route";
import { Meter } from "../parts/bits";
import { Chart } from "../parts/chart";
import { Status } from "../parts/status";
import { causeWords } from "./detectors";

const policies: Record<string, string> = {
  drop_oldest: "drops the oldest",
  drop_newest: "drops the newest",
  newest_wins: "the newest replaces",
  not_started: "is not started",
  ends: "is hung up on",
  cannot_fill: "cannot be full",
};

function add(to: Record<string, number>, from: Record<string, number> | undefined): void {
  for (const [k, n] of Object.entries(from ?? {})) to[k] = (to[k] ?? 0) + n;
}

function Causes({ title, of, none, words }: { title: string; of: Record<string, number>; none: string; words: (c: string) => string }) {
  const list = Object.entries(of)
    .filter(([, n]) => n > 0)
    .sort((a, b) => b[1] - a[1]);
  const most = list[0]?.[1] ?? 1;
  return (
    <section class="card pad">
      <h2>{title}</h2>
      {list.length === 0 ? (
        <p class="muted">{none}</p>
      ) : (
        <ul class="bars">
          {list.map(([c, n]) => (
            <li key={c}>
              <span>{words(c)}</span>
              <Meter share={n / most} label={count(n)} />
              <span class="num">{count(n)}</span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

/** The view of the load. */
export function Load() {
  const s = state.value;
  if (s == null) return null;
  const t = trend.value;
  const frames: Record<string, number> = {};
  for (const c of Object.values(cameras.value)) add(frames, c.dropped);
  const skips: Record<string, number> = {};
  for (const d of Object.values(detectors.value)) add(skips, d.skips);
  const clips: Record<string, number> = {};
  for (const p of Object.values(s.evidence)) {
    add(clips, p.dropped);
    for (const [k, n] of Object.entries(p.short ?? {})) clips[`short: ${k}`] = (clips[`short: ${k}`] ?? 0) + n;
  }
  const queues = Object.entries(s.queues)
    .map(([name, q]) => ({ name, ...q, lost: rateOf(`queue/${name} dropped`) ?? 0 }))
    .sort((a, b) => b.lost - a.lost || b.dropped - a.dropped || b.depth / (b.capacity || 1) - a.depth / (a.capacity || 1) || byName(a.name, b.name));
  const memory = s.memory;
  const to = s.time_ms / 1000;
  const window = { from: Math.min(to - 120, Math.max(to - 600, t.t[0] ?? to)), to };
  const late = Object.entries(cameras.value)
    .filter(([, c]) => c.state === "up" && c.captured_ms)
    .sort((a, b) => a[1].captured_ms! - b[1].captured_ms!)[0];
  return (
    <section class="view">
      <div class="head">
        <h1>Load</h1>
        <span class="muted">
          {rate(rateOf("all frames"))} frames/s, {rate(rateOf("all runs"))} runs/s, {rate(rateOf("all ticks"))} ticks/s
        </span>
      </div>
      <div class="body scroll" tabIndex={0} aria-label="load">
        <div class="cards">
          <section class="card pad">
            <h2>Frames and runs a second</h2>
            <p class="legend">
              <i class="s1" /> frames captured <i class="s2" /> detector runs
            </p>
            <Chart {...window} label="frames and runs a second, last ten minutes" height={150} data={[t.t, t.frames, t.runs]} series={[{ stroke: "--accent" }, { stroke: "--series-2", dash: [5, 3] }]} format={rate} />
          </section>
          <section class="card pad">
            <h2>Dropped a second</h2>
            <p class="legend">
              <i class="s1" /> frames, records and clips that a full place did not take
            </p>
            <Chart {...window} label="dropped a second, last ten minutes" height={150} data={[t.t, t.dropped]} series={[{ stroke: "--accent", fill: "--accent" }]} format={rate} />
          </section>
          <section class="card pad">
            <h2>Oldest picture</h2>
            <p class="legend">
              <i class="s1" /> age of the newest picture of the latest camera
              {late && (
                <>
                  : <a href={href("cameras", { sel: late[0] })}>{late[0]}</a>
                </>
              )}
            </p>
            <Chart {...window} label="age of the oldest picture, last ten minutes" height={150} data={[t.t, t.age]} series={[{ stroke: "--accent", fill: "--accent" }]} format={span} />
          </section>
        </div>
        <div class="cards">
          <Causes title="Pictures lost, by cause" of={frames} none="Every picture reached the core." words={(c) => ({ superseded: "a newer one came first", no_buffer: "all buffers held", corrupt: "could not be decoded" })[c] ?? c} />
          <Causes title="Runs skipped, by cause" of={skips} none="No run was skipped." words={causeWords} />
          <Causes title="Clips lost or short" of={clips} none="Every clip is whole." words={(c) => c.replaceAll("_", " ")} />
          <section class="card pad">
            <h2>Memory of pictures</h2>
            <p>
              {bytes(memory?.bytes)} {memory?.limit ? <span class="muted">of {bytes(memory.limit)}</span> : null}
            </p>
            {memory?.limit ? <Meter share={memory.bytes / memory.limit} tone={memory.bytes > 0.9 * memory.limit ? "warn" : ""} label={percent(memory.bytes / memory.limit)} /> : null}
            <h3 class="gap">Who listens</h3>
            <p>
              {count(s.clients?.subscribers ?? 0)} on the stream, {count(s.clients?.watchers ?? 0)} watching pictures
              {s.clients?.dropped ? <span class="c-warn">, {count(s.clients.dropped)} messages dropped for slow ones</span> : ""}
            </p>
          </section>
        </div>
        <section class="card table-card">
          <h2>Hand-overs</h2>
          <div class="scroll-x" tabIndex={0} role="region" aria-label="hand-overs">
            <table class="plain">
              <thead>
                <tr>
                  <th scope="col">queue</th>
                  <th scope="col">when full</th>
                  <th scope="col">filled</th>
                  <th scope="col" class="num">
                    depth / capacity
                  </th>
                  <th scope="col" class="num">
                    dropped
                  </th>
                  <th scope="col" class="num">
                    dropped/s
                  </th>
                </tr>
              </thead>
              <tbody>
                {queues.slice(0, 200).map((q) => (
                  <tr key={q.name}>
                    <td>
                      <Status word="" mark={q.lost > 0 ? (q.policy === "newest_wins" ? "warn" : "bad") : q.capacity > 1 && q.depth >= q.capacity ? "warn" : "ok"}>
                        {q.name}
                      </Status>
                    </td>
                    <td class="muted">{policies[q.policy] ?? q.policy}</td>
                    <td>
                      <Meter share={q.capacity ? q.depth / q.capacity : 0} tone={q.capacity > 1 && q.depth >= q.capacity ? "warn" : ""} label={`${q.depth} of ${q.capacity}`} />
                    </td>
                    <td class="num">
                      {count(q.depth)} / {count(q.capacity)}
                    </td>
                    <td class="num">{count(q.dropped)}</td>
                    <td class={`num ${q.lost > 0 ? (q.policy === "newest_wins" ? "c-warn" : "c-bad") : "muted"}`}>{rate(q.lost)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
          {queues.length > 200 && <p class="pad muted">and {count(queues.length - 200)} more that dropped less</p>}
        </section>
        <section class="card table-card">
          <h2>Sinks</h2>
          <div class="scroll-x" tabIndex={0} role="region" aria-label="sinks">
            <table class="plain">
              <thead>
                <tr>
                  <th scope="col">sink</th>
                  <th scope="col" class="num">
                    written
                  </th>
                  <th scope="col" class="num">
                    waiting
                  </th>
                  <th scope="col" class="num">
                    tried again
                  </th>
                  <th scope="col" class="num">
                    dropped
                  </th>
                  <th scope="col">error</th>
                </tr>
              </thead>
              <tbody>
                {Object.entries(s.sinks).map(([id, k]) => (
                  <tr key={id}>
                    <td>
                      <Status word="" mark={k.error ? "bad" : "ok"}>
                        {id}
                      </Status>
                    </td>
                    <td class="num">{count(k.written)}</td>
                    <td class="num">{count(k.waiting)}</td>
                    <td class="num">{count(k.retried ?? 0)}</td>
                    <td class={`num ${k.dropped > 0 ? "c-bad" : ""}`}>{count(k.dropped)}</td>
                    <td>{k.error ?? ""}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </section>
      </div>
    </section>
  );
}
