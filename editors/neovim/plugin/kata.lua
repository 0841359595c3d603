vim.api.nvim_create_user_command('Kata', function(command) require('kata.commands').run(command) end, {
  nargs = '+',
  range = true,
  bang = true,
  desc = 'Spec-driven agent runs',
  complete = function(_, line) return require('kata.commands').complete(line) end,
})

for _, name in ipairs({ 'draft', 'refine', 'runs', 'cancel', 'show', 'diff', 'apply', 'discard', 'task' }) do
  vim.keymap.set({ 'n', 'x' }, ('<Plug>(kata-%s)'):format(name), (':Kata %s<CR>'):format(name), { silent = true })
end
