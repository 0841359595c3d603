---Owns `:checkhealth kata`.
local M = {}

function M.check()
  local health, client, checks = vim.health, require('kata.client'), nil
  health.start('kata')
  local program = require('kata').options.cmd[1]
  if vim.fn.executable(program) == 0 then
    return health.error(('%q cannot be run'):format(program), { '`pip install kata-lsp`', 'or set `cmd` in `setup`' })
  end
  health.ok(vim.fn.exepath(program))
  client.request('kata.doctor', {}, function(result) checks = result.checks end)
  if not vim.wait(10000, function() return checks end, 20) then
    return health.error('the server did not answer', { '`:Kata restart`', 'see ' .. vim.lsp.get_log_path() })
  end
  for _, check in ipairs(checks) do
    local report = ({ ok = health.ok, warning = health.warn, error = health.error })[check.state]
    report(('%s: %s'):format(check.name, check.detail), check.remedy)
  end
end

return M
