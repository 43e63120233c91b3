// The cameras, live: a wall of those in sight, or one of them large with everything that is known about it.
import { computed, type Signal, signal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { reason } from "../data/api";
import { byName, count, plain, rate, span } from "../data/format";
import { age, cameras, detectors, machines, signals } from "../data/live";
import { follow, type Picture } from "../data/pictures";
import { rateOf } from "../data/rates";
import { href, param, setParams } from "../data/route";
import type { Box, Camera, Machine } from "../data/types";
import { Choice, Empty, Pairs, Search } from "../parts/bits";
import { Icon } from "../parts/icons";
import { Mute } from "../parts/mute";
import { Live, Overlay, PictureAge, type Shown } from "../parts/picture";
import { Badge, machineMark, Status } from "../parts/status";
import { VirtualGrid } from "../parts/virtual";

interface Item {
  id: string;
  c: Camera;
}

// A picture is told to those who show this camera and to nobody else: there are dozens a second.
const pictures = new Map<string, Signal<Picture | undefined>>();

function pictureOf(camera: string): Signal<Picture | undefined> {
  let s = pictures.get(camera);
  if (s == null) pictures.set(camera, (s = signal(undefined)));
  return s;
}

function take(camera: string, p: Picture): void {
  const s = pictureOf(camera);
  s.peek()?.bitmap.close();
  s.value = p;
}

// What goes on at each camera, looked up once for all tiles.
const goingOn = computed(() => {
  const by = new Map<string, Machine[]>();
  for (const m of Object.values(machines.value)) {
    if (!m.camera || (m.state !== "confirmed" && m.state !== "potential")) continue;
    const list = by.get(m.camera);
    if (list) list.push(m);
    else by.set(m.camera, [m]);
  }
  return by;
});

// useWatch follows cameras for as long as the view is open; pictures of the ones that left the page are given back.
function useWatch(ids: string[], fps: number, width: number): string {
  const [why, setWhy] = useState("");
  const key = ids.join("\n");
  useEffect(() => {
    let stop = () => {};
    // Somebody who scrolls past a hundred cameras asks for the ones they stop at.
    const begin = () => {
      for (const [id, s] of pictures) {
        if (ids.includes(id)) continue;
        s.peek()?.bitmap.close();
        pictures.delete(id);
      }
      stop = follow({ cameras: ids, fps, width }, (c, p) => (setWhy(""), take(c, p)), (e) => setWhy(reason(e)));
    };
    const later = setTimeout(begin, 120);
    // Nothing is encoded for a page that is in the background.
    const look = () => {
      stop();
      if (!document.hidden) begin();
    };
    document.addEventListener("visibilitychange", look);
    return () => {
      document.removeEventListener("visibilitychange", look);
      clearTimeout(later);
      stop();
    };
  }, [key, fps, width]);
  return why;
}

const ratioOf = (c: Camera) => (c.width && c.height ? c.width / c.height : 16 / 9);

// boxesOf are those that came with the picture, else the newest fresh ones the state has.
function boxesOf(camera: string, p: Picture | undefined): Box[] {
  if (p?.boxes) return p.boxes;
  const out: Box[] = [];
  for (const s of Object.values(signals.value)) {
    if (s.camera === camera && s.type === "boxes" && s.fresh && Array.isArray(s.value)) out.push(...(s.value as Box[]));
  }
  return out;
}

function shown(): Shown {
  const off = param("hide").split(",");
  return { boxes: !off.includes("boxes"), zones: !off.includes("zones"), masks: !off.includes("masks") };
}

function Layers() {
  const s = shown();
  return (
    <div class="layers" role="group" aria-label="drawn over the picture">
      {(["boxes", "zones", "masks"] as const).map((k) => (
        <button
          key={k}
          type="button"
          class="btn"
          aria-pressed={s[k]}
          onClick={() => {
            const off = Object.entries({ ...s, [k]: !s[k] })
              .filter(([, on]) => !on)
              .map(([n]) => n);
            setParams({ hide: off.join(",") });
          }}
        >
          {k}
        </button>
      ))}
    </div>
  );
}

function Tile({ id, c, on }: { id: string; c: Camera; on: Shown }) {
  const p = pictureOf(id).value;
  const events = goingOn.value.get(id) ?? [];
  return (
    <a class={`tile ${c.state === "up" ? "" : "out"}`} href={href("cameras", { sel: id, hide: param("hide") })} data-camera={id}>
      <Live picture={p} name={id} ratio={ratioOf(c)} over={p && c.state === "up" ? <Overlay camera={id} boxes={boxesOf(id, p)} shown={on} small /> : null}>
        {c.state !== "up" && (
          <div class="no-picture">
            <Status word={c.state} />
            {c.error && <p class="muted">{c.error}</p>}
          </div>
        )}
        {events.length > 0 && (
          <div class="tile-events">
            {events.slice(0, 3).map((m) => (
              <Badge key={m.event} word={m.state} mark={machineMark(m.state, m.severity)}>
                {m.event}
                {m.state === "potential" && " ?"}
              </Badge>
            ))}
            {events.length > 3 && <span class="badge">+{events.length - 3}</span>}
          </div>
        )}
      </Live>
      <div class="caption">
        <Status word={c.state}>
          <strong class="one-line">{id}</strong>
        </Status>
        <span class="muted num">{rate(c.fps)} fps</span>
        <span class="num">{c.state === "up" ? <PictureAge picture={p} /> : span(age(c.captured_ms))}</span>
      </div>
    </a>
  );
}

function all(): Item[] {
  return Object.entries(cameras.value).map(([id, c]) => ({ id, c }));
}

function Wall() {
  const [seen, setSeen] = useState<string[]>([]);
  const q = param("q").toLowerCase();
  const only = param("state");
  const by = param("sort");
  let items = all().filter((x) => x.id.toLowerCase().includes(q) && (only === "" || (only === "up") === (x.c.state === "up")));
  if (by === "age") items.sort((a, b) => (a.c.captured_ms ?? 0) - (b.c.captured_ms ?? 0));
  else if (by === "drops") items.sort((a, b) => (rateOf(`camera/${b.id} dropped`) ?? 0) - (rateOf(`camera/${a.id} dropped`) ?? 0));
  else items = items.sort((a, b) => byName(a.id, b.id));
  const why = useWatch(seen, seen.length > 9 ? 2 : 5, seen.length > 4 ? 480 : 960);
  const on = shown();
  return (
    <section class="view">
      <div class="head">
        <h1>Cameras</h1>
        <Search hint="Find a camera" />
        <Choice
          name="state"
          label="state"
          options={[
            ["", "all states"],
            ["up", "up"],
            ["out", "not up"],
          ]}
        />
        <Choice
          name="sort"
          label="order"
          options={[
            ["", "by name"],
            ["age", "oldest picture first"],
            ["drops", "most drops first"],
          ]}
        />
        <Layers />
        {why && <Status word="" mark="bad">{`No live pictures: ${why}`}</Status>}
      </div>
      {items.length === 0 ? (
        <Empty>{all().length === 0 ? <p>This pipeline has no cameras.</p> : <p>No camera is like that.</p>}</Empty>
      ) : (
        <VirtualGrid
          label="cameras"
          items={items}
          id={(x) => x.id}
          minRem={17}
          height={(w) => (w * 9) / 16 + 34}
          inSight={setSeen}
          tile={(x) => <Tile id={x.id} c={x.c} on={on} />}
        />
      )}
    </section>
  );
}

// The stage is as wide as its column; the server is asked for a picture that fills it, by steps, so that watchers share one.
function useWidth(): [box: preact.RefObject<HTMLDivElement | null>, width: number] {
  const ref = useRef<HTMLDivElement>(null);
  const [w, setW] = useState(960);
  useEffect(() => {
    const sizes = new ResizeObserver(([e]) => {
      const px = (e?.contentRect.width ?? 0) * devicePixelRatio;
      setW(px > 1400 ? 1920 : px > 800 ? 1280 : 640);
    });
    if (ref.current) sizes.observe(ref.current);
    return () => sizes.disconnect();
  }, []);
  return [ref, w];
}

function Stage({ id, c }: { id: string; c: Camera }) {
  const [ref, width] = useWidth();
  const why = useWatch([id], 10, width);
  const p = pictureOf(id).value;
  const ids = all()
    .map((x) => x.id)
    .sort((a, b) => byName(a, b));
  const to = (step: number) => href("cameras", { sel: ids[(ids.indexOf(id) + step + ids.length) % ids.length]!, hide: param("hide") });
  const dets = Object.values(detectors.value).filter((d) => d.camera === id);
  const sigs = Object.entries(signals.value).filter(([, s]) => s.camera === id);
  const evs = Object.entries(machines.value).filter(([, m]) => m.camera === id);
  useEffect(() => {
    const key = (e: KeyboardEvent) => {
      if ((e.target as HTMLElement).closest("input, select, textarea, dialog, .side")) return;
      if (e.key === "ArrowLeft") location.hash = to(-1);
      else if (e.key === "ArrowRight") location.hash = to(1);
      else if (e.key === "Escape") setParams({ sel: "" });
    };
    addEventListener("keydown", key);
    return () => removeEventListener("keydown", key);
  }, [id, ids.length]);
  return (
    <section class="view">
      <div class="head">
        <a class="btn" href={href("cameras", { hide: param("hide") })}>
          <Icon name="back" /> All cameras
        </a>
        <h1>
          <Status word={c.state}>{id}</Status>
        </h1>
        <Layers />
        <Mute camera={id} until={Math.max(0, ...evs.map(([, m]) => m.muted_until_ms ?? 0))} />
        <div class="right">
          <a class="btn icon" href={to(-1)} aria-label="camera before" title="camera before (←)">
            <Icon name="back" />
          </a>
          <a class="btn icon" href={to(1)} aria-label="next camera" title="next camera (→)">
            <Icon name="next" />
          </a>
        </div>
      </div>
      <div class="stage">
        <div class="stage-picture" ref={ref} data-camera={id}>
          <Live picture={p} name={id} ratio={ratioOf(c)} over={p && c.state === "up" ? <Overlay camera={id} boxes={boxesOf(id, p)} shown={shown()} /> : null}>
              {(c.state !== "up" || why) && (
                <div class="no-picture">
                  <Status word={c.state} />
                  <p>{c.error || why}</p>
                </div>
              )}
          </Live>
          <div class="caption">
            <span>
              picture <PictureAge picture={p} />
            </span>
            <span class="muted">
              {c.width} × {c.height} at {rate(c.fps)} fps
            </span>
            {p && <span class="muted">frame {count(p.seq)}</span>}
          </div>
        </div>
        <div class="stage-side scroll" tabIndex={0} aria-label={`what is known of ${id}`}>
          <section>
            <h3>Events</h3>
            {evs.length === 0 && <p class="muted">No event looks here.</p>}
            {evs.map(([k, m]) => (
              <a key={k} class="line" href={href("events", { show: "why", sel: k })}>
                <Status word={m.state} mark={machineMark(m.state, m.severity)}>
                  {m.event}
                </Status>
                <span class="muted">{m.state}</span>
                <span class="muted num">{span(age(m.since_ms))}</span>
              </a>
            ))}
          </section>
          <section>
            <h3>Signals</h3>
            {sigs.map(([k, s]) => (
              <a key={k} class="line" href={href("signals", { q: k })}>
                <Status word={s.fresh ? "ok" : "unknown"}>{s.signal}</Status>
                <span class={s.fresh ? "" : "muted"}>{plain(s.value)}</span>
                <span class="muted num">{span(age(s.captured_ms))}</span>
              </a>
            ))}
          </section>
          <section>
            <h3>Detectors</h3>
            {dets.map((d) => (
              <a key={d.detector} class="line" href={href("detectors", { sel: `${d.detector}@${d.camera}` })}>
                <Status word={d.health}>{d.detector}</Status>
                <span class="muted">{rate(rateOf(`detector/${d.detector}@${d.camera} runs`))}/s</span>
                <span class="muted num">{span(d.cost_ms)}</span>
              </a>
            ))}
          </section>
          <section>
            <h3>Capture</h3>
            <Pairs
              of={[
                ["frames", `${count(c.frames)} (${rate(rateOf(`camera/${id} frames`))}/s)`],
                ["dropped", Object.entries(c.dropped ?? {}).filter(([, n]) => n > 0).map(([k, n]) => `${count(n)} ${k.replaceAll("_", " ")}`).join(", ") || "none"],
                ["reconnects", count(c.reconnects)],
                ["stalls", count(c.stalls)],
                ["frame buffers", c.buffers_capacity ? `${c.buffers ?? 0} of ${c.buffers_capacity} held` : ""],
                ["watching", c.watchers ? count(c.watchers) : ""],
              ]}
            />
          </section>
        </div>
      </div>
    </section>
  );
}

/** The view of cameras. */
export function Cameras() {
  const sel = param("sel");
  const c = sel ? cameras.value[sel] : undefined;
  if (sel && c) return <Stage key={sel} id={sel} c={c} />;
  if (sel)
    return (
      <Empty>
        <p>There is no camera {sel} in the pipeline that runs.</p>
        <a class="btn" href={href("cameras")}>
          All cameras
        </a>
      </Empty>
    );
  return <Wall />;
}
