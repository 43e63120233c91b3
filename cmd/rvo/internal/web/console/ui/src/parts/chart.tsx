// Curves, drawn by uPlot in the colours of the page.
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { theme } from "../data/theme";
import { rem } from "./virtual";

interface Props {
  label: string;
  data: uPlot.AlignedData;
  series: uPlot.Series[]; // without the one of time; stroke and fill are names of colours: "--accent"
  height: number;
  strip?: boolean; // neither axes nor legend: a strip in a list
  range?: [number, number];
  from?: number; // seconds, left end; else the data's
  to?: number;
  format?: (v: number) => string;
  bands?: boolean[]; // by sample: drawn over a ground that says the value was stale
}

function colour(name: string): string {
  return name.startsWith("--") ? getComputedStyle(document.documentElement).getPropertyValue(name).trim() : name;
}

/** Curves over time. */
export function Chart(p: Props) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const now = useRef(p);
  now.current = p;
  const look = theme.value;

  useEffect(() => {
    const b = box.current;
    if (b == null) return;
    const size = `${Math.round(0.79 * rem())}px ${getComputedStyle(document.body).fontFamily}`;
    const axis: uPlot.Axis = {
      stroke: colour("--muted"),
      font: size,
      grid: { stroke: colour("--line"), width: 1 },
      ticks: { show: false },
    };
    const p0 = now.current;
    const made = new uPlot(
      {
        width: b.clientWidth || 300,
        height: p0.height,
        ...(p0.strip ? { padding: [3, 0, 3, 0] as [number, number, number, number] } : {}),
        legend: { show: false },
        cursor: p0.strip ? { show: false } : { points: { size: 6 }, drag: { x: false, y: false } },
        scales: {
          x: { time: true, range: (_u, min, max) => [now.current.from ?? min ?? 0, now.current.to ?? max ?? 1] },
          y: {
            range: (_u, min, max) => {
              if (now.current.range) return now.current.range;
              const top = Math.max(max ?? 1, min ?? 0);
              const low = Math.min(0, min ?? 0);
              return top === low ? [low, low + 1] : [low, top * 1.06];
            },
          },
        },
        axes: p0.strip
          ? [{ show: false }, { show: false }]
          : [
              { ...axis, size: 24, values: "{HH}:{mm}:{ss}", space: 90 },
              { ...axis, size: 52, values: (_u, vs) => vs.map((v) => now.current.format?.(v) ?? String(v)) },
            ],
        series: [
          {},
          ...p0.series.map((s) => ({
            width: 1.5,
            points: { show: false },
            ...s,
            stroke: colour((s.stroke as string) ?? "--accent"),
            ...(s.fill ? { fill: colour(s.fill as string) + "33" } : {}),
          })),
        ],
        hooks: {
          drawClear: [
            (u) => {
              const stale = now.current.bands;
              const xs = u.data[0];
              if (stale == null || xs == null) return;
              u.ctx.save(); // uPlot remembers what it set
              u.ctx.fillStyle = colour("--unknown") + "3d";
              for (let i = 0; i < stale.length; ) {
                if (!stale[i]) {
                  i++;
                  continue;
                }
                let k = i;
                while (k + 1 < stale.length && stale[k + 1]) k++;
                const a = u.valToPos(xs[i]! - 0.5, "x", true);
                const z = u.valToPos(xs[k]! + 0.5, "x", true);
                u.ctx.fillRect(a, u.bbox.top, Math.max(1, z - a), u.bbox.height);
                i = k + 1;
              }
              u.ctx.restore();
            },
          ],
        },
      },
      p0.data,
      b,
    );
    plot.current = made;
    const sizes = new ResizeObserver(() => made.setSize({ width: b.clientWidth, height: now.current.height }));
    sizes.observe(b);
    return () => {
      sizes.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [look, p.series.length, p.strip, p.height]);

  useEffect(() => plot.current?.setData(p.data), [p.data]);
  return <div class="chart" ref={box} role="img" aria-label={p.label} />;
}
