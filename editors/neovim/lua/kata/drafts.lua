---Owns drafts as the user meets them: shown, compared, applied with a choice for every conflict.
local M = {}

local client = require('kata.client')
local runs = require('kata.runs')
local titles = { mine = 'Keep mine', draft = 'Take the draft', both = 'Keep both' }

---@param draft kata.DraftPayload
function M.show(draft)
  runs.show('draft/' .. draft.runId, draft.text, { title = runs.line('draft ' .. draft.state, draft.spec) })
end

---Return what the hunks of a unified diff make of some lines.
local function patched(lines, diff)
  local result, at = {}, 1
  for line in vim.gsplit(diff:gsub('^%-%-%-[^\n]*\n%+%+%+[^\n]*\n', ''), '\n') do
    local start, count = line:match('^@@ %-(%d+),?(%d*) ')
    if start then
      local first = tonumber(start) + (count == '0' and 1 or 0) -- an empty one names the line before
      vim.list_extend(result, lines, at, first - 1)
      at = first
    elseif line ~= '' then
      local sign = line:sub(1, 1)
      result[#result + 1] = sign ~= '-' and line:sub(2) or nil
      at = at + (sign == '+' and 0 or 1)
    end
  end
  return table.concat(vim.list_extend(result, lines, at), '\n')
end

---Compare the spec with what applying makes of it, side by side in a new tab.
---@param draft kata.DraftPayload
function M.diff(draft)
  vim.cmd.tabedit(vim.fn.fnameescape(vim.uri_to_fname(draft.specUri)))
  vim.cmd.diffthis()
  local lines = vim.api.nvim_buf_get_lines(0, 0, -1, false)
  local text = patched(#lines == 1 and lines[1] == '' and {} or lines, draft.diff)
  local title = ('as applied · %d conflicts to decide'):format(#draft.conflicts)
  runs.show('applied/' .. draft.runId, text, { layout = 'vsplit', title = title })
  vim.cmd.diffthis()
end

local function choose(conflicts, index, chosen, go_on)
  local conflict = conflicts[index]
  if not conflict then return go_on(chosen) end
  local where = ('%s (%d of %d)'):format(conflict.message, index, #conflicts)
  vim.ui.select({ 'mine', 'draft', 'both' }, {
    prompt = ('%s\nmine:  %s\ndraft: %s\n'):format(where, conflict.mine, conflict.theirs),
    kind = 'kata_conflict',
    format_item = function(choice) return titles[choice] end,
  }, function(choice)
    if choice then choose(conflicts, index + 1, vim.tbl_extend('force', chosen, { [conflict.id] = choice }), go_on) end
  end)
end

---Show what came of applying: the spec, else why not; conflicts are asked about and applied again.
---@param result kata.ApplyDraftResult
function M.applied(result)
  if result.outcome == 'conflict' then
    return choose(
      result.conflicts,
      1,
      {},
      function(chosen) client.request('kata.draft.apply', { { runId = result.runId, choices = chosen } }, M.applied) end
    )
  end
  local done = result.outcome == 'applied' or result.outcome == 'unchanged'
  if done then vim.cmd.drop(vim.fn.fnameescape(vim.uri_to_fname(result.specUri))) end
  client.notify(result.message, done and vim.log.levels.INFO or vim.log.levels.WARN)
end

return M
