// The graph as a picture: from the cameras on the left to where records go on the right, each node with how it does, each edge
// with what flows along it.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { count, plain } from "../data/format";
import { graph } from "../data/graph";
import { state } from "../data/live";
import { href, param, setParams } from "../data/route";
import type { GraphNode } from "../data/types";
import { useLayout } from "../graph/layout";
import { type Drawn, health, model, stateKey } from "../graph/model";
import { Empty, Pairs, Side } from "../parts/bits";
import { Icon, MarkIcon } from "../parts/icons";
import { PlaceLink } from "../parts/place";
import { Status } from "../parts/status";

const width = 190;
const height = 52;

// where a node of a role is told more of
function more(n: GraphNode): string {
  const key = stateKey(n);
  switch (n.role) {
    case "camera":
      return href("cameras", { sel: key });
    case "detector":
      return href("detectors", { sel: key });
    case "event":
      return href("events", { show: "why", sel: key });
    case "evidence":
      return href("evidence");
  }
  return href("load");
}

function Fields({ n }: { n: GraphNode }) {
  return <Pairs of={Object.entries(n.fields ?? {}).map(([k, v]): [string, string] => [k.replace(/^options\./, ""), typeof v === "object" && v !== null ? JSON.stringify(v) : plain(v)])} />;
}

function Detail({ d }: { d: Drawn }) {
  const n = d.members[0]!;
  const list = d.members.map((m) => ({ m, h: health(m) })).sort((a, b) => Number(a.h.mark === "ok") - Number(b.h.mark === "ok"));
  return (
    <Side
      title={
        <Status word={d.word} mark={d.mark}>
          {d.name}
        </Status>
      }
      sub={`${d.role}${n.kind ? ` · ${n.kind}` : ""}`}
      onClose={() => setParams({ sel: "" })}
    >
      <section class="actions-row">
        {d.members.length === 1 && (
          <a class="btn" href={more(n)}>
            How it does
          </a>
        )}
        <PlaceLink id={`${n.role}/${n.name}`} place={n.place} />
      </section>
      {n.doc && (
        <section>
          <p>{n.doc}</p>
        </section>
      )}
      {d.members.length > 1 ? (
        <section>
          <h3>{count(d.members.length)} of it</h3>
          <ul class="leaves">
            {list.slice(0, 100).map(({ m, h }) => (
              <li key={m.id}>
                <a href={more(m)}>
                  <Status word={h.word} mark={h.mark}>
                    {stateKey(m)}
                  </Status>
                </a>{" "}
                <span class="muted">{h.word}</span>
              </li>
            ))}
            {list.length > 100 && <li class="muted">and {count(list.length - 100)} more</li>}
          </ul>
        </section>
      ) : (
        <section>
          <h3>Settings</h3>
          <Fields n={n} />
        </section>
      )}
      {d.members.length > 1 && (
        <section>
          <h3>Settings of {stateKey(n)}</h3>
          <Fields n={n} />
        </section>
      )}
    </Side>
  );
}

function curve(points: { x: number; y: number }[]): string {
  const [first, ...rest] = points;
  if (first == null) return "";
  let d = `M${first.x},${first.y}`;
  for (let i = 0; i < rest.length; i++) {
    const p = rest[i]!;
    const q = rest[i + 1];
    if (q == null) d += `L${p.x},${p.y}`;
    else d += `Q${p.x},${p.y} ${(p.x + q.x) / 2},${(p.y + q.y) / 2}`;
  }
  return d;
}

// below is the line under a node's name: what it is, where, and how it does.
function below(d: Drawn): string {
  const n = d.members[0]!;
  const where = d.members.length === 1 && n.camera && n.role !== "camera" ? ` on ${n.camera}` : "";
  const text = [d.role + where, d.word || d.sub].filter(Boolean).join(" · ");
  return text.length > 31 ? `${text.slice(0, 30)}…` : text;
}

interface View {
  x: number;
  y: number;
  k: number;
}

