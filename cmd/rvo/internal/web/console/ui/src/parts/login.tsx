// Asking for the token. The server keeps it in a cookie that scripts cannot read; the page forgets it at once.
import { useSignal } from "@preact/signals";
import { asking, login, Refused, reason, session } from "../data/api";
import { Dialog } from "./bits";
import { MarkIcon } from "./icons";

/** The dialog, while the token is asked for. */
export function Login() {
  const why = useSignal("");
  const busy = useSignal(false);
  if (!asking.value) return null;
  const s = session.value;
  const must = s?.needed === "everything";
  const submit = async (e: SubmitEvent) => {
    e.preventDefault();
    const form = e.currentTarget as HTMLFormElement;
    const token = String(new FormData(form).get("token") ?? "").trim();
    busy.value = true;
    try {
      await login(token);
      why.value = "";
    } catch (err) {
      why.value = err instanceof Refused && err.code === 401 ? "This is not the server's token." : reason(err);
      asking.value = true;
    }
    busy.value = false;
  };
  return (
    <Dialog
      label="token"
      onClose={() => {
        if (!must) asking.value = false;
      }}
    >
      <form onSubmit={(e) => void submit(e)}>
        <h1>{must ? "This server needs its token" : "Changes need the token"}</h1>
        {s?.token === false ? (
          <p>The server was started without a token: give it one with --http-token-file or --http-token-env to change things from here.</p>
        ) : (
          <>
            <p class="muted">It is in the file or the environment variable that rvo run was started with.</p>
            <label class="labelled">
              <span>Token</span>
              <input
                class="field mono"
                name="token"
                type="password"
                autocomplete="current-password"
                required
                autoFocus
                aria-invalid={why.value !== ""}
                aria-describedby="token-why"
              />
            </label>
            <div id="token-why" aria-live="assertive">
              {why.value && (
                <p class="wrong">
                  <MarkIcon mark="bad" />
                  {why.value}
                </p>
              )}
            </div>
          </>
        )}
        <div class="actions">
          {!must && (
            <button type="button" class="btn" onClick={() => (asking.value = false)}>
              Close
            </button>
          )}
          {s?.token !== false && (
            <button type="submit" class="btn primary" disabled={busy.value}>
              Log in
            </button>
          )}
        </div>
      </form>
    </Dialog>
  );
}
