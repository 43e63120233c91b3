// The frame of the page: how the pipeline is on top, the views beside, one of them open.
import type { FunctionComponent } from "preact";
import { useEffect } from "preact/hooks";
import { asking, logout, session } from "./data/api";
import { clock, count, rate, span } from "./data/format";
import { age, cameras, detectors, link, lost, machines, state, tick } from "./data/live";
import { rateOf } from "./data/rates";
import { href, view } from "./data/route";
import { otherTheme, theme } from "./data/theme";
import { Toasts } from "./parts/bits";
import { Icon, MarkIcon } from "./parts/icons";
import { Login } from "./parts/login";
import { Status } from "./parts/status";
import { Cameras } from "./views/cameras";
import { Detectors } from "./views/detectors";
import { Events } from "./views/events";
import { Evidence } from "./views/evidence";
import { GraphView } from "./views/graph";
import { Load } from "./views/load";
import { Log } from "./views/log";
import { Pipeline } from "./views/pipeline";
import { Signals } from "./views/signals";

const views: [id: string, name: string, page: FunctionComponent][] = [
  ["cameras", "Cameras", Cameras],
  ["events", "Events", Events],
  ["signals", "Signals", Signals],
  ["detectors", "Detectors", Detectors],
  ["load", "Load", Load],
  ["graph", "Graph", GraphView],
  ["evidence", "Evidence", Evidence],
  ["pipeline", "Pipeline", Pipeline],
  ["log", "Log", Log],
];

function Facts() {
  const s = state.value;
  if (s == null) return <div class="facts" />;
  const cams = Object.values(cameras.value);
  const dets = Object.values(detectors.value);
  const up = cams.filter((c) => c.state === "up").length;
  const well = dets.filter((d) => d.health === "ok").length;
  const ages = cams.filter((c) => c.state === "up").map((c) => age(c.captured_ms) ?? 0);
  const active = Object.values(machines.value).filter((m) => m.state === "confirmed").length;
  const dropped = rateOf("all dropped");
  const word = s.stopping ? "stopping" : !s.started ? "starting" : s.ready ? "ready" : "not ready";
  return (
    <div class="facts">
      <a class="fact" href={href("load")}>
        <span class="name">pipeline</span>
        <span class="value">
          <Status word={word} mark={word === "ready" ? "ok" : word === "not ready" ? "bad" : "idle"} />
        </span>
      </a>
      <a class="fact" href={href("cameras")}>
        <span class="name">cameras up</span>
        <span class="value">
          {up}/{cams.length}
        </span>
      </a>
      <a class="fact" href={href("detectors")}>
        <span class="name">detectors ok</span>
        <span class="value">
          {well}/{dets.length}
        </span>
      </a>
      <a class="fact" href={href("events")}>
        <span class="name">active events</span>
        <span class="value">{active}</span>
      </a>
      <a class="fact" href={href("cameras", { sort: "age" })}>
        <span class="name">oldest picture</span>
        <span class="value">{ages.length > 0 ? span(Math.max(...ages)) : "–"}</span>
      </a>
      <a class="fact" href={href("load")}>
        <span class="name">frames/s</span>
        <span class="value">{rate(rateOf("all frames"))}</span>
      </a>
      <a class="fact" href={href("load")}>
        <span class="name">dropped/s</span>
        <span class="value">
          {dropped ? (
            <Status word="" mark="warn">
              {rate(dropped)}
            </Status>
          ) : (
            rate(dropped)
          )}
        </span>
      </a>
    </div>
  );
}

