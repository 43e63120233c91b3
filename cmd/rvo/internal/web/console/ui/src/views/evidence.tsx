// Evidence: the clips on disk, and one of them played frame by frame with what was found, what was asked for and what is missing.
import { useEffect, useRef, useState } from "preact/hooks";
import { bytes, clock, comparison, count, moment, plain, span } from "../data/format";
import { usePoll } from "../data/poll";
import { href, param, setParams } from "../data/route";
import { state } from "../data/live";
import { phone } from "../data/width";
import type { Box, Clip } from "../data/types";
import { Choice, Empty, Pairs, Search, Side } from "../parts/bits";
import { Icon } from "../parts/icons";
import { Overlay } from "../parts/picture";
import { Status, markOf } from "../parts/status";
import { type Column, VirtualList } from "../parts/virtual";

interface File {
  name: string;
  size: number;
  sha256: string;
  capture: string;
  frame: number;
}

interface Meta {
  clip: string;
  camera: string;
  created: string;
  events: {
    id: string;
    event: string;
    severity?: string;
    confirmed: string;
    capture: string;
    leaves?: { path: string; signal: string; test?: string; answer: string; value?: unknown; age?: string; decided?: boolean }[];
    boxes?: { signal: string; frame?: number; capture: string; boxes: Box[] }[];
  }[];
  asked: { from: string; to: string; fps: number; quality: number };
  delivered: { from?: string; to?: string; frames: number };
  short?: { reason: string; from: string; to?: string }[];
  format: string;
  encoder?: string;
  width: number;
  height: number;
  snapshot?: { file: string; capture: string };
  files: File[];
  bytes: number;
}

const columns: Column<Clip>[] = [
  { key: "time", name: "made", width: "minmax(5.4rem, 9rem)", cell: (c) => moment(c.created) },
  {
    key: "event",
    name: "event",
    width: "minmax(6rem, 1.2fr)",
    cell: (c) => {
      const e = c.events[0];
      return (
        <Status word={e?.severity ?? ""} mark={e?.severity ? markOf(e.severity) : "idle"}>
          {e?.event ?? "–"}
          {c.events.length > 1 && <span class="muted"> +{c.events.length - 1}</span>}
        </Status>
      );
    },
  },
  { key: "camera", name: "camera", width: "minmax(4rem, 1fr)", cell: (c) => <span class="one-line">{c.camera}</span> },
  { key: "span", name: "shows", width: "4.4rem", num: true, cell: (c) => (c.from && c.to ? span(Date.parse(c.to) - Date.parse(c.from)) : "–") },
  { key: "frames", name: "frames", width: "4rem", num: true, cell: (c) => count(c.frames) },
  { key: "bytes", name: "size", width: "4.8rem", num: true, cell: (c) => bytes(c.bytes) },
  {
    key: "short",
    name: "whole",
    width: "minmax(4.5rem, 0.8fr)",
    cell: (c) =>
      c.short?.length ? (
        <Status word="" mark="warn">
          {c.short.join(", ").replaceAll("_", " ")}
        </Status>
      ) : c.gap_ms ? (
        <Status word="" mark="warn">
          a pause of {span(c.gap_ms)}
        </Status>
      ) : (
        <Status word="" mark="ok">
          yes
        </Status>
      ),
  },
];

// On a phone: what and where in one cell, and no more than fits.
const narrowColumns: Column<Clip>[] = [
  columns[0]!,
  {
    ...columns[1]!,
    cell: (c) => (
      <span class="two">
        <span>{columns[1]!.cell(c)}</span>
        <span class="muted">{c.camera}</span>
      </span>
    ),
  },
  columns[6]!,
];

const isPicture = (f: File) => /^frame_\d+\.jpe?g$/.test(f.name);

function path(c: { policy: string; clip: string }, file = ""): string {
  return `api/v1/evidence/${encodeURIComponent(c.policy)}/${encodeURIComponent(c.clip)}${file && `/${encodeURIComponent(file)}`}`;
}

