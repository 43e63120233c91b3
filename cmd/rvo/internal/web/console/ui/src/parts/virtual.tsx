// Lists and grids of which only what is in sight exists: two hundred cameras and ten thousand events cost what a screenful does.
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

interface Window {
  top: number;
  height: number;
  width: number;
}

// useWindow tells which part of a scrolled box is in sight.
function useWindow() {
  const box = useRef<HTMLDivElement>(null);
  const [win, setWin] = useState<Window>({ top: 0, height: 600, width: 800 });
  useLayoutEffect(() => {
    const b = box.current;
    if (b == null) return;
    let asked = 0;
    const look = () => {
      asked = 0;
      const w = { top: b.scrollTop, height: b.clientHeight, width: b.clientWidth };
      setWin((old) => (old.top === w.top && old.height === w.height && old.width === w.width ? old : w));
    };
    const later = () => (asked ||= requestAnimationFrame(look));
    b.addEventListener("scroll", later, { passive: true });
    const sizes = new ResizeObserver(later);
    sizes.observe(b);
    look();
    return () => {
      b.removeEventListener("scroll", later);
      sizes.disconnect();
      cancelAnimationFrame(asked);
    };
  }, []);
  return { box, win };
}

/** How many pixels a rem is, which follows the width of the page. */
export function rem(): number {
  return parseFloat(getComputedStyle(document.documentElement).fontSize);
}

export interface Column<T> {
  key: string;
  name: string;
  width: string; // of grid-template-columns
  num?: boolean;
  hint?: string;
  sort?: (a: T, b: T) => number;
  cell: (x: T) => ComponentChildren;
}

interface ListProps<T> {
  label: string;
  items: T[];
  id: (x: T) => string;
  columns: Column<T>[];
  rowRem?: number; // height of a row
  chosen?: string;
  choose?: (id: string) => void;
  sorted?: string; // "key" or "-key"
  sort?: (by: string) => void;
  empty?: ComponentChildren;
}

/** A table of rows of equal height. Arrow keys, Page, Home and End move the choice, Escape gives it up. */
export function VirtualList<T>(p: ListProps<T>) {
  const { box, win } = useWindow();
  const h = Math.round((p.rowRem ?? 2.4) * rem());
  const first = Math.max(0, Math.floor(win.top / h) - 4);
  const last = Math.min(p.items.length, Math.ceil((win.top + win.height) / h) + 4);
  const at = p.chosen ? p.items.findIndex((x) => p.id(x) === p.chosen) : -1;
  // Where the keys have come to: the next one may be pressed before the page was drawn again.
  const went = useRef(at);
  went.current = at;

  const reveal = (i: number) => {
    const b = box.current;
    if (b == null) return;
    const head = 2.2 * rem(); // of the headings, which stay on top
    if (i * h < b.scrollTop) b.scrollTop = i * h;
    else if (head + (i + 1) * h > b.scrollTop + b.clientHeight) b.scrollTop = head + (i + 1) * h - b.clientHeight;
  };
  // What the address chose is shown once it is there.
  const shown = useRef("");
  useEffect(() => {
    if (at >= 0 && shown.current !== p.chosen) {
      shown.current = p.chosen ?? "";
      reveal(at);
    }
  }, [at, p.chosen]);

  const key = (e: KeyboardEvent) => {
    if (e.target !== box.current) return;
    const page = Math.max(1, Math.floor(win.height / h) - 1);
    const steps: Record<string, number> = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
    const step = steps[e.key];
    if (e.key === "Escape" && p.chosen) p.choose?.("");
    else if (step != null && p.items.length > 0 && p.choose) {
      const from = went.current;
      const to = Math.min(p.items.length - 1, Math.max(0, (from < 0 ? (step > 0 ? -1 : 0) : from) + step));
      went.current = to;
      p.choose(p.id(p.items[to]!));
      reveal(to);
    } else return;
    e.preventDefault();
  };

  return (
    <div
      class="vlist scroll"
      style={{ "--cols": p.columns.map((c) => c.width).join(" ") }}
      ref={box}
      tabIndex={0}
      onKeyDown={key}
      role="table"
      aria-label={p.label}
      aria-rowcount={p.items.length + 1}
    >
      <div role="rowgroup">
        <div class="cols" role="row" aria-rowindex={1}>
          {p.columns.map((c) => {
            const by = p.sorted === c.key ? "ascending" : p.sorted === `-${c.key}` ? "descending" : undefined;
            return (
              <span key={c.key} role="columnheader" class={c.num ? "num" : ""} title={c.hint} aria-sort={by ?? (c.sort ? "none" : undefined)}>
                {c.sort && p.sort ? (
                  <button type="button" onClick={() => p.sort?.(by === "ascending" ? `-${c.key}` : by === "descending" ? "" : c.key)}>
                    {c.name}
                    <span aria-hidden="true">{by === "ascending" ? "▲" : by === "descending" ? "▼" : ""}</span>
                  </button>
                ) : (
                  c.name
                )}
              </span>
            );
          })}
        </div>
      </div>
      {p.items.length > 0 && (
        <div class="vspace" style={{ height: `${p.items.length * h}px` }} role="rowgroup">
          {p.items.slice(first, last).map((x, i) => {
            const id = p.id(x);
            return (
              <div
                key={id}
                role="row"
                class="row"
                data-id={id}
                aria-rowindex={first + i + 2}
                aria-current={p.choose && id === p.chosen ? "true" : undefined}
                style={{ top: `${(first + i) * h}px`, height: `${h}px` }}
                onClick={() => p.choose?.(id === p.chosen ? "" : id)}
              >
                {p.columns.map((c) => (
                  <span key={c.key} role="cell" class={c.num ? "num" : ""}>
                    {c.cell(x)}
                  </span>
                ))}
              </div>
            );
          })}
        </div>
      )}
      {p.items.length === 0 && p.empty}
    </div>
  );
}