function Bar() {
  const s = state.value;
  const may = session.value;
  return (
    <header class="bar">
      <div class="brand">
        <svg viewBox="0 0 32 32" aria-hidden="true">
          <rect width="32" height="32" rx="7" fill="var(--accent-ground)" />
          <circle cx="16" cy="16" r="8.5" fill="none" stroke="var(--accent)" stroke-width="3" />
          <circle cx="16" cy="16" r="3" fill="var(--accent)" />
        </svg>
        <div>
          <strong>{s?.pipeline ?? "rvo"}</strong>
          {s && (
            <div class="sub" title={`revision ${s.revision}`}>
              gen {s.generation} · {s.revision.slice(0, 8)} · up {span(s.uptime_ms)}
            </div>
          )}
        </div>
      </div>
      <Facts />
      <div class="tools">
        {may?.token && may.needed !== "nothing" && (
          <button
            type="button"
            class="btn icon"
            title={may.authorized ? "Forget the token" : "Give the token, to change things"}
            aria-label={may.authorized ? "log out" : "log in"}
            aria-pressed={may.authorized}
            onClick={() => (may.authorized ? void logout() : (asking.value = true))}
          >
            <Icon name="key" />
          </button>
        )}
        <button type="button" class="btn icon" onClick={otherTheme} title="Dark or light" aria-label={theme.value === "dark" ? "light theme" : "dark theme"}>
          <Icon name={theme.value === "dark" ? "sun" : "moon"} />
        </button>
      </div>
    </header>
  );
}

function Notices() {
  const l = link.value;
  const s = state.value;
  void tick.value;
  return (
    <div aria-live="polite">
      {!l.open && (s != null || Date.now() - l.since > 1500) && l.why !== "" && (
        <div class="notice bad">
          <Status word="" mark="bad">
            <strong>No connection</strong>
          </Status>
          <span class="more">
            {l.why} {s ? `What is shown is from ${clock(s.time_ms)}.` : ""} Trying again.
          </span>
        </div>
      )}
      {l.open && s != null && !s.ready && s.reasons.length > 0 && (
        <details class="notice">
          <summary>
            <Status word="" mark="warn">
              <strong>
                {s.reasons[0]!.node}: {s.reasons[0]!.why}
              </strong>
            </Status>
            {s.reasons.length > 1 && <span class="btn-like">and {count(s.reasons.length - 1)} more</span>}
          </summary>
          <ul>
            {s.reasons.slice(1, 50).map((r) => (
              <li key={r.node + r.why}>
                {r.node}: {r.why}
              </li>
            ))}
          </ul>
        </details>
      )}
      {lost.value > 0 && (
        <div class="notice">
          <Status word="" mark="warn">
            {count(lost.value)} messages did not reach this page because it read too slowly; event records are in the sinks.
          </Status>
        </div>
      )}
    </div>
  );
}

// Keys of the page: a digit opens a view, / goes to the search.
function keys(e: KeyboardEvent): void {
  const t = e.target as HTMLElement;
  if (e.ctrlKey || e.metaKey || e.altKey || t.closest("input, select, textarea, dialog")) return;
  const v = views[Number(e.key) - 1];
  if (/^[1-9]$/.test(e.key) && v) location.hash = href(v[0]);
  else if (e.key === "/") document.querySelector<HTMLInputElement>("input[type=search]")?.focus();
  else if (e.key === "t") otherTheme();
  else return;
  e.preventDefault();
}

/** The whole page. */
export function App() {
  useEffect(() => {
    addEventListener("keydown", keys);
    return () => removeEventListener("keydown", keys);
  }, []);
  const at = views.find(([id]) => id === view.value) ?? views[0]!;
  const Page = at[2];
  useEffect(() => {
    document.title = `${at[1]} · ${state.peek()?.pipeline ?? "rvo"}`;
  }, [at[0], state.value?.pipeline]);
  return (
    <div class="shell">
      <a class="skip-link" href="#main" onClick={(e) => (e.preventDefault(), document.getElementById("main")?.focus())}>
        To the content
      </a>
      <Bar />
      <nav class="nav" aria-label="views">
        {views.map(([id, name], i) => (
          <a key={id} href={href(id)} title={`${name} (${i + 1})`} aria-current={id === at[0] ? "page" : undefined}>
            <Icon name={id} />
            <span>{name}</span>
          </a>
        ))}
      </nav>
      <main class="main" id="main" tabIndex={-1}>
        <Notices />
        {state.value == null && !asking.value ? <div class="empty">{link.value.why === "" ? "Connecting…" : <MarkIcon mark="bad" />}</div> : <Page key={at[0]} />}
      </main>
      <Toasts />
      <Login />
    </div>
  );
}
