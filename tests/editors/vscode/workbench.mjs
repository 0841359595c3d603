// A real VS Code for tests: its own server program, its workbench in a headless Chromium, and
// the gestures of a user. Knows nothing of what is tested beyond where the extension is.
import { execFileSync, spawn } from "node:child_process";
import {
  cpSync,
  createWriteStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";

const EXTENSION = path.resolve(import.meta.dirname, "../../../editors/vscode");
const { chromium } = createRequire(path.join(EXTENSION, "package.json"))("playwright-core");

/** Milliseconds to wait for anything; a busy machine may need many of them. */
export const PATIENCE = Number(process.env.PATIENCE ?? 60_000);
const SETTINGS = {
  "telemetry.telemetryLevel": "off",
  "chat.disableAIFeatures": true,
  "workbench.startupEditor": "none",
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "workbench.tips.enabled": false,
  "files.autoSave": "off",
  "editor.minimap.enabled": false,
  "window.commandCenter": false,
};

/**
 * Open a folder in VS Code with the extension.
 *
 * @param options.vscode folder with VS Code's `out/server-main.js`
 * @param options.node the Node that runs it
 * @param options.extension an unpacked extension's folder, or a `.vsix` to install
 * @param options.tests entry of in-host tests, run instead of the UI
 * @param options.out where screenshots and logs go, `options.name` their prefix
 * @param options.user, options.machine settings
 * @param options.files the workspace's files, by path
 * @param options.env more environment for VS Code and what it starts
 */
export async function open(options) {
  const { vscode, node, extension, out, name } = options;
  // Short, because there are unix sockets below it.
  const root = mkdtempSync(path.join(os.tmpdir(), "v-"));
  const folder = path.join(root, "project");
  const data = path.join(root, "sd");
  const write = (file, text) => {
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  };
  for (const [file, text] of Object.entries(options.files)) write(path.join(folder, file), text);
  const user = { ...SETTINGS, ...options.user };
  write(path.join(data, "data/User/settings.json"), JSON.stringify(user));
  write(path.join(data, "data/Machine/settings.json"), JSON.stringify(options.machine ?? {}));
  mkdirSync(out, { recursive: true });

  const env = environment(root, options.env);
  const program = path.join(vscode, "out/server-main.js");
  const places = ["--server-data-dir", data, "--extensions-dir", path.join(root, "ext")];
  const packed = extension.endsWith(".vsix");
  const terms = "--accept-server-license-terms";
  if (packed) {
    const install = ["--install-extension", extension, "--force"];
    execFileSync(node, [program, ...places, terms, ...install], { env });
  }
  const flags = ["--host", "127.0.0.1", "--port", "0", "--without-connection-token", terms];
  if (!options.trust) flags.push("--disable-workspace-trust");
  // Without this flag a recent VS Code ignores where an unpacked extension is.
  if (!packed) flags.push("--enable-smoke-test-driver");
  const server = spawn(node, [program, ...places, ...flags, "--telemetry-level", "off"], {
    env,
    detached: true, // a group of its own: its children can outlive it
    stdio: ["ignore", "pipe", "pipe"],
  });
  const gone = new Promise((resolve) => server.once("exit", resolve));
  const log = createWriteStream(path.join(out, `${name}-server.log`));
  server.stdout.pipe(log);
  server.stderr.pipe(log);

  const host = await address(server);
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    env,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-dev-shm-usage",
      "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
    ],
  });
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  await context.grantPermissions(["clipboard-read", "clipboard-write"], {
    origin: `http://${host}`,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  const exit = new Promise((resolve) => page.exposeFunction("codeAutomationExit", resolve));
  await page.exposeFunction("codeAutomationLog", (_, args) => {
    const line = args.join(" ");
    if (line.startsWith("[test]")) console.log(line);
  });
  const remote = (file) => `vscode-remote://${host}${file}`;
  const payload = [
    ["skipWelcome", "true"],
    ["skipReleaseNotes", "true"],
  ];
  if (!packed) payload.push(["extensionDevelopmentPath", remote(extension)]);
  if (options.tests) payload.push(["extensionTestsPath", remote(options.tests)]);
  const query = new URLSearchParams({ folder, payload: JSON.stringify(payload) });
  await page.goto(`http://${host}/?${query}`);
  await page.waitForSelector(".monaco-workbench");

  const close = async () => {
    await browser.close();
    server.kill("SIGTERM");
    await Promise.race([gone, new Promise((resolve) => setTimeout(resolve, 10_000))]);
    try {
      process.kill(-server.pid, "SIGKILL");
    } catch {
      // Nothing of the group is left.
    }
    await gone;
    const logs = path.join(data, "data/logs");
    if (existsSync(logs)) cpSync(logs, path.join(out, `${name}-logs`), { recursive: true });
    rmSync(root, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  };
  const shot = (what) => page.screenshot({ path: path.join(out, `${name}-${what}.png`) });
  return { page, folder, root, exit, shot, close, ...gestures(page) };
}

function environment(root, more) {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(VSCODE_|ELECTRON_|npm_|NODE_OPTIONS)/.test(name) && !name.endsWith("_API_KEY"),
  );
  return {
    ...Object.fromEntries(kept),
    HOME: root,
    TMPDIR: root,
    XDG_CONFIG_HOME: path.join(root, "config"),
    XDG_DATA_HOME: path.join(root, "data"),
    XDG_STATE_HOME: path.join(root, "state"),
    XDG_CACHE_HOME: path.join(root, "cache"),
    XDG_RUNTIME_DIR: root,
    PYTHON_KEYRING_BACKEND: "keyring.backends.null.Keyring",
    EXTENSIONS_GALLERY: "{}",
    // Else VS Code asks a login shell, which has a PATH of its own.
    VSCODE_CLI: "1",
    ...more,
  };
}

function address(server) {
  return new Promise((resolve, reject) => {
    let said = "";
    server.stdout.on("data", (text) => {
      said += text;
      const found = /Server bound to (127\.0\.0\.1:\d+)/.exec(said);
      if (found) resolve(found[1]);
    });
    server.once("exit", (code) => reject(new Error(`VS Code ended with ${code}: ${said}`)));
    setTimeout(() => reject(new Error(`VS Code did not start: ${said}`)), PATIENCE).unref();
  });
}

/** What a user does, each waiting for what it needs. */
function gestures(page) {
  const input = page.locator(".quick-input-widget:not([style*='display: none']) input").first();
  const rows = page.locator(".quick-input-list .monaco-list-row");
  const messages = page.locator(".notifications-toasts, .notifications-center");

  /** Run a command from the palette. */
  async function palette(title) {
    const row = rows.filter({ hasText: title }).first();
    // The extension may not be there yet: ask again until the command is listed.
    await eventually(async () => {
      await page.keyboard.press("Escape");
      await page.keyboard.press("F1");
      await input.fill(`>${title}`, { timeout: 5000 });
      await row.click({ timeout: 5000 });
    });
  }

  /** Answer an input box. */
  async function answer(text) {
    await page
      .locator(".quick-input-widget .quick-input-message, .quick-input-list")
      .first()
      .waitFor();
    await input.fill(text);
    await page.keyboard.press("Enter");
  }

  /** Choose in a list. */
  async function choose(label) {
    await rows.filter({ hasText: label }).first().click();
  }

  /** Wait for a message, wherever this VS Code shows it, and press one of its buttons if named. */
  async function message(text, button) {
    const found = messages.locator(".notification-list-item", { hasText: text }).first();
    await eventually(async () => {
      if (!(await found.isVisible())) {
        await page.locator("[id='status.notifications']").click({ timeout: 2000 });
      }
      await found.waitFor({ timeout: 3000 });
      if (button) {
        await found.hover({ timeout: 3000 });
        await found.locator(".monaco-button", { hasText: button }).first().click({ timeout: 3000 });
      }
    });
    if (!button) return found;
    await found.waitFor({ state: "hidden" });
    return found;
  }

  /** The text of the editors on screen, as it reads. */
  async function text() {
    const lines = await page.locator(".editor-instance .view-line").allTextContents();
    return lines.join("\n").replaceAll("\u00a0", " ");
  }

  /** Wait until an editor shows a text. */
  const reads = (wanted) =>
    eventually(async () => {
      const found = await text();
      if (!found.includes(wanted)) throw new Error(`no editor shows ${wanted}:\n${found}`);
    });

  return { palette, answer, choose, message, text, reads };
}

/** Try until it works, or fail as it failed last. */
export async function eventually(attempt, patience = PATIENCE) {
  const end = Date.now() + patience;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}