// Player shows the pictures of a clip at the pace they were captured.
function Player({ clip, meta }: { clip: Clip; meta: Meta }) {
  const files = meta.files.filter(isPicture);
  const snap = meta.snapshot?.file;
  const start = Math.max(0, files.findIndex((f) => f.capture >= (meta.events[0]?.capture ?? "")));
  const [at, setAt] = useState(start);
  const [playing, setPlaying] = useState(false);
  const [still, setStill] = useState(false);
  const i = Math.min(at, Math.max(0, files.length - 1));
  const f = files[i];
  const next = files[i + 1];

  useEffect(() => {
    if (!playing || f == null) return;
    if (next == null) {
      setPlaying(false);
      return;
    }
    const wait = Math.min(2000, Math.max(20, Date.parse(next.capture) - Date.parse(f.capture)));
    const t = setTimeout(() => setAt(i + 1), wait);
    return () => clearTimeout(t);
  }, [playing, i, f, next]);
  // The pictures ahead are fetched before they are due.
  const ahead = useRef<HTMLImageElement[]>([]);
  useEffect(() => {
    ahead.current = files.slice(i + 1, i + 5).map((x) => {
      const img = new Image();
      img.src = path(clip, x.name);
      return img;
    });
  }, [i, clip.clip]);

  if (f == null && snap == null) return <p class="muted pad">This clip has no pictures.</p>;
  const found = meta.events.flatMap((e) => e.boxes ?? []).filter((b) => f != null && (b.frame ? b.frame === f.frame : b.capture === f.capture));
  const boxes = found.flatMap((b) => b.boxes);
  const go = (to: number) => {
    setStill(false);
    setPlaying(false);
    setAt(Math.min(files.length - 1, Math.max(0, to)));
  };
  const ratio = meta.width && meta.height ? meta.width / meta.height : 16 / 9;
  const from = Date.parse(meta.events[0]?.confirmed ?? files[0]?.capture ?? "");
  return (
    <div
      class="player"
      onKeyDown={(e) => {
        if ((e.target as HTMLElement).tagName === "INPUT") return;
        if (e.key === "ArrowLeft") go(i - 1);
        else if (e.key === "ArrowRight") go(i + 1);
        else if (e.key === " " && (e.target as HTMLElement).tagName !== "BUTTON") setPlaying(!playing);
        else return;
        e.preventDefault();
      }}
    >
      <div class="live" style={{ "--r": String(ratio) }}>
        <div class="frame">
          {still || f == null ? (
            <img class="still" src={path(clip, snap!)} alt={`snapshot of ${meta.camera} with what was found`} />
          ) : (
            <>
              <img class="still" src={path(clip, f.name)} alt={`picture ${i + 1} of ${files.length} of ${meta.camera}, captured ${clock(f.capture, true)}`} data-frame={f.frame} />
              <Overlay camera={meta.camera} boxes={boxes} shown={{ boxes: true, zones: false, masks: false }} />
            </>
          )}
        </div>
      </div>
      <div class="controls">
        <button type="button" class="btn icon" aria-label="picture before" onClick={() => go(i - 1)}>
          <Icon name="back" />
        </button>
        <button
          type="button"
          class="btn icon"
          aria-label={playing ? "pause" : "play"}
          onClick={() => {
            setStill(false);
            if (!playing && next == null) setAt(0);
            setPlaying(!playing);
          }}
        >
          <Icon name={playing ? "pause" : "play"} />
        </button>
        <button type="button" class="btn icon" aria-label="next picture" onClick={() => go(i + 1)}>
          <Icon name="next" />
        </button>
        <input type="range" min={0} max={Math.max(0, files.length - 1)} value={i} aria-label="picture" onInput={(e) => go(Number(e.currentTarget.value))} />
        {snap && (
          <button type="button" class="btn" aria-pressed={still} onClick={() => setStill(!still)}>
            Snapshot
          </button>
        )}
      </div>
      {f && !still && (
        <p class="muted when">
          {clock(f.capture, true)}, {span(Math.abs(Date.parse(f.capture) - from))} {Date.parse(f.capture) < from ? "before" : "after"} it was sure · {i + 1} of {files.length}
          {boxes.length > 0 && ` · ${boxes.length} found`}
        </p>
      )}
    </div>
  );
}

