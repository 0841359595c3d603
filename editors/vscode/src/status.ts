// Owns the one status-bar item: state, mode, model, tokens and cost.
import * as vscode from "vscode";
import type { StatusPayload } from "./generated/protocol.js";
import type { SessionState } from "./session.js";
import { parts, spent } from "./words.js";

const KINDS = {
  normal: "checklist",
  busy: "sync~spin",
  warning: "warning",
  error: "error",
  inactive: "circle-slash",
} satisfies Record<StatusPayload["kind"], string>;

const STATES: Record<SessionState, [icon: string, text: string, tip: string]> = {
  missing: ["warning", "Kata: set up", "The server is not installed. Click to set it up."],
  starting: ["sync~spin", "Kata", "The server is starting."],
  running: ["checklist", "Kata", "Ready. Click for what Kata can do."],
  stopped: ["debug-disconnect", "Kata", "The server is not running. Click to start it."],
};

export class StatusItem {
  readonly item = vscode.window.createStatusBarItem("kata", vscode.StatusBarAlignment.Left);

  constructor() {
    this.item.name = "Kata";
    this.item.show();
  }

  /** Show the connection; a running server tells the rest by itself. */
  state(state: SessionState): void {
    this.#set(...STATES[state], state === "missing" ? "warning" : undefined);
    this.item.command = state === "running" ? "kataLsp.menu" : "kataLsp.restart";
  }

  update({ kind, message, provider, model, runtimeMode, ...rest }: StatusPayload): void {
    const total = spent(rest.tokens ?? 0, rest.costUsd);
    const text = parts(`Kata: ${runtimeMode}`, model ?? provider, total);
    const tip = parts(message, provider, model, total);
    this.#set(KINDS[kind], text, tip, kind === "error" ? "error" : undefined);
  }

  #set(icon: string, text: string, tip: string, alarm?: "warning" | "error"): void {
    this.item.text = `$(${icon}) ${text}`;
    this.item.tooltip = tip;
    this.item.backgroundColor = alarm && new vscode.ThemeColor(`statusBarItem.${alarm}Background`);
  }
}
