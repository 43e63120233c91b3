// Small parts that every view uses.
import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { param, setParams } from "../data/route";
import { Icon, MarkIcon, type Mark } from "./icons";

/** Says that there is nothing, and why. */
export function Empty({ children }: { children: ComponentChildren }) {
  return <div class="empty">{children}</div>;
}

/** A search box bound to a key of the address. */
export function Search({ name = "q", hint }: { name?: string; hint: string }) {
  return (
    <input
      class="field search"
      type="search"
      placeholder={hint}
      aria-label={hint}
      value={param(name)}
      onInput={(e) => setParams({ [name]: e.currentTarget.value }, false)}
    />
  );
}

/** A drop-down bound to a key of the address. */
export function Choice({ name, label, options }: { name: string; label: string; options: [string, string][] }) {
  return (
    <select class="field" aria-label={label} value={param(name)} onChange={(e) => setParams({ [name]: e.currentTarget.value })}>
      {options.map(([v, words]) => (
        <option key={v} value={v}>
          {words}
        </option>
      ))}
    </select>
  );
}

/** Ways to look at the same, bound to a key of the address. */
export function Tabs({ name, label, options }: { name: string; label: string; options: [string, string][] }) {
  const at = param(name) || options[0]![0];
  return (
    <nav class="tabs" aria-label={label}>
      {options.map(([v, words], i) => (
        <a
          key={v}
          href="#"
          aria-current={v === at ? "page" : undefined}
          onClick={(e) => {
            e.preventDefault();
            setParams({ [name]: i === 0 ? "" : v, sel: "" });
          }}
        >
          {words}
        </a>
      ))}
    </nav>
  );
}

/** What is known of the chosen thing, beside the list; Escape closes it. */
export function Side({ title, sub, onClose, children }: { title: ComponentChildren; sub?: ComponentChildren; onClose: () => void; children: ComponentChildren }) {
  const box = useRef<HTMLElement>(null);
  return (
    <aside
      class="side fade"
      ref={box}
      tabIndex={0}
      aria-label="details"
      onKeyDown={(e) => {
        if (e.key === "Escape") onClose();
      }}
    >
      <header>
        <div>
          <h2>{title}</h2>
          {sub && <div class="muted">{sub}</div>}
        </div>
        <button class="btn icon close" type="button" aria-label="close details" title="close (Esc)" onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      {children}
    </aside>
  );
}

/** Pairs of a name and a value; a pair without a value is left out. */
export function Pairs({ of }: { of: [string, ComponentChildren][] }) {
  return (
    <dl class="kv">
      {of
        .filter(([, v]) => v != null && v !== "")
        .map(([k, v]) => (
          <>
            <dt>{k}</dt>
            <dd>{v}</dd>
          </>
        ))}
    </dl>
  );
}

/** How full something is; mark puts a line where it should be. */
export function Meter({ share, label, tone = "", mark }: { share: number; label: string; tone?: string; mark?: number }) {
  const w = Math.min(1, Math.max(0, Number.isFinite(share) ? share : 0));
  return (
    <div class={`meter ${tone}`} role="img" aria-label={label} title={label}>
      <i style={{ width: `${w * 100}%` }} />
      {mark != null && <b style={{ left: `calc(${Math.min(1, mark) * 100}% - 1px)` }} />}
    </div>
  );
}

/** A modal dialog; Escape and a click outside close it. */
export function Dialog({ label, onClose, children }: { label: string; onClose?: () => void; children: ComponentChildren }) {
  const d = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    d.current?.showModal();
  }, []);
  return (
    <dialog
      class="dialog"
      ref={d}
      aria-label={label}
      onCancel={(e) => {
        e.preventDefault();
        onClose?.();
      }}
      onClick={(e) => {
        if (e.target === d.current) onClose?.();
      }}
    >
      {children}
    </dialog>
  );
}

const said = signal<{ id: number; mark: Mark; text: string }[]>([]);
let n = 0;

/** Says something that passes by itself. */
export function say(mark: Mark, text: string): void {
  const id = ++n;
  said.value = [...said.value.slice(-3), { id, mark, text }];
  setTimeout(() => (said.value = said.value.filter((t) => t.id !== id)), mark === "bad" ? 12_000 : 5000);
}

/** Where say is read. */
export function Toasts() {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {said.value.map((t) => (
        <div key={t.id} class="toast fade">
          <span class={`status ${t.mark}`}>
            <MarkIcon mark={t.mark} />
          </span>
          <span>{t.text}</span>
        </div>
      ))}
    </div>
  );
}
