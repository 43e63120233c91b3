// Occurrences on a line of time, a lane an event. It is drawn on a canvas: ten thousand of them are one picture, and the list beside
// it says the same in words.
import { useEffect, useRef, useState } from "preact/hooks";
import { clock, moment } from "../data/format";
import type { Occurrence } from "../data/events";
import { now, tick } from "../data/live";
import { theme } from "../data/theme";
import { rem } from "./virtual";

interface Props {
  items: Occurrence[]; // newest first
  span: number; // ms
  chosen: string;
  choose: (id: string) => void;
}

const maxLanes = 8;
const names = 9; // rem for the lanes' names

function steps(span: number): number {
  return [60_000, 120_000, 300_000, 600_000, 3_600_000, 10_800_000, 21_600_000, 86_400_000].find((s) => span / s <= 11) ?? 86_400_000;
}

/** The timeline of the last so many milliseconds. */
export function Timeline({ items, span, chosen, choose }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [width, setWidth] = useState(800);
  void tick.value;
  const lane = Math.round(1.5 * rem());
  const lanes = [...new Set(items.map((o) => o.event))].sort().slice(0, maxLanes);
  const height = Math.max(1, lanes.length) * lane + 22;
  const to = now();
  const from = to - span;
  const left = width < 500 ? 80 : Math.round(names * rem());
  const x = (t: number) => left + ((t - from) / span) * (width - left - 8);

  useEffect(() => {
    const c = canvas.current;
    if (c == null) return;
    const sizes = new ResizeObserver(([e]) => setWidth(Math.max(200, Math.round(e?.contentRect.width ?? 800))));
    sizes.observe(c.parentElement!);
    return () => sizes.disconnect();
  }, []);

  useEffect(() => {
    const c = canvas.current;
    if (c == null) return;
    const scale = devicePixelRatio;
    c.width = width * scale;
    c.height = height * scale;
    const g = c.getContext("2d");
    if (g == null) return;
    g.scale(scale, scale);
    const css = getComputedStyle(c);
    const color = (n: string) => css.getPropertyValue(n).trim();
    g.font = `${Math.round(0.82 * rem())}px ${css.fontFamily}`;
    g.textBaseline = "middle";
    // The grid, on round moments of the day here.
    const step = steps(span);
    const shift = new Date(to).getTimezoneOffset() * 60_000;
    for (let t = Math.ceil((from - shift) / step) * step + shift; t < to; t += step) {
      g.fillStyle = color("--line");
      g.fillRect(Math.round(x(t)), 0, 1, height - 18);
      g.fillStyle = color("--muted");
      g.textAlign = "center";
      if (x(t) > left + 20 && x(t) < width - 24) g.fillText(step >= 86_400_000 ? moment(t).slice(5, 10) : clock(t).slice(0, 5), x(t), height - 9);
    }
    g.textAlign = "left";
    lanes.forEach((name, i) => {
      g.fillStyle = color("--line");
      g.fillRect(0, (i + 1) * lane - 1, width, 1);
      g.fillStyle = color("--text");
      g.save();
      g.beginPath();
      g.rect(0, i * lane, left - 8, lane);
      g.clip();
      g.fillText(name, 0, i * lane + lane / 2);
      g.restore();
    });
    const tones: Record<string, string> = { critical: color("--bad"), warning: color("--warn") };
    const usual = color("--accent");
    const lanesAt = new Map(lanes.map((n, i) => [n, i]));
    for (let k = items.length - 1; k >= 0; k--) {
      const o = items[k]!;
      const i = lanesAt.get(o.event);
      const until = o.ended || to;
      if (i == null || until < from) continue;
      const a = Math.max(left, x(o.confirmed));
      const b = Math.max(a + 3, x(until));
      g.fillStyle = tones[o.severity] ?? usual;
      g.globalAlpha = o.id === chosen ? 1 : 0.72;
      g.fillRect(a, i * lane + 5, b - a, lane - 11);
      g.globalAlpha = 1;
      if (o.id === chosen) {
        g.strokeStyle = color("--text");
        g.lineWidth = 2;
        g.strokeRect(a - 1, i * lane + 4, b - a + 2, lane - 9);
      }
    }
  });

  const pick = (e: MouseEvent) => {
    const name = lanes[Math.floor(e.offsetY / lane)];
    const near = items
      .filter((o) => o.event === name && x(o.ended || to) + 6 >= e.offsetX && x(o.confirmed) - 6 <= e.offsetX)
      .sort((a, b) => Math.abs(x(a.confirmed) - e.offsetX) - Math.abs(x(b.confirmed) - e.offsetX))[0];
    if (near) choose(near.id);
  };

  void theme.value;
  return (
    <div class="timeline" hidden={items.length === 0}>
      <canvas
        ref={canvas}
        style={{ width: `${width}px`, height: `${height}px` }}
        role="img"
        aria-label={`timeline of ${items.length} events; the list below says the same`}
        onClick={pick}
      />
    </div>
  );
}
