// Packages the extension with the project's wheel and the pins of what it needs.
//
//   npm run package            # -> kata-lsp.vsix
//
// Needs `uv`, from the project's .venv or PATH.
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, rmSync } from "node:fs";
import path from "node:path";

const here = path.resolve(import.meta.dirname, "..");
const project = path.resolve(here, "../..");
const carried = path.join(here, "server");
const ours = path.join(project, ".venv/bin/uv");
const uv = existsSync(ours) ? ours : "uv";
const run = (program, ...args) =>
  execFileSync(program, args, { cwd: here, stdio: ["ignore", "ignore", "inherit"] });

rmSync(carried, { recursive: true, force: true });
mkdirSync(carried);
run(uv, "build", "--quiet", "--wheel", "--no-create-gitignore", "--out-dir", carried, project);
const pins = path.join(carried, "requirements.txt");
const only = ["--frozen", "--no-dev", "--no-emit-project", "--no-header", "--no-annotate"];
run(uv, "export", "--quiet", "--project", project, ...only, "--output-file", pins);
copyFileSync(path.join(import.meta.dirname, "install.py"), path.join(carried, "install.py"));
run("npm", "run", "--silent", "build");
// Dependencies are bundled; there is nothing to install or to look for in node_modules.
const bundled = ["--no-dependencies", "--allow-missing-repository", "--no-rewrite-relative-links"];
run("npx", "--no-install", "vsce", "package", ...bundled, "--out", "kata-lsp.vsix");
