// Asking the server. A refusal for want of a token opens the login, wherever it came from.
import { signal } from "@preact/signals";
import type { Session } from "./types";

/** What the server lets this browser do; null until it said. */
export const session = signal<Session | null>(null);

/** Whether the person is asked for the token: because everything needs it, or because a change did. */
export const asking = signal(false);

/** An answer that is not a success. */
export class Refused extends Error {
  constructor(
    readonly code: number,
    message: string,
    readonly body: unknown,
  ) {
    super(message);
  }
}

// A page that is left holds no connection, also while the browser keeps it to come back to: there are six to a server.
const left = new AbortController();
addEventListener("pagehide", () => left.abort());
addEventListener("pageshow", (e) => {
  if (e.persisted) location.reload();
});

async function refused(r: Response): Promise<Refused> {
  const text = await r.text();
  let body: unknown = null;
  try {
    body = JSON.parse(text);
  } catch {
    // Not JSON: the text is the message.
  }
  const said = body as { error?: unknown } | null;
  if (r.status === 401) {
    asking.value = true;
    void learnSession();
  }
  return new Refused(r.status, typeof said?.error === "string" ? said.error : text.trim() || r.statusText, body);
}

/** One request, with text as it is and anything else as JSON; it throws Refused for an answer that is not a success. */
export async function send(method: string, path: string, body?: unknown, stop?: AbortSignal): Promise<Response> {
  const r = await fetch(`api/v1/${path}`, {
    method,
    headers: body === undefined ? {} : { "Content-Type": typeof body === "string" ? "text/plain; charset=utf-8" : "application/json" },
    body: body === undefined ? null : typeof body === "string" ? body : JSON.stringify(body),
    signal: stop ? AbortSignal.any([left.signal, stop]) : left.signal,
    credentials: "same-origin",
  });
  if (!r.ok) throw await refused(r);
  return r;
}

/** GET of JSON. */
export async function get<T>(path: string, stop?: AbortSignal): Promise<T> {
  return (await send("GET", path, undefined, stop)).json() as Promise<T>;
}

/** A change: POST, PUT or DELETE, with JSON both ways; nothing comes back for 204. */
export async function change<T>(method: string, path: string, body?: unknown): Promise<T | undefined> {
  const r = await send(method, path, body);
  return r.status === 204 ? undefined : ((await r.json()) as T);
}

/** Asks what this browser may do. */
export async function learnSession(): Promise<void> {
  const s = await get<Session>("session");
  session.value = s;
  if (s.needed === "everything" && !s.authorized) asking.value = true;
}

/** Gives the token; it throws Refused when it is not the one. */
export async function login(token: string): Promise<void> {
  await send("POST", "login", { token });
  asking.value = false;
  await learnSession();
}

/** Forgets the token. */
export async function logout(): Promise<void> {
  await send("POST", "logout");
  await learnSession();
}

/** Whether a change needs the token first, which this browser has not given. */
export function mayChange(): boolean {
  const s = session.value;
  return s != null && (s.authorized || s.needed === "nothing");
}

/** Words for an error of a request. */
export function reason(e: unknown): string {
  if (e instanceof Refused) return e.message;
  if (e instanceof TypeError) return "The server does not answer.";
  return e instanceof Error ? e.message : String(e);
}
