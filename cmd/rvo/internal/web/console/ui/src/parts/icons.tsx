// Every picture that means something, drawn here so that none is fetched. Shapes differ where meanings do: nothing is said by
// colour alone.
import type { JSX } from "preact";

const marks = {
  ok: <circle cx="8" cy="8" r="5.5" fill="currentColor" />,
  warn: <path d="M8 1.5 15 14H1z" fill="currentColor" />,
  bad: <path d="M3 3l10 10M13 3L3 13" stroke="currentColor" stroke-width="3.2" stroke-linecap="round" fill="none" />,
  unknown: (
    <path
      d="M4.6 5.2A3.4 3.4 0 0 1 8 2.2c2 0 3.5 1.2 3.5 3 0 2.5-3.3 2.7-3.3 5M8.2 13.6v.1"
      stroke="currentColor"
      stroke-width="2.4"
      stroke-linecap="round"
      fill="none"
    />
  ),
  idle: <circle cx="8" cy="8" r="4.5" fill="none" stroke="currentColor" stroke-width="2" />,
  // An event that goes on; its colour is its severity.
  active: <path d="M8 .8 15.2 8 8 15.2.8 8z" fill="currentColor" />,
  "active-warn": <path d="M8 .8 15.2 8 8 15.2.8 8z" fill="currentColor" />,
  "active-bad": <path d="M8 .8 15.2 8 8 15.2.8 8z" fill="currentColor" />,
  pending: <path d="M8 1.8 14.2 8 8 14.2 1.8 8z" fill="none" stroke="currentColor" stroke-width="2" />,
} satisfies Record<string, JSX.Element>;

export type Mark = keyof typeof marks;

/** The mark of a status. */
export function MarkIcon({ mark }: { mark: Mark }) {
  return (
    <svg viewBox="0 0 16 16" aria-hidden="true">
      {marks[mark]}
    </svg>
  );
}

const lines: Record<string, string> = {
  cameras: "M3 7.5h12v9H3zM15 10.5l6-3v9l-6-3",
  graph: "M3 4h6v5H3zM15 9.5h6v5h-6zM3 15h6v5H3zM9 6.5h3v11M12 12h3M9 17.5h3",
  signals: "M3 12h4l2.5-7 4.5 14 2.5-7H21",
  events: "M6 9a6 6 0 0 1 12 0c0 6 2.5 7.5 2.5 7.5h-17S6 15 6 9zM10 20h4",
  evidence: "M3 6h18v13H3zM3 10h18M7 6v4M12 6v4M17 6v4",
  detectors: "M4 8V4h4M16 4h4v4M20 16v4h-4M8 20H4v-4M8.5 12a3.5 3.5 0 1 0 7 0 3.5 3.5 0 1 0-7 0",
  load: "M4 20V10M10 20V4M16 20v-7M21 20H2",
  pipeline: "M5 3h10l4 4v14H5zM14 3v5h5M9 12h6M9 16h6",
  log: "M4 6h16M4 11h11M4 16h14M4 21h8",
  close: "M6 6l12 12M18 6L6 18",
  sun: "M12 8a4 4 0 1 0 0 8 4 4 0 1 0 0-8zM12 2v2M12 20v2M4.9 4.9l1.4 1.4M17.7 17.7l1.4 1.4M2 12h2M20 12h2M4.9 19.1l1.4-1.4M17.7 6.3l1.4-1.4",
  moon: "M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z",
  key: "M4 16a4 4 0 1 0 8 0 4 4 0 1 0-8 0M10.800 13.200 20 4M16 8l3 3M13.500 10.500l2 2",
  mute: "M6 9a6 6 0 0 1 9-5.2M18 10c.2 5 2.5 6.500 2.500 6.500H9M3.500 16.500S6 15 6 9M10 20h4M3 3l18 18",
  play: "M7 4.500v15l12-7.500z",
  pause: "M7 5v14M17 5v14",
  back: "M15 5l-7 7 7 7",
  next: "M9 5l7 7-7 7",
  out: "M14 4h6v6M20 4l-9 9M18 14v6H4V6h6",
  add: "M12 5v14M5 12h14",
  fit: "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5",
  minus: "M5 12h14",
};

/** A line drawing by name. */
export function Icon({ name }: { name: string }) {
  return (
    <svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">
      <path d={lines[name] ?? ""} />
    </svg>
  );
}
