// Owns the connection to the server: starting, restarting, settings, keys and commands on the wire.
import { homedir } from "node:os";
import * as vscode from "vscode";
import * as lsp from "vscode-languageclient/node";
import { type Commands, type Notifications, PROTOCOL_VERSION } from "./generated/protocol.js";
import type { Program } from "./program.js";

const STATES = { 1: "stopped", 2: "running", 3: "starting", 4: "stopped" } as const;
export type SessionState = (typeof STATES)[lsp.State] | "missing";

export type Name = keyof Commands;
export type Params<C extends Name> = Commands[C]["params"];
export type Result<C extends Name> = Commands[C]["result"];
type Token = vscode.CancellationToken;

/** What a command of the server does here when a lens, an action or a link calls it. */
export type Shown = { [C in Name]?: (params: Params<C>) => Promise<unknown> };

const SECRET = "kataLsp.keys";

export class Session {
  readonly #states = new vscode.EventEmitter<SessionState>();
  readonly onDidChangeState = this.#states.event;
  readonly #listeners: ((client: lsp.LanguageClient) => void)[] = [];
  #client: lsp.LanguageClient | undefined;
  #starting: Promise<void> = Promise.resolve();
  #keysSent: Promise<void> | undefined;

  constructor(
    private readonly secrets: vscode.SecretStorage,
    private readonly log: vscode.LogOutputChannel,
    private readonly program: Program,
    private readonly shown: Shown,
  ) {}

  get running(): boolean {
    return this.#client?.isRunning() ?? false;
  }

  /** Call `listener` with every notification of this name, from every connection to come. */
  on<N extends keyof Notifications>(name: N, listener: (params: Notifications[N]) => void): void {
    this.#listeners.push((client) => client.onNotification(name, listener));
  }

  /** Start the server; where it is not installed, offer that only when `ask` is true. */
  async start(ask: boolean): Promise<void> {
    // One after the other: whoever comes second finds it running, or asks where the first did not.
    this.#starting = this.#starting.catch(() => {}).then(() => this.#start(ask));
    await this.#starting;
  }

  async stop(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    // One that never started cannot be stopped, and need not be.
    await client?.dispose().catch(() => {});
  }

  /** Stop the server and start it; with `anew` its managed environment is offered to be remade. */
  async restart(anew: boolean): Promise<void> {
    await this.stop();
    if (anew) await this.program.offer("Kata's server will be installed anew.");
    await this.start(true);
  }

  /** Run a command of the server, which is started first when it is not running. */
  async execute<C extends Name>(name: C, params: Params<C>, token?: Token): Promise<Result<C>> {
    if (!this.running) await this.start(true);
    await this.#sendKeys();
    return this.#request(name, params, token);
  }

  /** The providers' keys, which VS Code keeps. */
  async keys(): Promise<Record<string, string>> {
    return JSON.parse((await this.secrets.get(SECRET)) ?? "{}");
  }

  /** Keep a provider's key, or with undefined forget it, here and in the server. */
  async setKey(provider: string, apiKey: string | undefined): Promise<void> {
    const keys = { ...(await this.keys()), [provider]: apiKey };
    await this.secrets.store(SECRET, JSON.stringify(keys));
    await this.execute("kata.provider.setCredential", { provider, ...(apiKey && { apiKey }) });
  }

  async #start(ask: boolean): Promise<void> {
    if (this.running) return;
    const found = await this.program.find();
    if (found) return this.#connect(found);
    this.#states.fire("missing");
    if (!ask) return;
    const made = await this.program.offer("Kata's server is not installed yet.");
    if (!made) throw new vscode.CancellationError();
    return this.#start(false);
  }

  async #connect(program: string): Promise<void> {
    const run: lsp.Executable = { command: program, args: ["serve"], options: { cwd: homedir() } };
    const client = new lsp.LanguageClient("kataLsp", "Kata", run, {
      documentSelector: [{ scheme: "file" }],
      outputChannel: this.log,
      revealOutputChannelOn: lsp.RevealOutputChannelOn.Never,
      initializationOptions: { kata: userSettings(), workspaceSettings: workspaceSettings() },
      middleware: {
        executeCommand: async (command, args, next) => {
          await this.#sendKeys();
          // biome-ignore lint/suspicious/noExplicitAny: the server has checked what it sent
          const show: ((params: any) => unknown) | undefined = this.shown[command as keyof Shown];
          return show ? show(args[0] ?? {}) : next(command, args);
        },
        workspace: {
          configuration: ({ items }) =>
            items.map(({ section }) => (section === "kata" ? userSettings() : workspaceSettings())),
        },
      },
    });
    client.registerFeature(CAPABILITIES);
    client.onDidChangeState(({ newState }) => {
      if (newState === lsp.State.Running) this.#keysSent = undefined;
      this.#states.fire(STATES[newState]);
    });
    for (const listen of this.#listeners) listen(client);
    this.log.info(`starting ${program}`);
    this.#client = client;
    await client.start();
    const { kata } = client.initializeResult?.capabilities.experimental ?? {};
    if (kata?.protocolVersion === PROTOCOL_VERSION) return;
    throw new Error(`${program} and this extension are too far apart; update the older one.`);
  }

  /** Send the keys before a connection's first command: they live in the server's memory only. */
  async #sendKeys(): Promise<void> {
    const send = async () => {
      for (const [provider, apiKey] of Object.entries(await this.keys())) {
        await this.#request("kata.provider.setCredential", { provider, apiKey });
      }
    };
    this.#keysSent ??= send().catch((error) => this.log.error(`keys: ${error.message}`));
    await this.#keysSent;
  }

  async #request<R>(command: string, params: object, token?: Token): Promise<R> {
    if (!this.#client) throw new Error("Kata's server is not running; restart it.");
    const request = { command, arguments: [params] };
    return this.#client.sendRequest(lsp.ExecuteCommandRequest.type, request, token) as Promise<R>;
  }
}

/** Tells the server what this extension shows by itself. */
const CAPABILITIES: lsp.StaticFeature = {
  fillClientCapabilities(capabilities) {
    capabilities.experimental = { kata: { offers: false, userConfiguration: true } };
  },
  initialize() {},
  getState: () => ({ kind: "static" }),
  clear() {},
};

// A repository can write workspace settings, so the server gets the user's own apart from them.
function userSettings(): object {
  return vscode.workspace.getConfiguration().inspect<object>("kata")?.globalValue ?? {};
}

function workspaceSettings(): object {
  const folder = vscode.workspace.workspaceFolders?.[0];
  const found = vscode.workspace.getConfiguration(undefined, folder).inspect<object>("kata");
  return { ...found?.workspaceValue, ...found?.workspaceFolderValue };
}
