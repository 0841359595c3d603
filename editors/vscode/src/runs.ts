// Owns the Runs view: runs, newest first, with their attempts, as the server tells them.
import * as vscode from "vscode";
import type { RunPayload, UsagePayload } from "./generated/protocol.js";
import looks from "./looks.json" with { type: "json" };
import type { Session } from "./session.js";

/** A run, or a line below one. */
export type Node = RunPayload | vscode.TreeItem;

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

  async getChildren(node?: Node): Promise<Node[]> {
    if (node) return "runId" in node ? lines(node) : [];
    return this.session.running ? this.all() : [];
  }

  getTreeItem(node: Node): vscode.TreeItem {
    if (!("runId" in node)) return node;
    const item = new vscode.TreeItem(title(node), vscode.TreeItemCollapsibleState.Collapsed);
    const [icon = "", color = ""] = looks.runs[node.status];
    const over = node.status === "completed" ? "" : "resumable";
    item.id = node.runId;
    item.iconPath = new vscode.ThemeIcon(icon, new vscode.ThemeColor(color));
    item.description = about(node);
    item.tooltip = `${node.prompt}\n\n${about(node)}`;
    item.contextValue = `run ${active(node) ? "active" : over} draft-${node.draft?.state}`;
    item.command = { command: "kataLsp.showDraft", title: "Show", arguments: [node] };
    return item;
  }

  /** The runs of the first folder, newest first. */
  async all(): Promise<RunPayload[]> {
    this.#listed ??= this.session.execute("kata.run.list", {}).then(({ runs }) => {
      for (const run of runs) if (!this.#runs.has(run.runId)) this.#runs.set(run.runId, run);
    });
    await this.#listed;
    return [...this.#runs.values()].sort((a, b) => b.createdAt - a.createdAt);
  }
}

export function active({ status }: RunPayload): boolean {
  return status === "queued" || status === "running";
}

export function title({ prompt }: RunPayload): string {
  const line = prompt.split("\n").find((text) => text.trim()) ?? "";
  return line.length > 28 ? `${line.slice(0, 27)}…` : line;
}

/** What a run does or came to, in a few words. */
export function about(run: RunPayload): string {
  const draft = run.draft && run.draft.state !== "none" && `draft ${run.draft.state}`;
  return joined(
    active(run) ? (run.phase ?? run.status) : draft || run.status,
    spent(used(run.usage), run.costUsd),
    new Date(run.createdAt * 1000).toLocaleTimeString([], { timeStyle: "short" }),
  );
}

/** Join what there is to say, leaving out what is empty. */
export function joined(...texts: (string | false | undefined)[]): string {
  return texts.filter(Boolean).join(" · ");
}

export function spent(tokens: number, cost: number | undefined): string {
  const count = tokens < 1000 ? `${tokens}` : `${(tokens / 1000).toFixed(1)}k`;
  const price = cost !== undefined && `$${cost.toFixed(cost < 0.1 ? 4 : 2)}`;
  return joined(tokens > 0 && `${count} tokens`, price);
}

function used(usage: UsagePayload): number {
  return (usage.inputTokens ?? 0) + (usage.outputTokens ?? 0);
}

function lines({ attempts, context, diagnostics, error }: RunPayload): Node[] {
  const paths = context.map((each) => `${each.path}:${each.startLine}`);
  return [
    ...attempts.map(({ purpose, provider, model, code, seconds, usage, costUsd }) => {
      const cost = joined(code, `${seconds.toFixed(1)} s`, spent(used(usage), costUsd));
      return line(code ? "error" : "arrow-swap", `${purpose}: ${provider} ${model}`, cost);
    }),
    line("files", "context", `${paths.length} snippets`, paths.join("\n")),
    ...diagnostics.map(({ source, message }) => line("warning", source, message)),
    ...(error ? [line("error", error.code, `${error.message} ${error.remediation}`)] : []),
  ];
}

function line(icon: string, label: string, description: string, tooltip = description) {
  const iconPath = new vscode.ThemeIcon(icon);
  return Object.assign(new vscode.TreeItem(label), { iconPath, description, tooltip });
}
