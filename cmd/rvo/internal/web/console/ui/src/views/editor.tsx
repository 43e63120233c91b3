// Adding, changing and removing one node. What vet says stands at the field it is about; what would happen is shown before it may
// be done; what was typed survives a reload of the page.
import { useEffect, useMemo, useState } from "preact/hooks";
import { asking, change, mayChange, reason, Refused } from "../data/api";
import { cueOf, type Field, fieldsOf } from "../data/cue";
import { collections, type Finding, type NodeText, type Outcome } from "../data/edit";
import { fieldsFor, type Known, optionsOf } from "../data/language";
import { say } from "../parts/bits";
import { MarkIcon, Icon } from "../parts/icons";
import { Status } from "../parts/status";
import { PlanTable } from "./plan";

interface Draft {
  role: string;
  name: string;
  fields: Field[];
}

const key = (id: string) => `rvo.draft.${id}`;

function begin(node: NodeText | null): Draft {
  const saved = sessionStorage.getItem(key(node?.id ?? "new"));
  if (saved) return JSON.parse(saved) as Draft;
  return node ? { role: node.role, name: node.name, fields: fieldsOf(node.cue) } : { role: "detector", name: "", fields: start("detector") };
}

// start is what a new node of a role cannot do without, as far as that is one thing.
function start(role: string): Field[] {
  switch (role) {
    case "camera":
      return [{ name: "fps", value: "10" }];
    case "detector":
      return [{ name: "fps", value: "5" }];
    case "event":
      return [
        { name: "when", value: '{signal: "", gte: 1}' },
        { name: "hold", value: '"1s"' },
      ];
    case "evidence":
      return [
        { name: "pre", value: '"2s"' },
        { name: "post", value: '"3s"' },
      ];
  }
  return [];
}

/** The part of a finding's path inside a node: "fps" of "detectors.motion.fps"; null: it is about something else. */
export function fieldOf(path: string | undefined, collection: string, name: string): string | null {
  if (!path) return null;
  for (const n of [name, JSON.stringify(name)]) {
    const own = `${collection}.${n}`;
    if (path === own) return "";
    if (path.startsWith(`${own}.`) || path.startsWith(`${own}[`)) return path.slice(own.length + 1);
  }
  return null;
}

function Findings({ of }: { of: Finding[] }) {
  return (
    <ul class="findings" aria-live="polite">
      {of.map((f, i) => (
        <li key={i} class={f.severity}>
          <Status word={f.severity}>
            <span>
              <strong>{f.code}</strong> {f.message}
            </span>
          </Status>
          {f.hint && <div class="muted">{f.hint}</div>}
          {f.place?.line ? (
            <div class="muted mono">
              {f.path ?? ""} {f.place.file ? `${f.place.file}:${f.place.line}` : ""}
            </div>
          ) : null}
        </li>
      ))}
    </ul>
  );
}

function Row({ f, known, options, findings, onName, onValue, onRemove }: { f: Field; known: Known | undefined; options: Known[]; findings: Finding[]; onName: (v: string) => void; onValue: (v: string) => void; onRemove: () => void }) {
  const bad = findings.some((x) => x.severity === "error");
  const id = `field-${f.name}`;
  return (
    <div class={`edit-row ${bad ? "bad" : ""}`} data-field={f.name}>
      <div class="edit-line">
        {known || f.name !== "" ? (
          <label class="edit-name mono" for={id}>
            {f.name}
          </label>
        ) : (
          <input class="field mono edit-name" aria-label="name of the field" value={f.name} onChange={(e) => onName(e.currentTarget.value)} />
        )}
        <textarea
          id={id}
          class="field mono"
          rows={f.value.split("\n").length}
          value={f.value}
          spellcheck={false}
          aria-invalid={bad}
          aria-describedby={findings.length > 0 ? `${id}-says` : undefined}
          onInput={(e) => onValue(e.currentTarget.value)}
        />
        <button type="button" class="btn icon" aria-label={`leave ${f.name} out`} title="leave it out" onClick={onRemove}>
          <Icon name="close" />
        </button>
      </div>
      {findings.length > 0 && (
        <div id={`${id}-says`}>
          <Findings of={findings} />
        </div>
      )}
      {known && known.words.length > 0 && <p class="muted doc">{known.words.join(", ")}</p>}
      {known?.doc && <p class="muted doc">{known.doc}</p>}
      {options.length > 0 && (
        <details class="doc">
          <summary class="muted">its options</summary>
          <dl class="kv">
            {options.map((o) => (
              <>
                <dt class="mono">{o.name}</dt>
                <dd>{o.doc}</dd>
              </>
            ))}
          </dl>
        </details>
      )}
    </div>
  );
}