/** Puts items in the order a list's heading asks for; equal ones keep their place. */
export function sorted<T>(items: T[], columns: Column<T>[], by: string): T[] {
  const down = by.startsWith("-");
  const c = columns.find((x) => x.key === (down ? by.slice(1) : by));
  if (c?.sort == null) return items;
  const f = c.sort;
  return [...items].sort((a, b) => (down ? f(b, a) : f(a, b)));
}

interface GridProps<T> {
  label: string;
  items: T[];
  id: (x: T) => string;
  minRem: number; // narrowest tile
  height: (width: number) => number; // of a tile of that width, pixels
  inSight?: (ids: string[]) => void;
  tile: (x: T) => ComponentChildren;
}

const gap = 12;

/** Tiles of equal size in as many columns as fit. */
export function VirtualGrid<T>(p: GridProps<T>) {
  const { box, win } = useWindow();
  const style = box.current ? getComputedStyle(box.current) : null;
  const pad = style ? parseFloat(style.paddingLeft) + parseFloat(style.paddingRight) : 32;
  const room = Math.max(100, win.width - pad);
  const fit = Math.max(1, Math.floor((room + gap) / (Math.min(p.minRem * rem(), room) + gap)));
  // As large as they can be with all of them in sight; where that cannot be, as many as fit side by side.
  const widthOf = (n: number) => (room - gap * (n - 1)) / n;
  let cols = fit;
  for (let n = 1; n < fit; n++) {
    if (Math.ceil(p.items.length / n) * (p.height(widthOf(n)) + gap) - gap <= win.height - gap) {
      cols = n;
      break;
    }
  }
  const w = widthOf(cols);
  const h = Math.round(p.height(w));
  const rows = Math.ceil(p.items.length / cols);
  const first = Math.max(0, Math.floor(win.top / (h + gap)));
  const last = Math.min(rows, Math.ceil((win.top + win.height) / (h + gap)));
  const seen = p.items.slice(first * cols, last * cols);
  const ids = seen.map(p.id);
  const key = ids.join("\n");
  useEffect(() => p.inSight?.(ids), [key]);

  return (
    <div class="body scroll" ref={box} tabIndex={0} role="list" aria-label={p.label}>
      <div class="vspace" style={{ height: `${Math.max(0, rows * (h + gap) - gap)}px` }} role="presentation">
        {seen.map((x, i) => {
          const n = first * cols + i;
          return (
            <div
              key={p.id(x)}
              role="listitem"
              class="cell"
              style={{
                transform: `translate(${(n % cols) * (w + gap)}px, ${Math.floor(n / cols) * (h + gap)}px)`,
                width: `${w}px`,
                height: `${h}px`,
              }}
            >
              {p.tile(x)}
            </div>
          );
        })}
      </div>
    </div>
  );
}
