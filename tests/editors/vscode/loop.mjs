// The whole loop in the UI of a real VS Code, with the real server and the local fake provider.
//
//   node loop.mjs '{"vscode": ..., "node": ..., "extension": ..., "out": ..., "name": ..., "provider": URL,
//                   "path": PATH of VS Code, "installs": whether the server has to be set up first}'
import assert from "node:assert/strict";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { provider } from "./provider.mjs";
import { eventually, open } from "./workbench.mjs";

const options = JSON.parse(process.argv[2]);
const fake = provider(options.provider);
const KEY = "sk-canary-of-the-editor-tests";
const SPEC = `# Show the token count of every run

## Goal

Whoever looks at the list of runs sees what each of them has used.

## Tasks

- [ ] T001 Describe the count in a failing test
- [ ] T002 Return the count from \`src/app.py\` (after T001)
- [ ] T003 [P] Show the count in the list (after T002)
- [ ] T004 [P] Say how it is counted in \`README.md\` (after T002)

## Acceptance Criteria

- AC1: Given a finished run, its row shows the sum of its input and output tokens.
- AC2: Given a run without usage, its row shows no number.

## Non-goals

- Prices.

## Assumptions

- The provider reports usage.

## Verification Plan

- AC1, AC2: run \`pytest\` and look at the list.
`;
const MACHINE = "sd/data/Machine/settings.json";
const STORAGE = "sd/data/User/globalStorage/kata-lsp.kata-lsp";
const machine = {
  "kata.providers": { anthropic: { baseUrl: fake.url, model: "claude-sonnet-4-5" } },
};
const draft = (gates) => ({ name: "reply", text: SPEC, chunks: 40, gates, usage: USAGE });
const USAGE = { input_tokens: 5230, output_tokens: 612 };
const began = Date.now();

async function loop(vscode) {
  const steps = [
    ...(options.installs ? [installs] : []),
    keepsAKey,
    drafts,
    applies,
    cancels,
    explainsAFailure,
    resolvesAConflict,
    ticksATask,
    seesAProblem,
    switchesTheRuntime,
    restartsInARun,
    ...(options.installs ? [offersToRepair] : []),
  ];
  try {
    for (const step of steps) {
      await step(vscode);
      console.log(`${((Date.now() - began) / 1000).toFixed(1)} s  ${step.name}`);
    }
    return 0;
  } catch (error) {
    console.log(`FAILED ${error.stack}`);
    await vscode.shot("failed").catch(() => {});
    return 1;
  } finally {
    await vscode.close();
  }
}

const spec = (vscode) => path.join(vscode.folder, ".kata/spec.md");
const runs = (vscode) =>
  vscode.page.locator(".pane", { hasText: "Runs" }).locator(".monaco-list-row");

/** Wait for a row of the Runs view. */
async function run(vscode, title, state) {
  const row = runs(vscode).filter({ hasText: title }).filter({ hasText: state }).first();
  await row.waitFor();
  return row;
}

/** Press a button that a row of the Runs view shows under the pointer. */
async function press(row, button) {
  await eventually(async () => {
    await row.hover({ timeout: 3000 });
    await row.locator(`.action-label[aria-label*="${button}"]`).click({ timeout: 3000 });
  });
}

async function begin(vscode, command, prompt) {
  await vscode.palette(`Kata: ${command}`);
  await vscode.answer(prompt);
}

async function installs(vscode) {
  const { page } = vscode;
  await page.locator('.activitybar .action-label[aria-label="Kata"]').click();
  const setUp = page.locator(".welcome-view .monaco-button", { hasText: "Set Up Kata" });
  await setUp.click();
  await vscode.message("Kata's server is not installed yet", "Set Up");
  await vscode.message("needs Python 3.11 or newer");
  writeFileSync(path.join(vscode.root, MACHINE), JSON.stringify(machine));
  await eventually(async () => {
    await page.keyboard.press("Escape");
    await setUp.click({ timeout: 3000 });
    await page
      .locator(".notification-list-item .monaco-button", { hasText: /^Set Up$/ })
      .first()
      .click({ timeout: 3000 });
    await page
      .locator(".notification-list-item", { hasText: "Kata: " })
      .first()
      .waitFor({ timeout: 5000 });
  });
  const item = page.locator('.statusbar-item[id$=".kata"]');
  await page.locator(".notification-list-item", { hasText: "installing" }).first().waitFor();
  await vscode.shot("installing");
  await eventually(async () => {
    assert.equal((await item.textContent()).trim(), "Kata");
  }, 180_000);
}

