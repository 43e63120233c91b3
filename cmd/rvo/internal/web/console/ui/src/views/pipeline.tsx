// The pipeline that runs: its nodes with where they are written, the editor of one, the text as it was evaluated, and what became
// of edits before.
import { useEffect } from "preact/hooks";
import { count, moment, span } from "../data/format";
import { collections, type NodeText, type Outcome, type Reloads } from "../data/edit";
import { learnLanguage } from "../data/language";
import { state } from "../data/live";
import { usePoll } from "../data/poll";
import { href, param, setParams } from "../data/route";
import { phone } from "../data/width";
import { Empty, Search, Side, Tabs } from "../parts/bits";
import { Icon } from "../parts/icons";
import { Badge, Status } from "../parts/status";
import { type Column, VirtualList } from "../parts/virtual";
import { Editor } from "./editor";
import { ChangeList } from "./plan";

const columns: Column<NodeText>[] = [
  { key: "role", name: "what", width: "minmax(5rem, 0.5fr)", cell: (n) => <span class="muted">{n.role}</span> },
  { key: "name", name: "name", width: "minmax(6rem, 1fr)", cell: (n) => <strong class="one-line">{n.name}</strong> },
  { key: "kind", name: "kind", width: "minmax(4rem, 0.6fr)", cell: (n) => n.kind ?? "" },
  {
    key: "place",
    name: "written in",
    width: "minmax(7rem, 1.6fr)",
    cell: (n) =>
      n.source === "file" ? (
        <span class="mono one-line" title={`${n.place.file}:${n.place.line}`}>
          {n.place.file ? `${n.place.file}:${n.place.line}` : ""}
        </span>
      ) : (
        <Badge word="edited here" mark="warn" />
      ),
  },
];

function Text() {
  const s = state.value;
  const asked = usePoll<{ source: string }>(`config?${s?.generation ?? 0}`, 0);
  const lines = (asked.value?.source ?? "").split("\n");
  return (
    <div class="body scroll" tabIndex={0} aria-label="the pipeline as it was evaluated">
      {asked.why && <p class="c-bad">{asked.why}</p>}
      <p class="muted gap">The pipeline as it was evaluated, in CUE, without credentials.</p>
      <pre class="source">
        {lines.map((l, i) => (
          <div key={i}>
            <span class="ln" aria-hidden="true">
              {i + 1}
            </span>
            {l}
          </div>
        ))}
      </pre>
    </div>
  );
}

const marks: Record<string, "ok" | "bad" | "warn" | "idle"> = { applied: "ok", rejected: "bad", "rolled back": "bad", superseded: "idle", unchanged: "idle" };

function Result({ o }: { o: Outcome }) {
  const s = o.seconds ?? {};
  return (
    <section class="card pad">
      <div class="reload-head">
        <Status word={o.result} mark={marks[o.result] ?? "idle"}>
          <strong>{o.result}</strong>
        </Status>
        <span class="muted">
          {moment(o.at)}
          {o.trigger && `, asked by ${o.trigger}`}
          {o.generation ? `, generation ${o.generation}` : ""}
          {o.revision && (
            <>
              , revision <code>{o.revision.slice(0, 8)}</code>
            </>
          )}
        </span>
        {s["total"] ? (
          <span class="muted num">
            {span(s["total"] * 1000)}
            {s["commit"] != null && `, of it ${span(s["commit"] * 1000)} on the live path`}
          </span>
        ) : null}
      </div>
      {o.error && (
        <p class="c-bad">
          {o.node && `${o.node}: `}
          {o.error}
        </p>
      )}
      {(o.findings ?? [])
        .filter((f) => f.severity === "error")
        .map((f, i) => (
          <p key={i}>
            <Status word="error">
              <span>
                <strong>{f.code}</strong> {f.message}
              </span>
            </Status>{" "}
            <span class="muted mono">{f.place?.line ? `${f.place.file}:${f.place.line}` : ""}</span>
          </p>
        ))}
      {(o.changes ?? []).filter((c) => c.action !== "keep").length > 0 && (
        <details>
          <summary>{count((o.changes ?? []).filter((c) => c.action !== "keep").length)} changes</summary>
          <ChangeList changes={(o.changes ?? []).filter((c) => c.action !== "keep")} />
        </details>
      )}
    </section>
  );
}

