// Owns the one status-bar item: state, mode, model, tokens and cost.
import * as vscode from "vscode";
import looks from "./looks.json" with { type: "json" };
import { joined, spent } from "./runs.js";
import type { Session } from "./session.js";

export function statusItem(session: Session): vscode.StatusBarItem {
  const item = vscode.window.createStatusBarItem("kata", vscode.StatusBarAlignment.Left);
  const set = (icon: string, text: string, tip: string, alarm?: "warning" | "error" | false) => {
    const color = alarm && new vscode.ThemeColor(`statusBarItem.${alarm}Background`);
    Object.assign(item, {
      text: `$(${icon}) ${text}`,
      tooltip: tip,
      backgroundColor: color || undefined,
    });
    item.show();
  };
  session.onDidChangeState((state) => {
    const { icon, text, tip } = looks.states[state];
    set(icon, text, tip, state === "missing" && "warning");
    item.command = state === "running" ? "kataLsp.menu" : "kataLsp.restart";
  });
  session.on("kata/status/didChange", ({ kind, message, provider, model, runtimeMode, ...sum }) => {
    const total = spent(sum.tokens ?? 0, sum.costUsd);
    const text = joined(`Kata: ${runtimeMode}`, model ?? provider, total);
    const tip = joined(message, provider, model, total);
    set(looks.kinds[kind], text, tip, kind === "error" && "error");
  });
  item.name = "Kata";
  return item;
}