async function keepsAKey(vscode) {
  await vscode.palette("Kata: Set a Provider's Key");
  await vscode.choose("anthropic");
  await vscode.answer(KEY);
}

async function drafts(vscode) {
  const { page } = vscode;
  if (!options.installs)
    await page.locator('.activitybar .action-label[aria-label="Kata"]').click();
  await fake.enqueue(draft({ 24: "draft" }));
  await begin(vscode, "Draft a Spec…", "Show the token count of every run");
  await fake.arrival("draft");
  await vscode.reads("## Goal");
  assert.ok(!(await vscode.text()).includes("Verification Plan"));
  await run(vscode, "Show the token", "provider");
  await page.locator(".statusbar-item", { hasText: "Kata: native" }).waitFor();
  await vscode.shot("streaming");
  await fake.release("draft");
  await vscode.reads("Verification Plan");
  const [request] = await fake.requests(1);
  assert.equal(request.headers["x-api-key"], KEY);
}

async function applies(vscode) {
  await vscode.message("The draft for .kata/spec.md is ready", "Review");
  await vscode.page.locator(".diff-editor, .monaco-diff-editor").first().waitFor();
  await vscode.reads("Acceptance Criteria");
  await run(vscode, "Show the token", "draft waiting");
  await vscode.shot("review");
  await vscode.page.locator('.editor-actions .action-label[aria-label*="Apply a Draft"]').click();
  await run(vscode, "Show the token", "draft applied");
  await vscode.page.locator(".tab", { hasText: "spec.md" }).first().waitFor();
  await vscode.page.keyboard.press("Control+s");
  const written = await onDisk(vscode, (text) => text.includes("## Verification Plan"));
  assert.match(written, /^# Show the token count of every run\n/);
}

async function cancels(vscode) {
  await fake.enqueue(draft({ 3: "never" }));
  await begin(vscode, "Draft a Small Change…", "A run to be cancelled");
  await fake.arrival("never");
  await press(await run(vscode, "A run to be cancelled", "provider"), "Cancel a Run");
  await run(vscode, "A run to be cancelled", "cancelled");
  await fake.hangup(1);
}

async function explainsAFailure(vscode) {
  await fake.enqueue({ name: "refuse", error: "invalid_key" });
  await begin(vscode, "Draft a Spec…", "A run with a wrong key");
  await run(vscode, "A run with a wrong key", "failed");
  const told = await vscode.message("does not accept this credential");
  await told.locator(".monaco-button", { hasText: "Set Key…" }).waitFor();
}

async function resolvesAConflict(vscode) {
  const { page } = vscode;
  const before = readFileSync(spec(vscode), "utf8");
  const goal = /## Goal\n\n(.*)\n/.exec(before)[1];
  const text = before
    .replace(goal, "Show the tokens of every run, by model.")
    .replace(
      "\n\n## Acceptance",
      "\n- [ ] T005 Group the list by model (after T003)\n\n## Acceptance",
    )
    .replace(
      "\n\n## Non-goals",
      "\n- AC3: Given runs of two models, each has its own sum.\n\n## Non-goals",
    )
    .replace("AC1, AC2:", "AC1, AC2, AC3:");
  await fake.enqueue({ ...draft({ 1: "refine" }), text });
  await begin(vscode, "Refine the Spec…", "Show the tokens by model");
  await fake.arrival("refine");
  await page.locator(".tab", { hasText: "spec.md" }).first().click();
  await page.locator(".view-line", { hasText: "## Goal" }).first().click();
  for (const key of ["ArrowDown", "ArrowDown", "Home", "Shift+End"]) await page.keyboard.press(key);
  await page.keyboard.type("Show the tokens of every run, by day.");
  await page.keyboard.press("Control+s");
  await onDisk(vscode, (saved) => saved.includes("by day"));
  await fake.release("refine");
  await vscode.message("The draft for .kata/spec.md is ready", "Review");
  await vscode.message("You and the draft both changed “Goal”");
  await vscode.reads("T005 Group the list");
  await vscode.shot("refinement");
  await page.locator('.editor-actions .action-label[aria-label*="Apply a Draft"]').click();
  await page.locator(".quick-input-list .monaco-list-row", { hasText: "Keep both" }).waitFor();
  await vscode.shot("conflict");
  await vscode.choose("Keep both");
  await run(vscode, "Show the tokens by model", "draft applied");
  await page.keyboard.press("Control+s");
  const merged = await onDisk(vscode, (saved) => saved.includes("by model"));
  assert.match(merged, /by day/);
  assert.match(merged, /T005 Group the list/);
}

async function ticksATask(vscode) {
  const lens = (title) => vscode.page.locator(".codelens-decoration a", { hasText: title }).first();
  await lens("Refine spec").waitFor();
  await lens("Start T001").click();
  await lens("Mark T001 done").click();
  await vscode.reads("- [x] T001");
  await vscode.page.keyboard.press("Control+s");
  await onDisk(vscode, (saved) => saved.includes("- [x] T001"));
}

async function seesAProblem(vscode) {
  const { page } = vscode;
  const squiggle = page.locator(".squiggly-error, .squiggly-warning").first();
  await page.locator(".view-line", { hasText: "T004" }).first().click();
  await page.keyboard.press("End");
  await page.keyboard.type("\n- [ ] T003 again (after T099)");
  await page.keyboard.press("Escape");
  await squiggle.waitFor();
  await page.keyboard.press("Control+Shift+m");
  await page.locator(".markers-panel .monaco-list-row", { hasText: "T099" }).first().waitFor();
  await vscode.shot("problems");
  await page.keyboard.press("Control+Shift+m");
  await page.locator(".view-line", { hasText: "T003 again" }).first().click();
  for (const key of ["Home", "Home", "Shift+End", "Delete", "Backspace"])
    await page.keyboard.press(key);
  await squiggle.waitFor({ state: "detached" });
  await page.keyboard.press("Control+s");
}

async function switchesTheRuntime(vscode) {
  await vscode.palette("Kata: Switch the Runtime…");
  await vscode.choose("pi");
  const refused = vscode.page.locator(".notification-list-item", { hasText: /pi/ });
  const switched = vscode.page.locator(".statusbar-item", { hasText: "Kata: pi" });
  await eventually(async () => {
    if (await switched.isVisible()) return;
    if (!(await refused.first().isVisible())) {
      await vscode.page.locator("[id='status.notifications']").click({ timeout: 2000 });
    }
    await refused.first().waitFor({ timeout: 2000 });
  });
  await vscode.shot("runtime");
  await vscode.palette("Kata: Switch the Runtime…");
  await vscode.choose("native");
  await vscode.page.locator(".statusbar-item", { hasText: "Kata: native" }).waitFor();
}

async function restartsInARun(vscode) {
  await fake.enqueue(draft({ 3: "restart" }), draft({}));
  await begin(vscode, "Draft a Spec…", "A run that is interrupted");
  await fake.arrival("restart");
  await vscode.palette("Kata: Restart the Server");
  const row = await run(vscode, "A run that is interrupted", "interrupted");
  await press(row, "Resume a Run");
  await run(vscode, "A run that is interrupted", "draft waiting");
  await run(vscode, "Show the token", "draft applied");
  await vscode.shot("resumed");
}

async function offersToRepair(vscode) {
  const storage = path.join(vscode.root, STORAGE);
  const [environment] = readdirSync(storage);
  rmSync(path.join(storage, environment, "bin/python"));
  await vscode.palette("Kata: Restart the Server");
  await vscode.message("Kata's server is not installed yet");
}

/** Return the spec on disk once it is as wanted. */
function onDisk(vscode, wanted) {
  return eventually(() => {
    const text = readFileSync(spec(vscode), "utf8");
    assert.ok(wanted(text), text);
    return text;
  });
}

const vscode = await open({
  ...options,
  user: { "kata.provider": "anthropic", "kata.maxRetries": 0 },
  // At first no Python is found, which is told.
  machine: options.installs ? { ...machine, "kataLsp.python": "/nowhere/python" } : machine,
  files: {
    "README.md": "# Token counter\n\nCounts the tokens of every run.\n",
    "src/app.py": "def count_tokens(run):\n    return run.tokens\n",
  },
  env: { PATH: options.path, ...options.env },
});
process.exit(await loop(vscode));