function Edits({ r }: { r: Reloads | null }) {
  if (r == null) return <Empty>Reading…</Empty>;
  return (
    <div class="body scroll" tabIndex={0} aria-label="edits">
      <p class="muted gap">
        {r.watching ? `The files are watched: ${count(r.files?.length ?? 0)} of them. An edit that is saved runs, once vet lets it.` : "The files are not watched: ask for a reload, or edit nodes here."}
        {r.probation && " What runs is on probation: if it does worse, what ran before comes back."}
      </p>
      {r.rejected && (
        <>
          <h2 class="gap">The files say something that does not run</h2>
          <Result o={r.rejected} />
        </>
      )}
      <h2 class="gap">Edits</h2>
      {(r.reloads ?? []).length === 0 && <p class="muted">None since the start.</p>}
      <div class="list">
        {(r.reloads ?? []).map((o, i) => (
          <Result key={i} o={o} />
        ))}
      </div>
    </div>
  );
}

/** The view of the pipeline and of edits. */
export function Pipeline() {
  useEffect(() => void learnLanguage(), []);
  const show = param("show");
  const generation = state.value?.generation ?? 0;
  const nodes = usePoll<{ nodes: NodeText[] | null }>(`nodes?${generation}`, 0);
  const reloads = usePoll<Reloads>("reloads", 2000);
  const q = param("q").toLowerCase();
  const all = nodes.value?.nodes ?? [];
  const items = all.filter((n) => !q || `${n.id} ${n.kind ?? ""}`.toLowerCase().includes(q));
  const sel = param("sel");
  const chosen = all.find((n) => n.id === sel);
  const adding = sel === "new";
  return (
    <section class="view">
      <div class="head">
        <h1>Pipeline</h1>
        <Tabs
          name="show"
          label="pipeline"
          options={[
            ["nodes", "Nodes"],
            ["text", "Text"],
            ["edits", reloads.value?.rejected ? "Edits (1 refused)" : "Edits"],
          ]}
        />
        {show === "" && <Search hint="Find a node" />}
        {show === "" && (
          <div class="right">
            <a class="btn primary" href={href("pipeline", { sel: "new" })}>
              <Icon name="add" /> Add a node
            </a>
          </div>
        )}
      </div>
      {show === "text" && <Text />}
      {show === "edits" && <Edits r={reloads.value} />}
      {show === "" && (
        <div class={`split ${chosen || adding ? "open wide" : ""}`}>
          <div class="column">
            {reloads.value?.rejected && (
              <div class="notice bad">
                <Status word="" mark="bad">
                  <a href={href("pipeline", { show: "edits" })}>The files say something that does not run.</a>
                </Status>
              </div>
            )}
            <VirtualList
              label="nodes"
              items={items}
              id={(n) => n.id}
              columns={phone.value ? columns.filter((c) => c.key !== "kind") : columns}
              chosen={sel}
              choose={(id) => setParams({ sel: id })}
              empty={
                <Empty>
                  <p>{nodes.why || (nodes.value == null ? "Reading…" : "No node is like that.")}</p>
                </Empty>
              }
            />
          </div>
          {(chosen || adding) && (
            <Side
              key={sel}
              title={adding ? "A new node" : chosen!.name}
              sub={adding ? `${Object.keys(collections).join(", ")}: checked before it runs` : `${chosen!.role} · ${chosen!.place.file}:${chosen!.place.line}`}
              onClose={() => setParams({ sel: "" })}
            >
              <Editor
                key={`${sel} ${chosen?.cue ?? ""}`}
                node={chosen ?? null}
                names={all.map((n) => n.id)}
                onDone={(id) => {
                  nodes.again();
                  setParams({ sel: id });
                }}
              />
            </Side>
          )}
        </div>
      )}
    </section>
  );
}