/** The view of the graph. */
export function GraphView() {
  const g = graph.value;
  const s = state.value;
  const m = useMemo(() => (g ? model(g) : null), [g, s]);
  const box = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState({ w: 800, h: 600 });
  const [view, setView] = useState<View | null>(null); // null: the whole is fitted into the page
  const down = size.w < 560;
  const placed = useLayout(
    (m?.nodes ?? []).map((n) => ({ id: n.id, width, height })),
    (m?.wires ?? []).map((w) => ({ from: w.from, to: w.to })),
    down,
  );
  useEffect(() => {
    const b = box.current;
    if (b == null) return;
    const sizes = new ResizeObserver(() => setSize({ w: b.clientWidth, h: b.clientHeight }));
    sizes.observe(b);
    return () => sizes.disconnect();
  }, [g == null]);

  if (g == null || m == null)
    return (
      <Empty>
        <p>Reading the graph…</p>
      </Empty>
    );
  const sel = param("sel");
  const chosen = m.nodes.find((n) => n.id === sel);
  const fit = placed ? Math.min(2.2, Math.max(down ? 0.75 : 0.45, Math.min(size.w / placed.width, size.h / placed.height))) : 1;
  const v: View = view ?? {
    k: fit,
    x: placed ? Math.max(0, (size.w - placed.width * fit) / 2) : 0,
    y: placed ? Math.max(0, (size.h - placed.height * fit) / 2) : 0,
  };
  const zoom = (by: number, cx = size.w / 2, cy = size.h / 2) => {
    const k = Math.min(4, Math.max(0.1, v.k * by));
    setView({ k, x: cx - ((cx - v.x) * k) / v.k, y: cy - ((cy - v.y) * k) / v.k });
  };
  const near = new Set<string>();
  if (chosen) for (const w of m.wires) if (w.from === chosen.id || w.to === chosen.id) near.add(`${w.from}\n${w.to}`);
  const labels = new Map(m.wires.map((w) => [`${w.from}\n${w.to}`, w.label]));
  return (
    <section class="view">
      <div class="head">
        <h1>Graph</h1>
        <span class="muted">
          {count(m.nodes.length)} nodes{m.nodes.some((n) => n.members.length > 1) && `, standing for ${count(m.nodes.reduce((n, d) => n + d.members.length, 0))}`}
        </span>
        <span class="key muted" aria-hidden="true">
          {(
            [
              ["ok", "well"],
              ["warn", "impaired"],
              ["bad", "not working"],
              ["active", "event goes on"],
              ["idle", "quiet"],
            ] as const
          ).map(([mark, word]) => (
            <Status key={mark} word={word} mark={mark} />
          ))}
        </span>
        <div class="right">
          <button type="button" class="btn icon" aria-label="smaller" onClick={() => zoom(1 / 1.3)}>
            <Icon name="minus" />
          </button>
          <button type="button" class="btn icon" aria-label="larger" onClick={() => zoom(1.3)}>
            <Icon name="add" />
          </button>
          <button type="button" class="btn icon" aria-label="fit to the page" onClick={() => setView(null)}>
            <Icon name="fit" />
          </button>
        </div>
      </div>
      <div class={`split ${chosen ? "open" : ""}`}>
        <div
          class="graph"
          ref={box}
          onWheel={(e) => {
            e.preventDefault();
            const r = e.currentTarget.getBoundingClientRect();
            zoom(Math.exp(-e.deltaY / 400), e.clientX - r.left, e.clientY - r.top);
          }}
          onPointerDown={(e) => {
            if ((e.target as Element).closest(".gnode")) return;
            const b = e.currentTarget;
            b.setPointerCapture(e.pointerId);
            const from = { x: e.clientX - v.x, y: e.clientY - v.y };
            const move = (a: PointerEvent) => setView({ k: v.k, x: a.clientX - from.x, y: a.clientY - from.y });
            b.addEventListener("pointermove", move);
            b.addEventListener("pointerup", () => b.removeEventListener("pointermove", move), { once: true });
          }}
        >
          {placed == null ? (
            <Empty>
              <p>Placing…</p>
            </Empty>
          ) : (
            <svg role="group" aria-label="graph of the pipeline">
              <g transform={`translate(${v.x} ${v.y}) scale(${v.k})`}>
                {placed.edges.map((e) => {
                  const k = `${e.from}\n${e.to}`;
                  const mid = e.points[Math.floor(e.points.length / 2)];
                  const label = labels.get(k);
                  return (
                    <g key={k} class={`wire ${chosen ? (near.has(k) ? "near" : "far") : ""}`}>
                      <path d={curve(e.points)} />
                      {label && mid && (
                        <text x={mid.x} y={mid.y - 5} text-anchor="middle">
                          {label}
                        </text>
                      )}
                    </g>
                  );
                })}
                {m.nodes.map((n) => {
                  const at = placed.nodes[n.id];
                  if (at == null) return null;
                  return (
                    <g key={n.id} transform={`translate(${at.x} ${at.y})`}>
                    <a
                      class={`gnode ${n.mark} ${n.id === sel ? "chosen" : ""}`}
                      href={href("graph", { sel: n.id })}
                      data-node={n.id}
                    >
                      {n.members.length > 1 && <rect class="behind" x={4} y={4} width={width} height={height} rx={6} />}
                      <rect width={width} height={height} rx={6} />
                      <rect class="edge" width={4} height={height} rx={2} />
                      <svg x={14} y={10} width={14} height={14}>
                        <MarkIcon mark={n.mark} />
                      </svg>
                      <text class="title" x={34} y={22}>
                        {n.name.length > 20 ? `${n.name.slice(0, 19)}…` : n.name}
                      </text>
                      <text class="sub" x={14} y={41}>
                        {below(n)}
                      </text>
                    </a>
                    </g>
                  );
                })}
              </g>
            </svg>
          )}
        </div>
        {chosen && <Detail key={chosen.id} d={chosen} />}
      </div>
    </section>
  );
}
