// Not to be told of an event or of a camera for a while.
import { change, mayChange, asking, reason } from "../data/api";
import { clock } from "../data/format";
import { now } from "../data/live";
import { say } from "./bits";
import { Icon } from "./icons";

const times: [string, string][] = [
  ["10m", "10 minutes"],
  ["1h", "1 hour"],
  ["8h", "8 hours"],
];

async function mute(what: { event?: string; camera?: string }, time: string): Promise<void> {
  if (!mayChange()) {
    asking.value = true;
    return;
  }
  try {
    const r = await change<{ muted: string[]; until_ms: number }>("POST", "mute", { ...what, for: time });
    const n = r?.muted?.length ?? 0;
    const things = n === 1 ? "1 event" : `${n} events`;
    say("ok", time === "0s" ? `${things} can be heard again` : `${things} muted until ${clock(r?.until_ms)}`);
  } catch (e) {
    say("bad", `Not muted: ${reason(e)}`);
  }
}

/** A menu of times, or the way back while it is muted. */
export function Mute({ event, camera, until }: { event?: string; camera?: string; until: number }) {
  const what = { ...(event ? { event } : {}), ...(camera ? { camera } : {}) };
  if (until > now())
    return (
      <button type="button" class="btn" onClick={() => void mute(what, "0s")}>
        <Icon name="mute" /> Muted until {clock(until)}: unmute
      </button>
    );
  return (
    <label class="btn menu">
      <Icon name="mute" />
      <span class="sr">mute for</span>
      <select
        aria-label={`mute ${event ?? camera ?? ""} for`}
        value=""
        onChange={(e) => {
          const t = e.currentTarget.value;
          e.currentTarget.value = "";
          if (t) void mute(what, t);
        }}
      >
        <option value="">Mute…</option>
        {times.map(([v, words]) => (
          <option key={v} value={v}>
            {words}
          </option>
        ))}
      </select>
    </label>
  );
}
