// Owns drafts on screen: the streaming preview, the native diff, conflicts, and applying.
import * as vscode from "vscode";
import type * as wire from "./generated/protocol.js";
import type { Session } from "./session.js";

const SCHEME = "kata-draft";
type Choices = NonNullable<wire.ApplyDraftParams["choices"]>;

export class Drafts implements vscode.TextDocumentContentProvider {
  readonly #changes = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.#changes.event;
  readonly #texts = new Map<string, string>();
  /** How much of each run on screen is there, in code points, which is how the server counts. */
  readonly #received = new Map<string, number>();

  constructor(private readonly session: Session) {}

  register(): vscode.Disposable[] {
    return [
      vscode.workspace.registerTextDocumentContentProvider(SCHEME, this),
      vscode.workspace.onDidCloseTextDocument(({ uri }) => {
        if (uri.scheme === SCHEME && this.#texts.delete(uri.path))
          this.#received.delete(runOf(uri));
      }),
    ];
  }

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.#texts.get(uri.path) ?? "";
  }

  /** Open what a run has written; it grows while the run streams. */
  async preview(runId: string): Promise<void> {
    await vscode.window.showTextDocument(await this.#fetch(runId));
  }

  /** Open a text of ours, read-only. */
  async read(name: string, text: string): Promise<void> {
    await vscode.window.showTextDocument(this.#put(name, text));
  }

  /** Take more output; what is missed in between comes when the run ends. */
  streamed({ runId, kind, offset, delta }: wire.RunStreamParams): void {
    const received = this.#received.get(runId);
    if (received === undefined || kind !== "text" || offset > received) return;
    const fresh = [...delta].slice(received - offset);
    this.#received.set(runId, received + fresh.length);
    const name = `${runId}/draft.md`;
    const uri = this.#put(name, `${this.#texts.get(`/${name}`) ?? ""}${fresh.join("")}`);
    const editors = vscode.window.visibleTextEditors;
    const editor = editors.find(({ document }) => document.uri.toString() === uri.toString());
    const last = editor?.document.lineCount ?? 0;
    // Scroll on for a reader who looks at the end.
    if (editor && (editor.visibleRanges.at(-1)?.end.line ?? 0) > last - 6) {
      editor.revealRange(new vscode.Range(last, 0, last, 0));
    }
  }

  async ended({ runId }: wire.RunPayload): Promise<void> {
    if (this.#received.has(runId)) await this.#fetch(runId);
  }

  /** Compare the spec as it is with the spec as the draft would leave it. */
  async diff({ runId = "", root = "" }: wire.ShowDraftParams): Promise<wire.DraftPayload> {
    const params = { ...(runId && { runId }), ...(root && { root }) };
    const draft = await this.session.execute("kata.draft.show", params);
    const spec = vscode.Uri.parse(draft.specUri);
    const name = spec.path.slice(spec.path.lastIndexOf("/") + 1);
    const before = await vscode.workspace.fs.stat(spec).then(
      () => spec,
      () => this.#put("none.md", ""),
    );
    await diff(before, this.#put(`${draft.runId}/${name}`, draft.merged), `${name} ↔ draft`);
    const where = draft.conflicts.map(place).join(", ");
    const text = `You and the draft both changed ${where}. You choose when you apply it.`;
    if (where) void vscode.window.showInformationMessage(text);
    return draft;
  }

  /** Apply a draft, asking about each conflict; the spec is left open, and the edit can be undone. */
  async apply(params: wire.ApplyDraftParams): Promise<wire.ApplyDraftResult> {
    // The diff editor has shown it; VS Code's refactoring preview would ask once more.
    let result = await this.session.execute("kata.draft.apply", { ...params, confirm: false });
    const { runId } = result;
    while (result.outcome === "conflict") {
      const choices = { ...params.choices, ...(await this.#choose(result)) };
      const again = { runId, choices, confirm: false };
      result = await this.session.execute("kata.draft.apply", again);
    }
    if (result.outcome === "stale" || result.outcome === "refused") {
      throw new Error(`The draft was not applied: ${result.message}`);
    }
    const tabs = vscode.window.tabGroups.all.flatMap((group) => group.tabs);
    await vscode.window.tabGroups.close(tabs.filter((tab) => runOf(uriOf(tab)) === runId));
    await vscode.window.showTextDocument(vscode.Uri.parse(result.specUri), { preview: false });
    return result;
  }

  /** The run that the document in front belongs to, if it is one of ours. */
  inFront(): string | undefined {
    return runOf(uriOf(vscode.window.tabGroups.activeTabGroup.activeTab)) || undefined;
  }

  async #choose({ runId, conflicts = [] }: wire.ApplyDraftResult): Promise<Choices> {
    const choices: Choices = {};
    for (const [index, conflict] of conflicts.entries()) {
      const title = `${place(conflict)}: mine ↔ draft (${index + 1} of ${conflicts.length})`;
      const mine = this.#put(`${runId}/${index}-mine.md`, conflict.mine);
      await diff(mine, this.#put(`${runId}/${index}-draft.md`, conflict.theirs), title);
      const items = [
        { label: "Keep mine", detail: conflict.mine.trim(), choice: "mine" as const },
        { label: "Take the draft's", detail: conflict.theirs.trim(), choice: "draft" as const },
        { label: "Keep both", detail: "Mine first, then the draft's", choice: "both" as const },
      ];
      const chosen = await vscode.window.showQuickPick(items, { title, ignoreFocusOut: true });
      if (!chosen) throw new vscode.CancellationError();
      choices[conflict.id] = chosen.choice;
    }
    return choices;
  }

  async #fetch(runId: string): Promise<vscode.Uri> {
    const { text = "" } = await this.session.execute("kata.run.get", { runId });
    this.#received.set(runId, [...text].length);
    return this.#put(`${runId}/draft.md`, text);
  }

  #put(name: string, text: string): vscode.Uri {
    const uri = vscode.Uri.from({ scheme: SCHEME, path: `/${name}` });
    this.#texts.set(uri.path, text);
    this.#changes.fire(uri);
    return uri;
  }
}

async function diff(before: vscode.Uri, after: vscode.Uri, title: string): Promise<void> {
  await vscode.commands.executeCommand("vscode.diff", before, after, title);
}

function uriOf(tab: vscode.Tab | undefined): vscode.Uri | undefined {
  const input = tab?.input;
  if (input instanceof vscode.TabInputTextDiff) return input.modified;
  return input instanceof vscode.TabInputText ? input.uri : undefined;
}

function runOf(uri: vscode.Uri | undefined): string {
  return uri?.scheme === SCHEME ? (uri.path.split("/")[1] ?? "") : "";
}

function place(conflict: wire.ConflictPayload): string {
  return conflict.kind === "task" ? `task ${conflict.subject}` : `“${conflict.subject}”`;
}
