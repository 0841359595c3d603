// Owns the server's program: the user's setting, then PATH, then a Python environment in the
// extension's storage, which is made with consent from what the extension carries.
import { execFile } from "node:child_process";
import { homedir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import * as vscode from "vscode";

const WINDOWS = process.platform === "win32";
const PYTHONS = ["python3.14", "python3.13", "python3.12", "python3.11", "python3", "python"];
// Debian ships `venv` without `ensurepip` until python3-venv is installed.
const PROBE = ["-I", "-c", "import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))"];
const NO_PYTHON =
  "Kata's server needs Python 3.11 or newer with venv, and none was found. Install one (on Debian " +
  "and Ubuntu: python3-venv), or name it in the setting kataLsp.python.";

export class Program {
  constructor(
    private readonly context: vscode.ExtensionContext,
    private readonly log: vscode.LogOutputChannel,
  ) {}

  /** Find it without asking. A wrong setting is an error: no other program is what was meant. */
  async find(): Promise<string | undefined> {
    const named = setting("serverPath");
    const managed = path.join(this.#folder, WINDOWS ? "Scripts/kata-lsp.exe" : "bin/kata-lsp");
    for (const program of named ? [named] : ["kata-lsp", managed]) {
      if (await this.#runs(program, ["serve", "--help"])) return program;
    }
    if (named) throw new Error(`kataLsp.serverPath: ${named} does not run; correct it.`);
    return undefined;
  }

  /** Offer to make the managed environment, anew if need be; false when the user said no. */
  async offer(reason: string): Promise<boolean> {
    const text = `${reason} Install it into a Python environment of its own?`;
    const answer = await vscode.window.showInformationMessage(text, "Set Up", "Use My Own…");
    if (answer === "Use My Own…") {
      await vscode.commands.executeCommand("workbench.action.openSettings", "kataLsp.serverPath");
    }
    if (answer !== "Set Up") return false;
    const python = await this.#python();
    const installer = this.context.asAbsolutePath("server/install.py");
    const location = vscode.ProgressLocation.Notification;
    const options = { location, title: "Kata", cancellable: true };
    await vscode.window.withProgress(options, (progress, token) => {
      const work = promisify(execFile)(python, ["-I", installer, this.#folder]);
      token.onCancellationRequested(() => work.child.kill());
      work.child.stdout?.on("data", (message) => progress.report({ message }));
      work.child.stderr?.on("data", (message) => this.log.info(message.trimEnd()));
      return work.catch((error) => {
        if (token.isCancellationRequested) throw new vscode.CancellationError();
        throw new Error(error.stderr.trim().split("\n").at(-1));
      });
    });
    return true;
  }

  /** Named by the version, so that an extension never takes an older one's environment. */
  get #folder(): string {
    const name = `server-${this.context.extension.packageJSON.version}`;
    return path.join(this.context.globalStorageUri.fsPath, name);
  }

  async #python(): Promise<string> {
    const named = setting("python");
    for (const python of named ? [named] : PYTHONS) {
      if (await this.#runs(python, PROBE)) return python;
    }
    throw new Error(NO_PYTHON);
  }

  /** Try a program. From home: an open folder has no say in what is found. */
  #runs(program: string, args: string[]): Promise<boolean> {
    const work = promisify(execFile)(program, args, { cwd: homedir() });
    return work.then(Boolean).catch((error) => {
      this.log.info(`${program} was passed over: ${error.message.trim()}`);
      return false;
    });
  }
}

function setting(name: string): string | undefined {
  return vscode.workspace.getConfiguration("kataLsp").get<string>(name);
}
