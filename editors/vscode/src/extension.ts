// Owns activation: makes the parts, connects them, and starts the server where it is installed.
import * as vscode from "vscode";
import { announce, handlers, type Parts, start } from "./commands.js";
import { Drafts } from "./drafts.js";
import { Program } from "./program.js";
import { active, Runs } from "./runs.js";
import { Session } from "./session.js";
import { statusItem } from "./status.js";

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
  const subscribe = context.subscriptions.push.bind(context.subscriptions);
  subscribe(log, statusItem(session), ...parts.drafts.register());
  subscribe(vscode.window.registerTreeDataProvider("kataLsp.runs", runs));
  for (const [name, handler] of Object.entries(handlers(parts))) {
    const run = async (...args: unknown[]) => guarded(log, async () => handler(...args));
    subscribe(vscode.commands.registerCommand(`kataLsp.${name}`, run));
  }
  listen(parts);
  await guarded(log, () => parts.session.start(false));
}

export async function deactivate(): Promise<void> {
  await session?.stop();
}

function listen(parts: Parts): void {
  const { session, runs, drafts, log } = parts;
  session.onDidChangeState((state) => {
    void vscode.commands.executeCommand("setContext", "kataLsp.state", state);
    if (state === "running") runs.refresh();
  });
  session.on("kata/run/didStream", (params) => drafts.streamed(params));
  session.on("kata/run/didChange", (run) => {
    const before = runs.update(run);
    if (active(run) || !before || !active(before)) return;
    void guarded(log, () => drafts.ended(run));
    void guarded(log, () => announce(parts, run));
  });
}

/** Show a failure; a question that the user cancelled needs no words. */
async function guarded<T>(
  log: vscode.LogOutputChannel,
  work: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof vscode.CancellationError) return undefined;
    const message = error instanceof Error ? error.message : String(error);
    log.error(message);
    const show = (answer: unknown) => answer && log.show();
    void vscode.window.showErrorMessage(message, "Show Log").then(show);
    return undefined;
  }
}
