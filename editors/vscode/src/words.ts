// Owns how runs, tokens and prices read, and how failures are told.
import * as vscode from "vscode";
import type { RunPayload, UsagePayload } from "./generated/protocol.js";

export function active({ status }: RunPayload): boolean {
  return status === "queued" || status === "running";
}

/** Join what there is to say, leaving out what is empty. */
export function parts(...texts: (string | false | undefined)[]): string {
  return texts.filter(Boolean).join(" · ");
}

export function spent(tokens: number, cost: number | undefined): string {
  const count = tokens < 1000 ? `${tokens}` : `${(tokens / 1000).toFixed(1)}k`;
  return parts(
    tokens > 0 && `${count} tokens`,
    cost !== undefined && `$${cost.toFixed(cost < 0.1 ? 4 : 2)}`,
  );
}

export function used(usage: UsagePayload): number {
  return (usage.inputTokens ?? 0) + (usage.outputTokens ?? 0);
}

export function title({ prompt }: RunPayload): string {
  const line = prompt.split("\n").find((text) => text.trim()) ?? "";
  return line.length > 32 ? `${line.slice(0, 31)}…` : line;
}

/** Show a failure; a question that the user cancelled needs no words. */
export async function report(error: unknown, log: vscode.LogOutputChannel): Promise<void> {
  if (error instanceof vscode.CancellationError) return;
  const message = error instanceof Error ? error.message : String(error);
  log.error(message);
  if (await vscode.window.showErrorMessage(message, "Show Log")) log.show();
}
