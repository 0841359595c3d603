// Owns the palette: an entry asks what it must, runs a command of the server, shows the answer.
import * as vscode from "vscode";
import type { Drafts } from "./drafts.js";
import type { Commands, RunPayload, StartRunParams } from "./generated/protocol.js";
import type { Node, Runs } from "./runs.js";
import type { Session } from "./session.js";
import { active } from "./words.js";

export interface Parts {
  session: Session;
  runs: Runs;
  drafts: Drafts;
  log: vscode.LogOutputChannel;
}

// biome-ignore lint/suspicious/noExplicitAny: VS Code passes whatever the caller does
type Handlers = Record<string, (...args: any[]) => unknown>;

/** What each command does, by the part of its id after `kataLsp.`. */
export function handlers(parts: Parts): Handlers {
  return { ...drafting(parts), ...running(parts), ...asking(parts), ...serving(parts) };
}

/** Start a run and show what it writes; asks for the prompt where there is none. */
export async function start(parts: Parts, given: Partial<StartRunParams>): Promise<void> {
  const prompt = given.prompt ?? (await ask("What should be built or changed?"));
  const folders = vscode.workspace.workspaceFolders ?? [];
  const picked = folders[1] ? await vscode.window.showWorkspaceFolderPick() : folders[0];
  const root = given.root ?? picked?.uri.fsPath;
  const params = { ...given, prompt, ...(root && { root }) };
  const { runId } = await parts.session.execute("kata.run.start", params);
  await parts.drafts.preview(runId);
}

/** Tell how a run ended, and offer what can be done next. */
export async function announce({ session, drafts, log }: Parts, run: RunPayload): Promise<void> {
  const { runId, draft, error } = run;
  if (draft?.state === "waiting" && run.apply === "ask") {
    const gaps =
      draft.missingSections.length > 0 && `It lacks: ${draft.missingSections.join(", ")}.`;
    const text = `The draft for ${run.spec} is ready. ${gaps || ""}`;
    const answer = await vscode.window.showInformationMessage(text, "Review", "Apply", "Later");
    if (answer === "Review") await drafts.diff({ runId });
    if (answer === "Apply") await drafts.apply({ runId });
  }
  if (run.status !== "failed" || !error) return;
  const remedy = error.code.endsWith("_auth") ? "Set Key…" : "Resume";
  const text = `${error.message} ${error.remediation}`;
  const answer = await vscode.window.showErrorMessage(text, remedy, "Show Log");
  if (answer === "Show Log") log.show();
  if (answer === "Resume") await session.execute("kata.run.resume", { runId });
  if (answer === "Set Key…") {
    await vscode.commands.executeCommand("kataLsp.setKey", error.providerId);
  }
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
      const copied = await vscode.env.clipboard.readText();
      const open = vscode.window.activeTextEditor?.document.getText() ?? "";
      const items = [
        { label: "The text on the clipboard", detail: copied.trim().slice(0, 200), text: copied },
        { label: "The document in front", detail: open.trim().slice(0, 200), text: open },
      ].filter((item) => item.detail);
      if (!items[0]) throw new Error("Copy the text of the issue first, or open it.");
      return start(parts, { prompt: (await choose(items, "Where is the issue's text?")).text });
    },
  };
}

function running({ session, runs, drafts }: Parts): Handlers {
  // A run of the tree, else that of the document in front, else one that the user chooses.
  const of = async (node: Node | undefined, wanted: (run: RunPayload) => boolean) => {
    const given = node && "runId" in node ? node.runId : drafts.inFront();
    return { runId: given ?? (await runs.pick(wanted)).runId };
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

function asking({ session, drafts }: Parts): Handlers {
  const provider = async (prompt: string) => {
    const own = vscode.workspace.getConfiguration("kata").get<object>("providers") ?? {};
    const names = new Set(["anthropic", "openai", ...Object.keys(own)]);
    return (
      await choose(
        [...names].map((label) => ({ label })),
        prompt,
      )
    ).label;
  };
  const busy = <C extends keyof Commands>(command: C, params: Commands[C]["params"]) => {
    const location = vscode.ProgressLocation.Notification;
    const options = { location, title: "Kata is asking", cancellable: true };
    return vscode.window.withProgress(options, (_, token) =>
      session.execute(command, params, token),
    );
  };
  const show = async <C extends keyof Commands>(command: C, params: Commands[C]["params"]) => {
    const result = await busy(command, params);
    await drafts.read(`${command.slice("kata.".length)}.json`, JSON.stringify(result, null, 2));
  };
  return {
    setKey: async (given?: string) => {
      const name = given ?? (await provider("Whose key?"));
      const key = await ask(`The API key for ${name}`, { password: true });
      await session.setKey(name, key.trim());
    },
    forgetKey: async () => {
      const names = Object.keys(await session.keys()).map((label) => ({ label }));
      await session.setKey((await choose(names, "Whose key?")).label, undefined);
    },
    checkKey: async () =>
      show("kata.provider.resolveAuth", { provider: await provider("Whose credential?") }),
    chooseModel: async () => {
      const { models, provider } = await busy("kata.provider.listModels", {});
      const items = models.map((model) => ({
        label: model.id,
        description: model.default ? "used now" : (model.displayName ?? ""),
      }));
      const { label } = await choose(items, `Which model of ${provider}?`);
      const settings = vscode.workspace.getConfiguration("kata");
      await settings.update("provider", provider, vscode.ConfigurationTarget.Global);
      await settings.update("model", label, vscode.ConfigurationTarget.Global);
    },
    estimate: async () =>
      show("kata.provider.estimate", { prompt: await ask("What would the run be about?") }),
    askModel: async () => {
      const prompt = await ask("What do you want to ask, outside any run?");
      await drafts.read("answer.md", (await busy("kata.provider.execute", { prompt })).text);
    },
    findContext: async () => {
      const query = await ask("What should be found in the workspace?");
      const { snippets } = await busy("kata.context.retrieve", { query });
      const items = snippets.map((snippet) => ({
        label: `${snippet.path}:${snippet.startLine}`,
        description: snippet.reason ?? "",
        snippet,
      }));
      const { snippet } = await choose(items, `${items.length} snippets`);
      const selection = new vscode.Range(snippet.startLine - 1, 0, snippet.endLine - 1, 0);
      await vscode.window.showTextDocument(vscode.Uri.parse(snippet.uri), { selection });
    },
    status: () => show("kata.status.get", {}),
    doctor: async () => {
      const { checks } = await busy("kata.doctor", {});
      const marks = { ok: "✅", warning: "⚠️", error: "❌" };
      const text = checks.map((check) =>
        [`- ${marks[check.state]} **${check.name}**: ${check.detail}`, check.remedy]
          .filter(Boolean)
          .join("\n  → "),
      );
      await drafts.read("doctor.md", `# Kata: doctor\n\n${text.join("\n")}\n`);
    },
  };
}

function serving({ session, log }: Parts): Handlers {
  return {
    switchRuntime: async () => {
      const now = (await session.execute("kata.runtime.getMode", {})).mode;
      const mode = (label: "native" | "pi") => ({
        label,
        description: label === now ? "used now" : "",
      });
      const { label } = await choose([mode("native"), mode("pi")], "What carries out new runs?");
      const result = await session.execute("kata.runtime.setMode", { mode: label });
      if (!result.available) throw new Error(result.message);
    },
    menu: () => vscode.commands.executeCommand("workbench.action.quickOpen", ">Kata: "),
    restart: () => session.restart(false),
    repair: () => session.restart(true),
    showLog: () => log.show(),
  };
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
