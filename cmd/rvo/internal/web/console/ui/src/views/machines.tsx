// What every event's machine does now, and why: its state, how long yet, and the condition with the answer of every part.
import type { ComponentChildren } from "preact";
import { byName, comparison, count, plain, span } from "../data/format";
import { nodes } from "../data/graph";
import { age, machines, now } from "../data/live";
import { usePoll } from "../data/poll";
import { href, param, setParams } from "../data/route";
import { phone } from "../data/width";
import type { Machine, Tree, Why } from "../data/types";
import { Choice, Empty, Meter, Search, Side } from "../parts/bits";
import { Mute } from "../parts/mute";
import { PlaceLink } from "../parts/place";
import { machineMark, Status } from "../parts/status";
import { type Column, sorted, VirtualList } from "../parts/virtual";

interface Item extends Machine {
  key: string;
}

const order: Record<string, number> = { confirmed: 0, potential: 1, cooldown: 2, idle: 3 };

const columns: Column<Item>[] = [
  { key: "event", name: "event", width: "minmax(6rem, 1.4fr)", sort: (a, b) => byName(a.event, b.event), cell: (m) => <strong class="one-line">{m.event}</strong> },
  { key: "camera", name: "camera", width: "minmax(4rem, 1fr)", sort: (a, b) => byName((a.camera ?? ""), b.camera ?? ""), cell: (m) => m.camera || "all" },
  {
    key: "state",
    name: "state",
    width: "minmax(6.4rem, 0.8fr)",
    sort: (a, b) => (order[a.state] ?? 9) - (order[b.state] ?? 9),
    cell: (m) => <Status word={m.state} mark={machineMark(m.state, m.severity)} />,
  },
  { key: "answer", name: "condition", width: "minmax(5.4rem, 0.7fr)", sort: (a, b) => byName(a.answer, b.answer), cell: (m) => <Status word={m.answer} /> },
  { key: "since", name: "since", width: "5rem", num: true, sort: (a, b) => (b.since_ms ?? 0) - (a.since_ms ?? 0), cell: (m) => span(age(m.since_ms)) },
  { key: "seq", name: "seen", width: "4rem", num: true, hint: "how often it was confirmed", sort: (a, b) => (a.seq ?? 0) - (b.seq ?? 0), cell: (m) => count(m.seq ?? 0) },
];

// On a phone: what and where in one cell, and no more than fits.
const narrowColumns: Column<Item>[] = [
  {
    ...columns[0]!,
    cell: (m) => (
      <span class="two">
        <strong>{m.event}</strong>
        <span class="muted">{m.camera || "all cameras"}</span>
      </span>
    ),
  },
  columns[2]!,
  columns[3]!,
];

// what the engine's operators say in words
const words: Record<string, string> = {
  all: "all of",
  any: "any of",
  not: "not",
  atLeast: "at least",
  sequence: "one after the other",
  absent: "absent",
};

function modifiers(t: Tree): string {
  const out: string[] = [];
  if (t.for_ms) out.push(`for ${span(t.for_ms)}`);
  if (t.within_ms) out.push(`within ${span(t.within_ms)}`);
  if (t.unknown) out.push(`unknown counts as ${t.unknown}`);
  return out.join(", ");
}

function Branch({ t, camera }: { t: Tree; camera: string }) {
  const mods = modifiers(t);
  const leaf = t.op === "compare" || t.op === "absent" || t.of == null;
  const old = age(t.captured_ms);
  return (
    <li class={t.decided ? "decided" : ""}>
      <div class="branch">
        <Status word={t.answer}>
          <span class="sr">{t.answer}: </span>
          {leaf ? <code>{t.op === "absent" ? `absent ${t.signal}` : `${t.signal} ${comparison(t.test)}`}</code> : <strong>{t.op === "atLeast" ? `at least ${t.n} of` : (words[t.op] ?? t.op)}</strong>}
        </Status>
        <span class="answer">{t.answer}</span>
      </div>
      {(leaf || mods) && (
        <div class="because muted">
          {leaf && (
            <>
              <a href={href("signals", { q: `${t.signal}@${t.camera || camera}` })}>
                {t.signal}
                {t.camera && t.camera !== camera ? `@${t.camera}` : ""}
              </a>{" "}
              {old == null ? "was never seen" : `is ${plain(t.value)}`}
              {old != null && (
                <>
                  , <span class={t.fresh ? "" : "stale"}>{t.fresh ? `${span(old)} old` : `stale: ${span(old)} old, good for ${span(t.ttl_ms)}`}</span>
                </>
              )}
              {t.frame ? `, frame ${t.frame}` : ""}
            </>
          )}
          {mods && <span>{leaf ? `; ${mods}` : mods}</span>}
        </div>
      )}
      {t.of && (
        <ul>
          {t.of.map((c, i) => (
            <Branch key={c.path || i} t={c} camera={camera} />
          ))}
        </ul>
      )}
    </li>
  );
}

