// Owns the Runs view: runs, newest first, with their attempts, as the server tells them.
import * as vscode from "vscode";
import type { RunPayload } from "./generated/protocol.js";
import type { Session } from "./session.js";
import { active, parts, spent, title, used } from "./words.js";

/** A run, or a line below one. */
export type Node = RunPayload | vscode.TreeItem;

const ICONS: Record<RunPayload["status"], [icon: string, color: string]> = {
  queued: ["clock", "charts.blue"],
  running: ["sync~spin", "charts.blue"],
  completed: ["pass", "charts.green"],
  failed: ["error", "charts.red"],
  interrupted: ["debug-disconnect", "charts.yellow"],
  cancelled: ["circle-slash", "disabledForeground"],
};

export class Runs implements vscode.TreeDataProvider<Node> {
  readonly #changes = new vscode.EventEmitter<undefined>();
  readonly onDidChangeTreeData = this.#changes.event;
  #runs = new Map<string, RunPayload>();
  #listed: Promise<unknown> | undefined;

  constructor(private readonly session: Session) {}

  /** Take a run as the server told it; returns what was known of it before. */
  update(run: RunPayload): RunPayload | undefined {
    const before = this.#runs.get(run.runId);
    this.#runs.set(run.runId, run);
    this.#changes.fire(undefined);
    return before;
  }

  /** Forget everything: the server is asked again when somebody looks. */
  refresh(): void {
    this.#runs = new Map();
    this.#listed = undefined;
    this.#changes.fire(undefined);
  }

  /** Have the user choose one of the runs that are `wanted`. */
  async pick(wanted: (run: RunPayload) => boolean): Promise<RunPayload> {
    const found = (await this.#all()).filter(wanted);
    if (!found[0]) throw new Error("There is no such run.");
    const items = found.map((run) => ({ label: title(run), description: about(run), run }));
    const chosen = await vscode.window.showQuickPick(items, { placeHolder: "Which run?" });
    if (!chosen) throw new vscode.CancellationError();
    return chosen.run;
  }

  async getChildren(node?: Node): Promise<Node[]> {
    if (node) return "runId" in node ? lines(node) : [];
    return this.session.running ? this.#all() : [];
  }

  getTreeItem(node: Node): vscode.TreeItem {
    if (!("runId" in node)) return node;
    const item = new vscode.TreeItem(title(node), vscode.TreeItemCollapsibleState.Collapsed);
    const [icon, color] = ICONS[node.status];
    const over = node.status === "completed" ? "" : "resumable";
    item.id = node.runId;
    item.iconPath = new vscode.ThemeIcon(icon, new vscode.ThemeColor(color));
    item.description = about(node);
    item.tooltip = `${node.prompt}\n\n${about(node)}`;
    item.contextValue = `run ${active(node) ? "active" : over} draft-${node.draft?.state}`;
    item.command = { command: "kataLsp.showDraft", title: "Show", arguments: [node] };
    return item;
  }

  async #all(): Promise<RunPayload[]> {
    this.#listed ??= this.session.execute("kata.run.list", {}).then(({ runs }) => {
      for (const run of runs) if (!this.#runs.has(run.runId)) this.#runs.set(run.runId, run);
    });
    await this.#listed;
    return [...this.#runs.values()].sort((a, b) => b.createdAt - a.createdAt);
  }
}

function about(run: RunPayload): string {
  const draft = run.draft && run.draft.state !== "none" && `draft ${run.draft.state}`;
  return parts(
    active(run) ? (run.phase ?? run.status) : draft || run.status,
    spent(used(run.usage), run.costUsd),
    new Date(run.createdAt * 1000).toLocaleTimeString([], { timeStyle: "short" }),
  );
}

function lines({ attempts, context, diagnostics, error }: RunPayload): Node[] {
  const made = attempts.map(({ purpose, provider, model, code, seconds, usage, costUsd }) => {
    const cost = spent(used(usage), costUsd);
    const about = parts(code, `${seconds.toFixed(1)} s`, cost);
    return line(code ? "error" : "arrow-swap", `${purpose}: ${provider} ${model}`, about);
  });
  if (context.length > 0) {
    const paths = context.map((each) => `${each.path}:${each.startLine}`).join("\n");
    made.push(line("files", "context", `${context.length} snippets`, paths));
  }
  made.push(...diagnostics.map(({ source, message }) => line("warning", source, message)));
  const advice = error && `${error.message} ${error.remediation}`;
  return error ? [...made, line("error", error.code, error.message, advice)] : made;
}

function line(icon: string, label: string, description: string, tooltip = description) {
  const iconPath = new vscode.ThemeIcon(icon);
  return Object.assign(new vscode.TreeItem(label), { iconPath, description, tooltip });
}
