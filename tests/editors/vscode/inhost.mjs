// Runs the tests in `inhost/` inside a real extension host.
//
//   node inhost.mjs '{"vscode": ..., "node": ..., "extension": folder, "out": ..., "name": ..., "path": PATH,
//                     "suite": a file of `inhost/`, "trust": whether folders have to be trusted}'
import path from "node:path";
import { open, PATIENCE } from "./workbench.mjs";

const options = JSON.parse(process.argv[2]);
const vscode = await open({
  ...options,
  tests: path.join(import.meta.dirname, "inhost", options.suite),
  files: {
    "README.md": "# Token counter\n",
    "src/app.py": "def count_tokens(run): ...\n",
    // What a repository would like to set; it counts in a trusted folder only.
    ...(options.trust && { ".vscode/settings.json": '{"kata.specPath": "docs/theirs.md"}' }),
    ".kata/spec.md": "# Token counter\n\n## Goal\n\nCount the tokens of every run.\n",
  },
  user: options.trust ? { "security.workspace.trust.startupPrompt": "never" } : {},
  env: { PATH: options.path },
});
const late = new Promise((resolve) => setTimeout(resolve, 3 * PATIENCE, "late").unref());
const code = await Promise.race([vscode.exit, late]);
await vscode.shot("result");
await vscode.close();
if (code !== 0) console.log(`the extension host ended with ${code}`);
process.exit(code === 0 ? 0 : 1);
