// Owns the palette: an entry asks what it must, runs a command of the server, shows the answer.
import * as vscode from "vscode";
import type { Drafts } from "./drafts.js";
import entries from "./entries.json" with { type: "json" };
import type { RunAccepted, RunPayload, StartRunParams } from "./generated/protocol.js";
import { about, active, type Node, type Runs, title } from "./runs.js";
import type { Name, Params, Result, Session } from "./session.js";

export interface Parts {
  session: Session;
  runs: Runs;
  drafts: Drafts;
  log: vscode.LogOutputChannel;
}

/** An entry that needs no more than questions: texts to ask for, or values to choose from. */
type Entry = { command: string; ask?: Record<string, string | string[]>; spec?: boolean };

// biome-ignore lint/suspicious/noExplicitAny: VS Code passes whatever the caller does
type Handlers = Record<string, (...args: any[]) => unknown>;

/** What each command does, by the part of its id after `kataLsp.`. */
export function handlers(parts: Parts): Handlers {
  const all: Handlers = { ...drafting(parts), ...running(parts), ...serving(parts) };
  for (const [name, entry] of Object.entries(entries)) all[name] = () => carryOut(parts, entry);
  return all;
}

/** Start a run and show what it writes; asks for the prompt where there is none. */
export async function start(parts: Parts, given: Partial<StartRunParams>): Promise<RunAccepted> {
  const prompt = given.prompt ?? (await ask("What should be built or changed?"));
  const folders = vscode.workspace.workspaceFolders ?? [];
  const picked = folders[1] ? await vscode.window.showWorkspaceFolderPick() : folders[0];
  const root = given.root ?? picked?.uri.fsPath;
  const params = { ...given, prompt, ...(root && { root }) };
  const accepted = await parts.session.execute("kata.run.start", params);
  await parts.drafts.preview(accepted.runId);
  return accepted;
}

/** Tell how a run ended, and offer what can be done next. */
export async function announce({ drafts, log }: Parts, run: RunPayload): Promise<void> {
  const { runId, draft, error } = run;
  if (draft?.state === "waiting" && run.apply === "ask") {
    const missing = draft.missingSections.join(", ");
    const text = `The draft for ${run.spec} is ready.${missing && ` It lacks: ${missing}.`}`;
    const answer = await vscode.window.showInformationMessage(text, "Review", "Apply", "Later");
    if (answer === "Review") await drafts.diff({ runId });
    if (answer === "Apply") await drafts.apply({ runId });
  }
  if (run.status !== "failed" || !error) return;
  const [remedy, ...command]: [string, string, unknown] = error.code.endsWith("_auth")
    ? ["Set Key…", "kataLsp.setKey", error.providerId]
    : ["Resume", "kataLsp.resumeRun", run];
  const text = `${error.message} ${error.remediation}`;
  const answer = await vscode.window.showErrorMessage(text, remedy, "Show Log");
  if (answer === "Show Log") log.show();
  if (answer === remedy) await vscode.commands.executeCommand(...command);
}

async function carryOut({ session, drafts }: Parts, entry: Entry): Promise<void> {
  const params: Record<string, string> = {};
  const document = vscode.window.activeTextEditor?.document;
  if (entry.spec && document?.languageId === "markdown") params.uri = document.uri.toString();
  for (const [field, question] of Object.entries(entry.ask ?? {})) {
    const several = Array.isArray(question);
    params[field] = several ? await pick(question, field) : await ask(question);
  }
  const result: object = await busy(session, entry.command as Name, params as never);
  const name = entry.command.slice("kata.".length);
  if ("text" in result) return drafts.read(`${name}.md`, `${result.text}`);
  if (!("message" in result)) return drafts.read(`${name}.json`, JSON.stringify(result, null, 2));
  if (result.message) void vscode.window.showInformationMessage(`${result.message}`);
}