function Detail({ clip }: { clip: Clip }) {
  const asked = usePoll<Meta>(`evidence/${encodeURIComponent(clip.policy)}/${encodeURIComponent(clip.clip)}`, 0);
  const m = asked.value;
  return (
    <Side title={clip.events.map((e) => e.event).join(", ") || clip.clip} sub={`${clip.camera} · ${moment(clip.created)}`} onClose={() => setParams({ sel: "" })}>
      {asked.why && <section class="c-bad">{asked.why}</section>}
      {m && (
        <>
          <section class="bleed">
            <Player key={clip.clip} clip={clip} meta={m} />
          </section>
          <section>
            <h3>Asked and delivered</h3>
            <Pairs
              of={[
                ["asked", `${clock(m.asked.from, true)} – ${clock(m.asked.to, true)}`],
                ["delivered", m.delivered.frames ? `${clock(m.delivered.from, true)} – ${clock(m.delivered.to, true)}, ${count(m.delivered.frames)} pictures` : "no pictures"],
                [
                  "missing",
                  m.short?.length ? (
                    <ul>
                      {m.short.map((s, i) => (
                        <li key={i}>
                          <Status word="" mark="warn">
                            {s.reason.replaceAll("_", " ")}: {clock(s.from, true)}
                            {s.to && ` – ${clock(s.to, true)}`}
                          </Status>
                        </li>
                      ))}
                    </ul>
                  ) : clip.gap_ms ? (
                    <Status word="" mark="warn">
                      pictures here and there: the longest pause is {span(clip.gap_ms)}
                    </Status>
                  ) : (
                    <Status word="" mark="ok">
                      nothing
                    </Status>
                  ),
                ],
                ["pictures", `${m.width} × ${m.height} ${m.format}${m.asked.quality ? `, quality ${m.asked.quality}` : ""}`],
                ["size", bytes(m.bytes)],
              ]}
            />
          </section>
          {m.events.map((e) => (
            <section key={e.id}>
              <h3>
                {e.event}, sure at {clock(e.confirmed, true)}
              </h3>
              <ul class="leaves">
                {(e.leaves ?? []).map((l) => (
                  <li key={l.path}>
                    <Status word={l.answer}>
                      <code>
                        {l.signal} {comparison(l.test)}
                      </code>
                    </Status>
                    <div class="muted">
                      {plain(l.value)}
                      {l.age && `, ${l.age} old`}
                      {l.decided && ", decided"}
                    </div>
                  </li>
                ))}
              </ul>
              <p>
                <a href={href("events", { sel: e.id })}>The event</a>
              </p>
            </section>
          ))}
          <section>
            <details>
              <summary>{count(m.files.length)} files with their hashes</summary>
              <ul class="files">
                {m.files.map((f) => (
                  <li key={f.name}>
                    <a href={path(clip, f.name)} target="_blank" rel="noreferrer">
                      {f.name}
                    </a>
                    <code class="muted" title={f.sha256}>
                      {f.sha256.slice(0, 16)}
                    </code>
                    <span class="num muted">{bytes(f.size)}</span>
                  </li>
                ))}
              </ul>
            </details>
          </section>
        </>
      )}
    </Side>
  );
}

/** The view of evidence. */
export function Evidence() {
  const event = param("event");
  const camera = param("camera");
  const asked = usePoll<{ clips: Clip[] | null; more?: boolean }>(`evidence?limit=500${event && `&event=${encodeURIComponent(event)}`}${camera && `&camera=${encodeURIComponent(camera)}`}`, 3000);
  const q = param("q").toLowerCase();
  const all = asked.value?.clips ?? [];
  const items = all.filter((c) => !q || `${c.clip} ${c.camera} ${c.events.map((e) => e.event).join(" ")}`.toLowerCase().includes(q));
  const sel = param("sel");
  const chosen = all.find((c) => c.clip === sel);
  const policies = Object.entries(state.value?.evidence ?? {});
  const broken = policies.filter(([, p]) => p.error);
  const names = [...new Set(Object.values(state.value?.events ?? {}).map((m) => m.event))].sort();
  const pending = policies.reduce((n, [, p]) => n + (p.pending ?? 0), 0);
  const cols = phone.value ? narrowColumns : chosen ? columns.filter((c) => !["bytes", "span"].includes(c.key)) : columns;
  return (
    <section class="view">
      <div class="head">
        <h1>Evidence</h1>
        <Choice name="event" label="event" options={[["", "all events"], ...names.map((n): [string, string] => [n, n])]} />
        <Search hint="Event, camera or clip" />
        <span class="muted">
          {count(items.length)} {items.length === 1 ? "clip" : "clips"}
          {asked.value?.more && " (there are older ones on disk)"}
          {pending > 0 && `, ${pending} being made`}
        </span>
      </div>
      {broken.map(([id, p]) => (
        <div key={id} class="notice bad">
          <Status word="" mark="bad">
            {id}: {p.error}
          </Status>
        </div>
      ))}
      <div class={`split ${chosen ? "open wide" : ""}`}>
        <div class="column">
          <VirtualList
            label="clips"
            items={items}
            id={(c) => c.clip}
            columns={cols}
            rowRem={phone.value ? 3.3 : 2.4}
            chosen={sel}
            choose={(id) => setParams({ sel: id })}
            empty={
              <Empty>
                <p>{asked.why || (asked.value == null ? "Reading…" : sel ? "This clip is not on disk: it is still being made, or it was too old to keep." : "There are no clips yet.")}</p>
              </Empty>
            }
          />
        </div>
        {chosen && <Detail key={chosen.clip} clip={chosen} />}
      </div>
    </section>
  );
}
