// Tests inside the real extension host: what other code can see of the extension.
import assert from "node:assert/strict";
import * as vscode from "vscode";
import { EXTENSION, eventually, runAll } from "./suite.mjs";

const execute = (command, params = {}) => vscode.commands.executeCommand(command, params);

const tests = {
  async "the contract's commands and the extension's own are all there"() {
    const known = new Set(await vscode.commands.getCommands(true));
    const { commands } = manifest().contributes;
    for (const { command } of commands) assert.ok(known.has(command), command);
    const { server } = await execute("kata.status.get");
    assert.equal(server.name, "kata-lsp");
    for (const name of ["run.start", "draft.apply", "provider.execute", "doctor"]) {
      assert.ok(known.has(`kata.${name}`), name);
    }
  },

  async "a setting of the user counts at once, one of the workspace only narrows"() {
    const settings = vscode.workspace.getConfiguration("kata");
    await settings.update("context.limit", 5, vscode.ConfigurationTarget.Global);
    await settings.update("context.limit", 500, vscode.ConfigurationTarget.Workspace);
    await eventually(async () => {
      const { settingsProblems = [] } = await execute("kata.status.get");
      assert.match(settingsProblems.join(), /context\.limit may only be lowered.*stays 5/);
    });
    await settings.update("context.limit", undefined, vscode.ConfigurationTarget.Workspace);
    await eventually(async () => {
      const { settingsProblems = [] } = await execute("kata.status.get");
      assert.deepEqual(settingsProblems, []);
    });
  },

  async "a wrong setting is told by name"() {
    const settings = vscode.workspace.getConfiguration("kata");
    await settings.update("maxRetries", 77, vscode.ConfigurationTarget.Global);
    await eventually(async () => {
      const { settingsProblems = [] } = await execute("kata.status.get");
      assert.match(settingsProblems.join(), /maxRetries must be at most 2/);
    });
    await settings.update("maxRetries", undefined, vscode.ConfigurationTarget.Global);
  },

  async "a run started by plain arguments streams into a read-only preview"() {
    const options = { prompt: "Count tokens", provider: "local", apply: "never" };
    assert.equal((await execute("kata.run.start", options)).status, "queued");
    await eventually(() => {
      const document = vscode.window.activeTextEditor?.document;
      assert.equal(document?.uri.scheme, "kata-draft");
      assert.equal(document.languageId, "markdown");
      assert.match(document.getText(), /## Verification Plan/);
    });
  },

  async "refused arguments are an error with the field's name"() {
    await assert.rejects(async () => execute("kata.run.get", { runId: "nobody" }), /nobody/);
    await assert.rejects(async () => execute("kata.run.list", { limt: 1 }), /limt/);
  },

  async "a draft is compared with the spec in the native diff editor and applied as one edit"() {
    const { runs } = await execute("kata.run.list");
    const { runId } = runs.find(({ draft }) => draft?.state === "waiting");
    const [folder] = vscode.workspace.workspaceFolders;
    const uri = vscode.Uri.joinPath(folder.uri, ".kata/spec.md");
    const before = (await vscode.workspace.openTextDocument(uri)).getText();
    assert.equal((await execute("kata.draft.show", { runId })).state, "waiting");
    const { input } = vscode.window.tabGroups.activeTabGroup.activeTab;
    assert.ok(input instanceof vscode.TabInputTextDiff);
    const { outcome, specUri } = await execute("kata.draft.apply", { runId });
    assert.equal(outcome, "applied");
    const spec = await vscode.workspace.openTextDocument(vscode.Uri.parse(specUri));
    assert.match(spec.getText(), /## Verification Plan/);
    await vscode.commands.executeCommand("undo");
    assert.equal(spec.getText(), before);
    await vscode.commands.executeCommand("redo");
    assert.match(spec.getText(), /## Verification Plan/);
    await spec.save();
  },

  async "no setting that names a program, a place or a provider can be a workspace's"() {
    const { properties } = manifest().contributes.configuration;
    for (const key of ["kataLsp.serverPath", "kataLsp.python", "kata.providers", "kata.logFile"]) {
      assert.equal(properties[key].scope, "machine", key);
    }
    const settings = vscode.workspace.getConfiguration();
    await assert.rejects(async () =>
      settings.update("kata.providers", {}, vscode.ConfigurationTarget.Workspace),
    );
  },

  async "a program that is no server is told, and the right one starts afterwards"() {
    const settings = vscode.workspace.getConfiguration("kataLsp");
    await settings.update("serverPath", "/bin/true", vscode.ConfigurationTarget.Global);
    await vscode.commands.executeCommand("kataLsp.restart");
    await settings.update("serverPath", undefined, vscode.ConfigurationTarget.Global);
    await vscode.commands.executeCommand("kataLsp.restart");
    const { server } = await execute("kata.status.get");
    assert.equal(server.name, "kata-lsp");
  },

  async "the extension does not collect anything"() {
    assert.doesNotMatch(JSON.stringify(manifest()), /telemetry|appInsights/i);
  },
};

function manifest() {
  return vscode.extensions.getExtension(EXTENSION).packageJSON;
}

export const run = () => runAll(tests);
