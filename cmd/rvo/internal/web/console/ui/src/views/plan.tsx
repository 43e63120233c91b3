// What an edit would do, or did: each node that changes, and what it costs.
import { bytes, count, plain, span } from "../data/format";
import type { Change, Plan } from "../data/edit";
import type { Mark } from "../parts/icons";
import { Status } from "../parts/status";

const actions: Record<string, [Mark, string]> = {
  add: ["ok", "added"],
  remove: ["bad", "removed"],
  replace: ["warn", "replaced"],
  retune: ["unknown", "retuned"],
  keep: ["idle", "kept"],
};

function value(v: unknown, unit: string | undefined): string {
  if (v == null) return "none";
  if (unit === "ns" && typeof v === "number") return span(v / 1e6);
  if (unit === "bytes" && typeof v === "number") return bytes(v);
  return typeof v === "object" ? JSON.stringify(v) : plain(v);
}

/** The changes, one line each. */
export function ChangeList({ changes }: { changes: Change[] }) {
  return (
    <ul class="changes">
      {changes.slice(0, 60).map((c) => {
        const [mark, word] = actions[c.action] ?? ["idle", c.action];
        return (
          <li key={c.id}>
            <Status word={word} mark={mark}>
              <strong>{c.id}</strong> {word}
              {c.exclusive && ", the old one is closed first"}
            </Status>
            {c.why && <div class="muted">{c.why}</div>}
            {c.action !== "add" && c.action !== "remove" && (c.fields ?? []).length > 0 && (
              <ul class="muted">
                {c.fields!.map((f) => (
                  <li key={f.name}>
                    <span class="mono">{f.name.replace(/^options\./, "")}</span>: {value(f.old, f.unit)} → {value(f.new, f.unit)}
                  </li>
                ))}
              </ul>
            )}
          </li>
        );
      })}
      {changes.length > 60 && <li class="muted">and {count(changes.length - 60)} more</li>}
    </ul>
  );
}

/** A plan: what changes, and load and memory before and after. */
export function PlanTable({ plan }: { plan: Plan }) {
  const changes = (plan.changes ?? []).filter((c) => c.action !== "keep");
  const cpu = plan.pools?.find((p) => p.name === "cpu");
  return (
    <div class="plan">
      {changes.length === 0 ? <p class="muted">Nothing that runs would change.</p> : <ChangeList changes={changes} />}
      <p class="muted">
        {plan.counts?.["keep"] ? `${count(plan.counts["keep"])} nodes are kept as they are. ` : ""}
        {cpu?.old && cpu.new ? `CPU wanted ${cpu.old.wanted.toFixed(2)} → ${cpu.new.wanted.toFixed(2)} of ${cpu.new.slots} slots. ` : ""}
        {plan.memory ? `Memory at most ${bytes(plan.memory.old)} → ${bytes(plan.memory.new)}.` : ""}
      </p>
      {cpu?.new?.overloaded && (
        <Status word="" mark="warn">
          More is asked for than the CPU can do: rates will fall.
        </Status>
      )}
    </div>
  );
}