// reachedAfter is the span that ends a state by itself, as far as the machine says it.
function States({ w }: { w: Why }) {
  const since = age(w.since_ms);
  const limits: Record<string, [string, number | undefined]> = {
    potential: ["hold", w.hold_ms],
    cooldown: ["cooldown", w.cooldown_ms],
  };
  const limit = limits[w.state];
  return (
    <>
      <ol class="states" aria-label="states of the machine">
        {["idle", "potential", "confirmed", "cooldown"].map((s) => (
          <li key={s} aria-current={s === w.state ? "step" : undefined}>
            {s === w.state ? <Status word={s} mark={machineMark(s, w.severity)} /> : s}
          </li>
        ))}
      </ol>
      <p class="muted">
        {[
          `${w.state}${since != null ? ` for ${span(since)}` : ""}${limit?.[1] ? `, of ${limit[0]} ${span(limit[1])}` : ""}`,
          w.state !== "cooldown" && w.state !== "idle" && w.grace_ms ? `a no is forgiven for ${span(w.grace_ms)}` : "",
          w.state === "confirmed" && w.unknown_grace_ms ? `an unknown for ${span(w.unknown_grace_ms)}` : "",
        ]
          .filter(Boolean)
          .join("; ")}
      </p>
      {limit?.[1] && since != null ? <Meter share={since / limit[1]} label={`${span(since)} of ${span(limit[1])}`} /> : null}
    </>
  );
}

// headline says the whole in one sentence, which is what the person asked.
function headline(w: Why): string {
  const muted = (w.muted_until_ms ?? 0) > now() ? " It is muted: nobody is told." : "";
  const why: string[] = [];
  const walk = (t: Tree) => {
    if (t.of) t.of.forEach(walk);
    else if (t.decided) why.push(`${t.signal} ${t.answer === "unknown" ? "is not known" : `is ${plain(t.value)}`}`);
  };
  if (w.tree) walk(w.tree);
  const held = w.tree?.for_ms && w.answer !== "yes" ? `; it must be so for ${span(w.tree.for_ms)} without a break` : "";
  const because = why.length > 0 ? `: ${[...new Set(why)].slice(0, 3).join(", ")}${why.length > 3 ? ", …" : ""}` : "";
  switch (w.state) {
    case "confirmed":
      return `It has fired and goes on; the condition says ${w.answer}${because}.${muted}`;
    case "potential":
      return `It is about to fire: the condition says ${w.answer}, and must for ${span(w.hold_ms)}.${muted}`;
    case "cooldown":
      return `It has fired and rests; nothing fires before the cooldown is over.${muted}`;
  }
  return w.answer === "unknown" ? `It does not fire because the condition cannot be answered${because}${held}.${muted}` : `It does not fire because the condition says ${w.answer}${because}${held}.${muted}`;
}

function Detail({ m }: { m: Item }) {
  const q = new URLSearchParams({ event: m.event, ...(m.camera ? { camera: m.camera } : {}) });
  const asked = usePoll<{ machines: Why[] | null }>(`why?${q}`, 500);
  const w = asked.value?.machines?.[0];
  return (
    <Side title={m.event} sub={m.camera || "all cameras"} onClose={() => setParams({ sel: "" })}>
      <section class="actions-row">
        <Mute event={m.event} {...(m.camera ? { camera: m.camera } : {})} until={m.muted_until_ms ?? 0} />
        <a class="btn" href={href("events", { event: m.event, camera: m.camera ?? "" })}>
          What happened
        </a>
        <PlaceLink id={`event/${m.event}`} place={nodes.value.get(`event/${m.event}`)?.place ?? nodes.value.get(`event/${m.key}`)?.place} />
      </section>
      {asked.why && <section class="c-bad">{asked.why}</section>}
      {w && (
        <>
          <section>
            <h3>{w.state === "confirmed" ? "Why does this fire?" : "Why does this not fire?"}</h3>
            <p class="why">{headline(w)}</p>
          </section>
          <section>
            <h3>Machine</h3>
            <States w={w} />
          </section>
          <section>
            <h3>Condition</h3>
            {w.tree ? (
              <ul class="tree">
                <Branch t={w.tree} camera={m.camera ?? ""} />
              </ul>
            ) : (
              <p class="muted">The event is disabled.</p>
            )}
          </section>
        </>
      )}
    </Side>
  );
}

/** The machines of all events. */
export function Machines({ filters }: { filters: ComponentChildren }) {
  const event = param("event");
  const camera = param("camera");
  const q = param("q").toLowerCase();
  const only = param("state");
  const sel = param("sel");
  const all: Item[] = Object.entries(machines.value).map(([key, m]) => ({ ...m, key }));
  const items = all.filter(
    (m) => (!event || m.event === event) && (!camera || m.camera === camera) && (!only || m.state === only || m.answer === only) && (!q || m.key.toLowerCase().includes(q)),
  );
  const list = sorted(items, columns, param("sort") || "state");
  const chosen = all.find((m) => m.key === sel);
  return (
    <section class="view">
      <div class="head">
        {filters}
        <Choice
          name="state"
          label="state or answer"
          options={[["", "all states"], ...["confirmed", "potential", "cooldown", "idle", "unknown"].map((s): [string, string] => [s, s === "unknown" ? "condition unknown" : s])]}
        />
        <Search hint="Event or camera" />
      </div>
      <div class={`split ${chosen ? "open" : ""}`}>
        <div class="column">
          <VirtualList
            label="machines"
            items={list}
            id={(m) => m.key}
            columns={phone.value ? narrowColumns : columns}
            rowRem={phone.value ? 3.3 : 2.4}
            chosen={sel}
            choose={(id) => setParams({ sel: id })}
            sorted={param("sort")}
            sort={(by) => setParams({ sort: by })}
            empty={
              <Empty>
                <p>{all.length === 0 ? "This pipeline has no events." : "No event is like that."}</p>
              </Empty>
            }
          />
        </div>
        {chosen && <Detail key={chosen.key} m={chosen} />}
      </div>
    </section>
  );
}