/** The editor of a node that is there, or of a new one. */
export function Editor({ node, onDone, names }: { node: NodeText | null; onDone: (id: string) => void; names: string[] }) {
  const [draft, setDraft] = useState(() => begin(node));
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  const [planned, setPlanned] = useState(""); // the text, or "remove", that the plan shown is of
  const [busy, setBusy] = useState("");
  const [why, setWhy] = useState<{ text: string; field: string }>({ text: "", field: "" });
  const [write, setWrite] = useState(false);
  const collection = collections[draft.role]!;
  const made = useMemo(() => cueOf(collection, draft.name.trim(), draft.fields), [draft]);
  const known = fieldsFor(draft.role);
  const kinds = known.filter((k) => k.kind);
  const kind = draft.fields.find((f) => kinds.some((k) => k.name === f.name))?.name;
  const original = node ? cueOf(collection, node.name, fieldsOf(node.cue)).text : "";
  const changed = made.text !== original;

  useEffect(() => {
    const k = key(node?.id ?? "new");
    if (changed && (node || draft.name || draft.fields.length > 1)) sessionStorage.setItem(k, JSON.stringify(draft));
    else sessionStorage.removeItem(k);
  }, [draft]);

  const edit = (d: Partial<Draft>) => {
    setDraft({ ...draft, ...d });
    setPlanned("");
  };
  const setField = (i: number, f: Partial<Field>) => edit({ fields: draft.fields.map((x, k) => (k === i ? { ...x, ...f } : x)) });

  const ask = async (what: string, method: string, path: string, body?: unknown) => {
    if (!mayChange()) {
      asking.value = true;
      return;
    }
    setBusy(what);
    setWhy({ text: "", field: "" });
    try {
      const o = await sendText(method, path, body);
      setOutcome(o);
      if (what === "plan" || what === "plan remove") setPlanned(o.result === "planned" ? (what === "plan" ? made.text : "remove") : "");
      else if (o.result === "applied" || o.result === "unchanged") {
        sessionStorage.removeItem(key(node?.id ?? "new"));
        say("ok", o.result === "applied" ? `It runs: generation ${o.generation}` : "Nothing changed");
        onDone(what === "remove" ? "" : `${draft.role}/${draft.name.trim()}`);
      } else if (o.error) setWhy({ text: o.error, field: "" });
    } catch (e) {
      // The position of a fault in the text leads to the field that it is in.
      const text = reason(e);
      const line = Number(/:(\d+):\d+/.exec(text)?.[1] ?? 0);
      const at = line > 0 ? made.lines.filter((l) => l <= line).length - 1 : -1;
      setWhy({ text, field: draft.fields[at]?.name ?? "" });
      setOutcome(null);
      setPlanned("");
    }
    setBusy("");
  };
  const query = (plan: boolean) => {
    const q = new URLSearchParams();
    if (plan) q.set("plan", "1");
    else if (write) q.set("write", "1");
    return q.size > 0 ? `?${q}` : "";
  };
  const self = `nodes/${draft.role}/${encodeURIComponent(draft.name.trim())}`;

  const findings = outcome?.findings ?? [];
  const own = findings.map((f) => ({ f, at: fieldOf(f.path, collection, draft.name.trim()) }));
  const rowOf = (at: string | null) => (at == null ? -1 : draft.fields.findIndex((f) => at === f.name || at.startsWith(`${f.name}.`) || at.startsWith(`${f.name}[`)));
  const atRow = (i: number): Finding[] => {
    const list = own.filter((x) => rowOf(x.at) === i).map((x) => x.f);
    const name = draft.fields[i]?.name;
    return why.text && why.field !== "" && why.field === name ? [{ code: "", severity: "error", message: why.text }, ...list] : list;
  };
  const rest = own.filter((x) => rowOf(x.at) < 0).map((x) => x.f);
  const free = known.filter((k) => !draft.fields.some((f) => f.name === k.name) && !(k.kind && kind));
  const taken = node == null && names.includes(`${draft.role}/${draft.name.trim()}`);
  const hidden = draft.fields.some((f) => /xxxxx|\*\*\*|redacted/i.test(f.value));
  const ready = draft.name.trim() !== "" && draft.fields.every((f) => f.value.trim() !== "") && !taken;

  return (
    <form
      class="editor"
      onSubmit={(e) => {
        e.preventDefault();
        if (planned === made.text) void ask("apply", "POST", `nodes${query(false)}`, made.text);
        else void ask("plan", "POST", `nodes${query(true)}`, made.text);
      }}
    >
      {node == null && (
        <section class="pair">
          <label class="labelled">
            <span>What</span>
            <select class="field" name="role" value={draft.role} onChange={(e) => edit({ role: e.currentTarget.value, fields: start(e.currentTarget.value) })}>
              {Object.keys(collections).map((r) => (
                <option key={r}>{r}</option>
              ))}
            </select>
          </label>
          <label class="labelled">
            <span>Name</span>
            <input class="field mono" name="name" value={draft.name} required aria-invalid={taken} onInput={(e) => edit({ name: e.currentTarget.value })} />
            {taken && (
              <span class="wrong">
                <MarkIcon mark="bad" /> There is one: choose it in the list to change it.
              </span>
            )}
          </label>
          {kinds.length > 0 && (
            <label class="labelled">
              <span>Kind</span>
              <select
                class="field"
                name="kind"
                value={kind ?? ""}
                onChange={(e) => {
                  const k = e.currentTarget.value;
                  const others = draft.fields.filter((f) => f.name !== kind);
                  edit({ fields: k ? [{ name: k, value: "{}" }, ...others] : others });
                }}
              >
                <option value="">choose…</option>
                {kinds.map((k) => (
                  <option key={k.name} title={k.doc}>
                    {k.name}
                  </option>
                ))}
              </select>
            </label>
          )}
        </section>
      )}
      <section>
        {hidden && (
          <p class="wrong">
            <MarkIcon mark="warn" /> Credentials are not shown here: write them again, or better a reference to a secret, before you apply.
          </p>
        )}
        {why.text && why.field === "" && (
          <p class="wrong" role="alert">
            <MarkIcon mark="bad" />
            {why.text}
          </p>
        )}
        {rest.length > 0 && <Findings of={rest} />}
        {draft.fields.map((f, i) => (
          <Row
            key={i}
            f={f}
            known={known.find((k) => k.name === f.name)}
            options={f.name === kind ? optionsOf(draft.role, f.name) : []}
            findings={atRow(i)}
            onName={(name) => setField(i, { name })}
            onValue={(value) => setField(i, { value })}
            onRemove={() => edit({ fields: draft.fields.filter((_, k) => k !== i) })}
          />
        ))}
        <select
          class="field"
          aria-label="add a field"
          value=""
          onChange={(e) => {
            const name = e.currentTarget.value;
            e.currentTarget.value = "";
            const k = known.find((x) => x.name === name);
            if (name) edit({ fields: [...draft.fields, { name: name === "…" ? "" : name, value: k?.kind ? "{}" : (k?.words[0] ?? "") }] });
          }}
        >
          <option value="">Add a field…</option>
          {free.map((k) => (
            <option key={k.name} value={k.name} title={k.doc}>
              {k.name}
            </option>
          ))}
          <option value="…">another…</option>
        </select>
      </section>
      {outcome?.plan && planned !== "" && (
        <section>
          <h3>{planned === "remove" ? "Removing it would do this" : "This is what would happen"}</h3>
          <PlanTable plan={outcome.plan} />
        </section>
      )}
      <section class="actions-row">
        <label class="check">
          <input type="checkbox" checked={write} onChange={(e) => setWrite(e.currentTarget.checked)} />
          <span>keep it in a file beside the pipeline</span>
        </label>
        <span class="grow" />
        {node && planned !== "remove" && (
          <button type="button" class="btn danger" disabled={busy !== ""} onClick={() => void ask("plan remove", "DELETE", `${self}${query(true)}`)}>
            Remove…
          </button>
        )}
        {node && planned === "remove" && (
          <button type="button" class="btn danger" disabled={busy !== ""} onClick={() => void ask("remove", "DELETE", `${self}${query(false)}`)}>
            Remove it now
          </button>
        )}
        {changed && node && (
          <button
            type="button"
            class="btn"
            onClick={() => {
              edit({ fields: fieldsOf(node.cue) });
              setOutcome(null);
              setWhy({ text: "", field: "" });
            }}
          >
            As it was
          </button>
        )}
        <button type="submit" class="btn primary" disabled={busy !== "" || !ready || (node != null && !changed)}>
          {busy === "plan" ? "Checking…" : busy === "apply" ? "Applying…" : planned === made.text ? "Apply" : "Check and plan"}
        </button>
      </section>
    </form>
  );
}

// sendText sends CUE, and takes an edit that was refused as the answer that it is.
async function sendText(method: string, path: string, body: unknown): Promise<Outcome> {
  try {
    return (await change<Outcome>(method, path, body)) ?? { result: "unchanged" };
  } catch (e) {
    if (e instanceof Refused && (e.code === 422 || e.code === 409) && (e.body as Outcome | null)?.result) return e.body as Outcome;
    throw e;
  }
}
