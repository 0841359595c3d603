---Owns what the servers tell about runs and status: passes it on as `User` events and shows it.
local M = {}

local api = vim.api
M.runs = {} ---@type table<string, kata.RunPayload>
M.status = {} ---@type table<integer, kata.StatusPayload> By client id.
local shown = {} ---@type table<string, integer> How many characters of a run its buffer holds.

local function tell(name, data)
  api.nvim_exec_autocmds('User', { pattern = name, data = data, modeline = false })
  vim.cmd.redrawstatus({ bang = true })
end

function M.dollars(cost) return cost and ('$%.4f'):format(cost) or nil end

---Join those parts of a line that there are.
function M.line(...)
  return vim.iter(vim.spairs({ ... })):map(function(_, part) return part end):join(' · ')
end

---Show text in a buffer of ours: in its window, else in a new one unless `layout` is false.
---@param name string
---@param text string
---@param options? { title?: string, layout?: 'split'|'vsplit'|'float'|false, stay?: boolean }
function M.show(name, text, options)
  options = vim.tbl_extend('keep', options or {}, { layout = 'split' })
  local bufnr, width, height = vim.fn.bufadd('kata://' .. name), vim.o.columns, vim.o.lines
  vim.fn.bufload(bufnr)
  -- The type comes first: a buffer with a file type and no other is taken for a file.
  vim.bo[bufnr].buftype, vim.bo[bufnr].swapfile, vim.bo[bufnr].modifiable = 'nofile', false, true
  vim.bo[bufnr].filetype = 'markdown'
  api.nvim_buf_set_lines(bufnr, 0, -1, false, vim.split(text, '\n'))
  vim.bo[bufnr].modifiable = false
  vim.b[bufnr].kata_title = options.title
  vim.keymap.set('n', 'q', '<Cmd>close<CR>', { buffer = bufnr, desc = 'kata: close' })
  local layouts = {
    split = { split = 'below', win = -1, height = math.floor(height * 0.4) },
    vsplit = { split = 'right', win = 0 },
    float = { relative = 'editor', border = 'rounded', width = width - 8, height = height - 8, row = 2, col = 3 },
  }
  local window = vim.fn.bufwinid(bufnr)
  if window == -1 and options.layout then
    window = api.nvim_open_win(bufnr, not options.stay, layouts[options.layout])
    vim.wo[window][0].winbar = "%{get(b:, 'kata_title', '')}"
  elseif window ~= -1 and not options.stay then
    api.nvim_set_current_win(window)
  end
end

local function title(run)
  local state = run.draft and run.draft.state ~= 'none' and 'draft ' .. run.draft.state or run.phase
  return M.line(run.status, state, run.runtimeMode, run.model, M.dollars(run.costUsd), run.error and run.error.message)
end

---Show a run and what it has written so far.
---@param run_id string
---@param options? { layout?: string|false, stay?: boolean }
function M.open(run_id, options)
  require('kata.client').request('kata.run.get', { run_id }, function(got)
    M.runs[run_id], shown[run_id] = got.run, vim.fn.strchars(got.text or '')
    M.show('run/' .. run_id, got.text or '', vim.tbl_extend('force', { title = title(got.run) }, options or {}))
  end)
end

---@param run kata.RunPayload
function M.on_change(_, run)
  local before, notify = M.runs[run.runId] or {}, require('kata.client').notify
  M.runs[run.runId] = run
  if shown[run.runId] then vim.b[vim.fn.bufadd('kata://run/' .. run.runId)].kata_title = title(run) end
  tell('KataRun', run)
  if run.status == before.status then
    return
  elseif run.status == 'completed' and run.draft and run.draft.state == 'waiting' then
    tell('KataDraft', run)
    notify(('A draft for %s waits: `:Kata diff`, `:Kata apply` or `:Kata discard`.'):format(run.spec))
  elseif run.error then
    notify(run.error.message .. ' ' .. run.error.remediation, vim.log.levels.ERROR)
  end
end

---@param stream kata.RunStreamParams
function M.on_stream(_, stream)
  tell('KataStream', stream)
  local before = shown[stream.runId]
  if not before or stream.kind ~= 'text' then
    return
  elseif stream.offset > before then -- we read too slowly, so some was left out
    shown[stream.runId] = nil
    return M.open(stream.runId, { layout = false, stay = true })
  end
  local delta = vim.fn.strcharpart(stream.delta, before - stream.offset)
  shown[stream.runId] = before + vim.fn.strchars(delta)
  local bufnr = vim.fn.bufadd('kata://run/' .. stream.runId)
  local last = api.nvim_buf_line_count(bufnr)
  vim.bo[bufnr].modifiable = true
  api.nvim_buf_set_text(bufnr, -1, -1, -1, -1, vim.split(delta, '\n'))
  vim.bo[bufnr].modifiable = false
  for _, window in ipairs(vim.fn.win_findbuf(bufnr)) do
    if api.nvim_win_get_cursor(window)[1] == last then -- follows until the reader moves up
      api.nvim_win_set_cursor(window, { api.nvim_buf_line_count(bufnr), 0 })
    end
  end
end

---@param status kata.StatusPayload? Nil when the server has ended.
function M.on_status(_, status, context)
  M.status[context.client_id] = status
  tell('KataStatus', status or { kind = 'inactive', message = 'no server' })
end

return M
