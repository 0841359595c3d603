// Owns activation: makes the parts, connects them, and starts the server where it is installed.
import * as vscode from "vscode";
import { announce, handlers, type Parts, start } from "./commands.js";
import { Drafts } from "./drafts.js";
import { Program } from "./program.js";
import { Runs } from "./runs.js";
import { Session } from "./session.js";
import { StatusItem } from "./status.js";
import { active, report } from "./words.js";

let session: Session | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const log = vscode.window.createOutputChannel("Kata", { log: true });
  session = new Session(context.secrets, log, new Program(context, log), {
    "kata.run.start": (params) => start(parts, params),
    "kata.draft.show": (params) => parts.drafts.diff(params),
    "kata.draft.apply": (params) => parts.drafts.apply(params),
  });
  const runs = new Runs(session);
  const parts: Parts = { session, runs, log, drafts: new Drafts(session) };
  const status = new StatusItem();
  listen(parts, status);
  const subscribe = context.subscriptions.push.bind(context.subscriptions);
  subscribe(log, status.item, ...parts.drafts.register());
  subscribe(vscode.window.registerTreeDataProvider("kataLsp.runs", runs));
  for (const [name, handler] of Object.entries(handlers(parts))) {
    const run = async (...args: unknown[]) => {
      try {
        return await handler(...args);
      } catch (error) {
        return report(error, log);
      }
    };
    subscribe(vscode.commands.registerCommand(`kataLsp.${name}`, run));
  }
  await session.start(false).catch((error) => report(error, log));
}

export async function deactivate(): Promise<void> {
  await session?.stop();
}

function listen(parts: Parts, status: StatusItem): void {
  const { session, runs, drafts, log } = parts;
  session.onDidChangeState((state) => {
    status.state(state);
    void vscode.commands.executeCommand("setContext", "kataLsp.state", state);
    if (state === "running") runs.refresh();
  });
  session.on("kata/status/didChange", (params) => status.update(params));
  session.on("kata/run/didStream", (params) => drafts.streamed(params));
  session.on("kata/run/didChange", (run) => {
    const before = runs.update(run);
    if (active(run) || !before || !active(before)) return;
    drafts.ended(run).catch((error) => report(error, log));
    announce(parts, run).catch((error) => report(error, log));
  });
}
