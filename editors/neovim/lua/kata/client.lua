---Owns the connection: its configuration, its start and end, and requests over it.
local M = {}

local is_011 = vim.fn.has('nvim-0.11') == 1
local started = {} ---@type table<string, integer> The last client of a root; it may have ended.
local restarts = {} ---@type table<integer, fun()> What to do once a client has ended.
local has_keys = {} ---@type table<integer, true> Clients that were given the user's keys.

function M.notify(message, level) vim.notify(message, level or vim.log.levels.INFO, { title = 'kata' }) end

---Neovim 0.11 made a client's functions methods.
local function call(client, name, ...)
  if is_011 then return client[name](client, ...) end
  return client[name](...)
end

local function root_of(bufnr) return vim.fs.root(bufnr, require('kata').options.root_markers) end

local function installed()
  local program = require('kata').options.cmd[1]
  if vim.fn.executable(program) == 0 then
    vim.notify_once(('kata: cannot run %q; `pip install kata-lsp` or set `cmd`'):format(program), vim.log.levels.ERROR)
  end
  return vim.fn.executable(program) == 1
end

---Refuse what Neovim would do without looking: edit newer text, or empty a file that exists by now.
local function apply_edit(err, params, context, config)
  for _, change in ipairs(params.edit.documentChanges or {}) do
    if change.kind == 'create' and vim.uv.fs_stat(vim.uri_to_fname(change.uri)) then
      return { applied = false, failureReason = 'the file exists by now' }
    end
    local version = change.textDocument and tonumber(change.textDocument.version)
    if version and vim.lsp.util.buf_versions[vim.uri_to_bufnr(change.textDocument.uri)] ~= version then
      return { applied = false, failureReason = 'the buffer was changed meanwhile' }
    end
  end
  params.label = nil -- Neovim would print it, but the command tells what came of it
  return vim.lsp.handlers['workspace/applyEdit'](err, params, context, config)
end

local function keep_lenses_fresh(client, bufnr)
  local wanted = require('kata').options.codelens and vim.bo[bufnr].filetype == 'markdown'
  if wanted and client.server_capabilities.codeLensProvider then
    local function refresh() vim.lsp.codelens.refresh({ bufnr = bufnr }) end
    local group = vim.api.nvim_create_augroup('kata.lenses.' .. bufnr, {})
    local events = { 'BufEnter', 'InsertLeave', 'TextChanged' }
    vim.api.nvim_create_autocmd(events, { group = group, buffer = bufnr, callback = refresh })
    refresh()
  end
end

local function ended(code, signal, client_id)
  if vim.lsp.get_client_by_id(client_id) then -- Neovim would start it again by returning this one
    return vim.schedule_wrap(ended)(code, signal, client_id)
  end
  local restart = restarts[client_id]
  has_keys[client_id], restarts[client_id] = nil, nil
  require('kata.runs').on_status(nil, nil, { client_id = client_id })
  if restart then
    restart()
  elseif code ~= 0 or signal ~= 0 then
    local message = 'The server ended (code %d, signal %d); `:Kata restart` starts it again.'
    M.notify(message:format(code, signal), vim.log.levels.WARN)
  end
end

---Return the configuration for `vim.lsp.config` and `vim.lsp.start`.
---@return table
function M.config()
  local options, runs = require('kata').options, require('kata.runs')
  return {
    name = 'kata',
    cmd = options.cmd,
    filetypes = options.filetypes,
    root_dir = function(bufnr, go_on)
      local root = root_of(bufnr)
      if root and installed() then go_on(root) end
    end,
    init_options = { kata = options.settings, workspaceSettings = options.workspace_settings },
    capabilities = vim.tbl_deep_extend('force', vim.lsp.protocol.make_client_capabilities(), {
      workspace = { workspaceEdit = { documentChanges = true }, codeLens = { refreshSupport = true } },
      experimental = { kata = { offers = false } }, -- Neovim would ask with a blocking prompt
    }),
    commands = require('kata.commands').from_lenses,
    handlers = {
      ['kata/run/didChange'] = runs.on_change,
      ['kata/run/didStream'] = runs.on_stream,
      ['kata/status/didChange'] = runs.on_status,
      ['workspace/applyEdit'] = apply_edit,
      ['workspace/codeLens/refresh'] = function()
        vim.lsp.codelens.refresh()
        return vim.NIL
      end,
    },
    on_attach = keep_lenses_fresh,
    on_exit = vim.schedule_wrap(ended),
  }
end

---Start the server of a folder unless it runs, and attach a buffer to it when one is given.
---@return integer? # The client's id.
local function start(root, bufnr)
  local config = vim.tbl_extend('force', is_011 and vim.lsp.config['kata'] or M.config(), { root_dir = root })
  if not installed() then
    return
  elseif bufnr or is_011 then
    started[root] = vim.lsp.start(config, { bufnr = bufnr, attach = bufnr ~= nil })
  elseif not (started[root] and vim.lsp.get_client_by_id(started[root])) then
    started[root] = vim.lsp.start_client(config)
  end
  return started[root]
end

---Attach a file's buffer to the server of its workspace; `vim.lsp.enable` does so from 0.11 on.
---@param event { buf: integer }
function M.attach(event)
  local root = vim.bo[event.buf].buftype == '' and root_of(event.buf)
  if root then start(root, event.buf) end
end

---Return the client of the buffer, else of the folder, else any.
---@return vim.lsp.Client?
function M.find()
  local all, root = vim.lsp.get_clients({ name = 'kata' }), root_of(0) or vim.uv.cwd()
  local here = vim.tbl_filter(function(client) return client.root_dir == root end, all)
  return vim.lsp.get_clients({ name = 'kata', bufnr = 0 })[1] or here[1] or all[1]
end

local function execute(client, command, arguments, done)
  local params = { command = command, arguments = arguments }
  call(client, 'request', 'workspace/executeCommand', params, function(err, result)
    if err then
      M.notify(err.message, vim.log.levels.ERROR)
    elseif done then
      done(result)
    end
  end)
end

local function give_keys(client)
  for provider, key in pairs(has_keys[client.id] and {} or require('kata').options.keys) do
    local value = key()
    if value then
      execute(client, 'kata.provider.setCredential', { { provider = provider, apiKey = vim.trim(value) } })
    end
  end
  has_keys[client.id] = true
end

---Run a command of the contract; a failure is shown, and `done` is not called.
---@param command string
---@param arguments any[] One table of named parameters, or strings by position.
---@param done? fun(result: any)
function M.request(command, arguments, done)
  local found = M.find()
  local id = found and found.id or start(root_of(0) or vim.uv.cwd())
  local function send()
    local client = id and vim.lsp.get_client_by_id(id)
    if client and not client.initialized then
      vim.defer_fn(send, 20)
    elseif client then
      give_keys(client)
      execute(client, command, arguments, done)
    end
  end
  send()
end

---Stop every server and start it again for the same buffers; the second time, without patience.
function M.restart()
  if not M.find() then return M.attach({ buf = vim.api.nvim_get_current_buf() }) end
  for _, client in ipairs(vim.lsp.get_clients({ name = 'kata' })) do
    local impatient, buffers = restarts[client.id] ~= nil, vim.tbl_keys(client.attached_buffers)
    restarts[client.id] = function()
      start(client.root_dir)
      for _, bufnr in ipairs(vim.tbl_filter(vim.api.nvim_buf_is_loaded, buffers)) do
        start(client.root_dir, bufnr)
      end
      M.notify('The server was started again.')
    end
    call(client, 'stop', impatient)
  end
end

return M
