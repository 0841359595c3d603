// Runs a suite of tests inside the extension host, one after the other.
import * as vscode from "vscode";

export const EXTENSION = "kata-lsp.kata-lsp";

/** Run the tests, each named by the sentence that it holds the extension to. */
export async function runAll(tests) {
  await vscode.extensions.getExtension(EXTENSION).activate();
  const failed = [];
  for (const [name, test] of Object.entries(tests)) {
    try {
      await test();
      console.log(`[test] ok ${name}`);
    } catch (error) {
      console.log(`[test] FAILED ${name}: ${error.stack}`);
      failed.push(name);
    }
  }
  if (failed.length > 0) throw new Error(`${failed.length} failed`);
}

/** Try until it works, or fail as it failed last. */
export async function eventually(attempt, patience = 30_000) {
  const end = Date.now() + patience;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
