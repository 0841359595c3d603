---What users call. All logic is in the server; this plugin shows what it says.
local M = {}

---@class kata.Options
---@field cmd string[] How the server is started.
---@field filetypes? string[] Where it attaches; everywhere when nil.
---@field root_markers string[] What the root of a workspace contains.
---@field settings table<string, any> The user's own settings, without the prefix `kata.`.
---@field workspace_settings table<string, any> Settings of one workspace; they may only narrow.
---@field keys table<string, fun(): string?> Returns a provider's key; kept in the server's memory.
---@field window 'split'|'vsplit'|'float'|false Where a run that was started is shown.
---@field codelens boolean Whether lenses are kept fresh in Markdown files.
M.options = {
  cmd = { 'kata-lsp', 'serve' },
  root_markers = { '.kata', '.git' },
  settings = vim.empty_dict(),
  workspace_settings = vim.empty_dict(),
  keys = {},
  window = 'split',
  codelens = true,
}

---Take options, and attach to the files of workspaces from now on.
---@param options? table Fields of kata.Options.
function M.setup(options)
  M.options = vim.tbl_deep_extend('force', M.options, options or {})
  local client = require('kata.client')
  if vim.lsp.enable then
    vim.lsp.config('kata', client.config())
    return vim.lsp.enable('kata')
  end
  local group = vim.api.nvim_create_augroup('kata', {})
  vim.api.nvim_create_autocmd('FileType', { group = group, pattern = M.options.filetypes, callback = client.attach })
end

---Return what a status line shows: mode, state, model, tokens and cost; empty without a server.
---@return string
function M.statusline()
  local runs, client = require('kata.runs'), require('kata.client').find()
  local status = client and runs.status[client.id]
  if not status then return client and 'kata' or '' end
  local tokens = status.tokens ~= 0 and status.tokens .. ' tokens' or nil
  local line = runs.line('kata', status.runtimeMode, status.message, status.model, tokens, runs.dollars(status.costUsd))
  return (line:gsub('%%', '%%%%'))
end

return M
