---Owns the subcommands of `:Kata`: each makes one request and shows its answer.
local M = {}

local client = require('kata.client')
local drafts = require('kata.drafts')
local runs = require('kata.runs')

---Return a value as lines in the manner of YAML.
local function lines(value, indent)
  local result = {}
  for key, each in vim.spairs(type(value) == 'table' and value or {}) do
    local name = indent .. (type(key) == 'number' and '-' or key .. ':')
    vim.list_extend(result, type(each) == 'table' and { name } or { name .. ' ' .. tostring(each) })
    vim.list_extend(result, lines(each, indent .. '  '))
  end
  return result
end

---Return what shows an answer as it is.
local function page(title)
  return function(result) runs.show('answer', table.concat(lines(result, ''), '\n'), { title = title }) end
end

---Return a subcommand that passes its argument on.
local function plain(command, show)
  return function(argument) client.request(command, argument ~= '' and { argument } or {}, show or page(command)) end
end

---Return a subcommand that asks for its argument when there is none.
local function asking(question, subcommand)
  return function(argument, command)
    if argument ~= '' then return subcommand(argument, command) end
    local function go_on(text) return vim.trim(text or '') ~= '' and subcommand(text, command) end
    vim.ui.input({ prompt = question }, go_on)
  end
end

---Return a subcommand for a run: the named one, the only one in these statuses, or one to be chosen.
local function on_run(statuses, act)
  return function(argument)
    if argument ~= '' then return act(argument) end
    client.request('kata.run.list', statuses and { { status = statuses } } or {}, function(found)
      if #found.runs < 2 then
        return found.runs[1] and act(found.runs[1].runId) or client.notify('There is no such run.')
      end
      local function format_item(run)
        local draft = run.draft and 'draft ' .. run.draft.state or nil
        return runs.line(os.date('%d %b %H:%M', run.createdAt), run.status, draft, (run.prompt:gsub('%s+', ' ')))
      end
      local function go_on(run) return run and act(run.runId) end
      vim.ui.select(found.runs, { prompt = 'Run', kind = 'kata_run', format_item = format_item }, go_on)
    end)
  end
end

local function follow(run) runs.open(run.runId, { layout = require('kata').options.window, stay = true }) end

local start = asking('What should be built? ', function(prompt, command)
  local params = { prompt = prompt, profile = command.bang and 'lite' or nil }
  if command.range > 0 then
    local selected = vim.api.nvim_buf_get_lines(0, command.line1 - 1, command.line2, false)
    params.selection, params.selectionPath = table.concat(selected, '\n'), vim.fn.expand('%:.')
  end
  client.request('kata.run.start', { params }, follow)
end)

---Name the spec in the current buffer; the server knows the default one.
local function in_spec(params)
  local is_file = vim.bo.filetype == 'markdown' and vim.bo.buftype == ''
  return vim.tbl_extend('error', vim.empty_dict(), params, { uri = is_file and vim.uri_from_bufnr(0) or nil })
end

local function set_quickfix(result)
  local items = vim.tbl_map(function(snippet)
    local place = { filename = vim.uri_to_fname(snippet.uri), lnum = snippet.startLine, end_lnum = snippet.endLine }
    return vim.tbl_extend('error', place, { text = snippet.reason })
  end, result.snippets)
  vim.fn.setqflist({}, ' ', { title = 'kata context', items = items })
  vim.cmd.copen()
end

local function show_text(result)
  runs.show('answer', result.text, { title = runs.line(result.provider, result.model, runs.dollars(result.costUsd)) })
end

local function tell_mode(result)
  client.notify(runs.line('Runtime mode: ' .. result.mode, result.message ~= '' and result.message or nil))
end

local function tell_discarded() client.notify('The draft was discarded; its run keeps the text.') end

---@type table<string, fun(argument: string, command: table)>
local subcommands = {
  draft = start,
  refine = start,
  runs = on_run(nil, runs.open),
  cancel = on_run({ 'queued', 'running' }, plain('kata.run.cancel', function() end)),
  resume = on_run({ 'failed', 'interrupted', 'cancelled' }, plain('kata.run.resume', follow)),
  show = plain('kata.draft.show', drafts.show),
  diff = plain('kata.draft.show', drafts.diff),
  apply = plain('kata.draft.apply', drafts.applied),
  discard = plain('kata.draft.discard', tell_discarded),
  mode = function(mode) plain(mode == '' and 'kata.runtime.getMode' or 'kata.runtime.setMode', tell_mode)(mode) end,
  models = plain('kata.provider.listModels'),
  auth = asking('Provider: ', plain('kata.provider.resolveAuth')),
  estimate = asking('Estimate a run for: ', plain('kata.provider.estimate')),
  ask = asking('Ask the model: ', plain('kata.provider.execute', show_text)),
  context = asking('Context for: ', plain('kata.context.retrieve', set_quickfix)),
  status = plain('kata.status.get'),
  doctor = plain('kata.doctor'),
  restart = client.restart,
  task = function(argument)
    local id, status = argument:match('^(%S*)%s*(%S*)$')
    local under_cursor = vim.api.nvim_get_current_line():match('^%s*[-*+] %[.%]%*? (%S+)')
    local params = in_spec({ taskId = id ~= '' and id or under_cursor, status = status ~= '' and status or nil })
    client.request('kata.task.setStatus', { params }, function(result)
      if result.outcome ~= 'applied' then client.notify(result.message, vim.log.levels.WARN) end
    end)
  end,
  comment = asking('Comment on this section: ', function(text)
    local heading = vim.fn.getline(vim.fn.search('^#', 'bcnW')):gsub('^#+%s*', '')
    client.request('kata.comment.add', { in_spec({ section = heading, text = text }) })
  end),
  comments = function() client.request('kata.comment.list', { in_spec({}) }, page('comments')) end,
  command = function(argument)
    local name, json = argument:match('^(%S+)%s*(.*)$')
    client.request(name, json ~= '' and { vim.json.decode(json) } or {}, page(name))
  end,
}

---What shows the answers of commands that run from a lens or a code action.
M.from_lenses = {}
local shows = {
  ['kata.run.start'] = follow,
  ['kata.run.resume'] = follow,
  ['kata.draft.show'] = drafts.diff,
  ['kata.draft.apply'] = drafts.applied,
}
for name, show in pairs(shows) do
  M.from_lenses[name] = function(command)
    local arguments = vim.deepcopy(command.arguments or {})
    if arguments[1] then arguments[1].open = nil end -- the server need not: we show the answer
    client.request(name, arguments, show)
  end
end

---@param command table What `nvim_create_user_command` passes.
function M.run(command)
  local name, argument = command.args:match('^(%S+)%s*(.-)%s*$')
  if not subcommands[name] then return client.notify(('There is no `:Kata %s`.'):format(name), vim.log.levels.ERROR) end
  subcommands[name](argument, command)
end

---@param line string The command line up to the cursor.
---@return string[]
function M.complete(line)
  local name, given = line:match('Kata!?%s+(%S+)%s+(%S*)$')
  local arguments = { mode = { 'native', 'pi' }, command = require('kata.generated').commands }
  local takes_run = vim.list_contains({ 'runs', 'cancel', 'resume', 'show', 'diff', 'apply', 'discard' }, name)
  local words = not name and vim.tbl_keys(subcommands) or takes_run and vim.tbl_keys(runs.runs) or arguments[name] or {}
  table.sort(words)
  return vim.tbl_filter(function(word) return vim.startswith(word, given or line:match('(%S*)$')) end, words)
end

return M
