// Builds ../assets from src, the same bytes on every machine; with --check only says whether they are what is there.
//
// What is built is committed, so that `go build` needs no npm. sources.sha256 beside it is the hash of everything the output
// is made from: a Go test holds it against the sources where there is no npm either.
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, "..", "assets");

// sources lists what the output is made from, in the order the Go test hashes it in.
async function sources() {
  const all = await readdir(join(here, "src"), { recursive: true, withFileTypes: true });
  const files = all.filter((e) => e.isFile()).map((e) => relative(here, join(e.parentPath, e.name)).split(sep).join("/"));
  return [...files, "build.mjs", "package.json", "package-lock.json", "tsconfig.json"].sort();
}

async function hash() {
  const h = createHash("sha256");
  for (const f of await sources()) {
    const body = await readFile(join(here, f));
    h.update(`${f}\n${body.length}\n`).update(body);
  }
  return h.digest("hex") + "\n";
}

// licenses are those of what is bundled, which ask to be passed on with it.
async function licenses() {
  const { dependencies } = JSON.parse(await readFile(join(here, "package.json"), "utf8"));
  const names = [...Object.keys(dependencies), "@preact/signals-core", "@dagrejs/graphlib"].sort();
  const parts = [];
  for (const n of names) {
    const dir = join(here, "node_modules", n);
    const all = await readdir(dir).catch(() => []);
    const file = all.find((f) => /^licen[cs]e/i.test(f));
    if (file == null) continue;
    const { version } = JSON.parse(await readFile(join(dir, "package.json"), "utf8"));
    parts.push(`${n} ${version}\n\n${(await readFile(join(dir, file), "utf8")).trim()}\n`);
  }
  return Buffer.from(parts.join(`\n${"-".repeat(80)}\n\n`));
}

const made = await build({
  absWorkingDir: here,
  entryPoints: { app: "src/main.tsx", layout: "src/graph/layout.worker.ts", app_css: "src/style/app.css" },
  outdir: out,
  write: false,
  bundle: true,
  minify: true,
  format: "esm",
  target: ["es2022"],
  jsx: "automatic",
  jsxImportSource: "preact",
  legalComments: "eof",
  logLevel: "warning",
});

const files = new Map(made.outputFiles.map((f) => [relative(out, f.path).replace("app_css", "app"), Buffer.from(f.contents)]));
for (const name of ["index.html", "icon.svg"]) files.set(name, await readFile(join(here, "src", name)));
files.set("LICENSES.txt", await licenses());
files.set("sources.sha256", Buffer.from(await hash()));

if (process.argv.includes("--check")) {
  const there = (await readdir(out)).sort();
  const want = [...files.keys()].sort();
  const wrong = want.filter((n) => !there.includes(n)).concat(there.filter((n) => !want.includes(n)));
  for (const n of want) if (there.includes(n) && !files.get(n).equals(await readFile(join(out, n)))) wrong.push(n);
  if (wrong.length > 0) {
    console.error(`assets are not what the sources make: ${wrong.join(", ")}: run npm run build`);
    process.exit(1);
  }
} else {
  await rm(out, { recursive: true, force: true });
  await mkdir(out, { recursive: true });
  for (const [n, body] of files) await writeFile(join(out, n), body);
  for (const [n, body] of files) console.log(`${n} ${body.length}`);
}
