// Tests inside the real extension host, in a folder that the user has not trusted.
import assert from "node:assert/strict";
import * as vscode from "vscode";
import { runAll } from "./suite.mjs";

const tests = {
  async "in a folder that is not trusted its settings are ignored, and the rest works"() {
    assert.equal(vscode.workspace.isTrusted, false);
    const options = { prompt: "Count tokens", provider: "local", apply: "never" };
    await vscode.commands.executeCommand("kata.run.start", options);
    const { runs } = await vscode.commands.executeCommand("kata.run.list", {});
    assert.equal(runs[0].spec, ".kata/spec.md");
  },
};

export const run = () => runAll(tests);