function drafting(parts: Parts): Handlers {
  return {
    draft: () => start(parts, {}),
    draftSmall: () => start(parts, { profile: "lite" }),
    refine: async () => start(parts, { prompt: await ask("What should change in the spec?") }),
    draftFromSelection: async () => {
      const editor = vscode.window.activeTextEditor;
      const selection = editor?.document.getText(editor.selection);
      if (!editor || !selection) throw new Error("Select the text that it is about first.");
      const prompt = await ask("What should be done about the selection?");
      const folder = vscode.workspace.getWorkspaceFolder(editor.document.uri);
      const selectionPath = vscode.workspace.asRelativePath(editor.document.uri, false);
      const place = folder && { selectionPath, root: folder.uri.fsPath };
      return start(parts, { prompt, selection, ...place });
    },
    draftFromIssue: async () => {
      const prompt = await vscode.env.clipboard.readText();
      const detail = prompt.trim().slice(0, 300);
      if (!detail) throw new Error("Copy the text of the issue first.");
      await choose([{ label: "Draft from the text on the clipboard", detail }], "From the issue");
      return start(parts, { prompt });
    },
  };
}

function running({ session, runs, drafts }: Parts): Handlers {
  // A run of the tree, else that of the document in front, else one that the user chooses.
  const of = async (node: Node | undefined, wanted: (run: RunPayload) => boolean) => {
    const given = node && "runId" in node ? node.runId : drafts.inFront();
    if (given) return { runId: given };
    const found = (await runs.all()).filter(wanted);
    if (!found[0]) throw new Error("There is no such run.");
    const items = found.map((run) => ({ label: title(run), description: about(run), run }));
    return { runId: (await choose(items, "Which run?")).run.runId };
  };
  const waiting = (run: RunPayload) => run.draft?.state === "waiting";
  const over = (run: RunPayload) => !active(run) && run.status !== "completed";
  return {
    cancelRun: async (node) => session.execute("kata.run.cancel", await of(node, active)),
    resumeRun: async (node) => {
      const { runId } = await session.execute("kata.run.resume", await of(node, over));
      await drafts.preview(runId);
    },
    showDraft: async (node) => drafts.preview((await of(node, () => true)).runId),
    diffDraft: async (node) => drafts.diff(await of(node, waiting)),
    applyDraft: async (node) => drafts.apply(await of(node, waiting)),
    discardDraft: async (node) => session.execute("kata.draft.discard", await of(node, waiting)),
    refreshRuns: () => runs.refresh(),
  };
}

function serving({ session, log }: Parts): Handlers {
  return {
    setKey: async (given?: string) => {
      const own = vscode.workspace.getConfiguration("kata").get<object>("providers") ?? {};
      const names = [...new Set(["anthropic", "openai", ...Object.keys(own)])];
      const provider = given ?? (await pick(names, "Whose key?"));
      const key = await ask(`The API key for ${provider}`, { password: true });
      await session.setKey(provider, key.trim());
    },
    forgetKey: async () => {
      const names = Object.keys(await session.keys());
      await session.setKey(await pick(names, "Whose key?"), undefined);
    },
    chooseModel: async () => {
      const { models, provider } = await busy(session, "kata.provider.listModels", {});
      const model = await pick(
        models.map(({ id }) => id),
        `Which model of ${provider}?`,
      );
      const settings = vscode.workspace.getConfiguration("kata");
      await settings.update("provider", provider, vscode.ConfigurationTarget.Global);
      await settings.update("model", model, vscode.ConfigurationTarget.Global);
    },
    menu: () => vscode.commands.executeCommand("workbench.action.quickOpen", ">Kata: "),
    restart: () => session.restart(false),
    repair: () => session.restart(true),
    showLog: () => log.show(),
  };
}

function busy<C extends Name>(session: Session, name: C, params: Params<C>): Thenable<Result<C>> {
  const location = vscode.ProgressLocation.Notification;
  const options = { location, title: "Kata is working", cancellable: true };
  return vscode.window.withProgress(options, (_, token) => session.execute(name, params, token));
}

async function ask(prompt: string, more?: vscode.InputBoxOptions): Promise<string> {
  const text = await vscode.window.showInputBox({ prompt, ignoreFocusOut: true, ...more });
  if (!text?.trim()) throw new vscode.CancellationError();
  return text;
}

async function choose<T extends vscode.QuickPickItem>(items: T[], placeHolder: string): Promise<T> {
  const chosen = await vscode.window.showQuickPick(items, { placeHolder });
  if (!chosen) throw new vscode.CancellationError();
  return chosen;
}

async function pick(names: string[], placeHolder: string): Promise<string> {
  return (
    await choose(
      names.map((label) => ({ label })),
      placeHolder,
    )
  ).label;
}
