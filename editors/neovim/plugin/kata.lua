if vim.g.loaded_kata then
  return
end
vim.g.loaded_kata = true

vim.api.nvim_create_user_command('Kata', function(command)
  require('kata.commands').run(command)
end, {
  nargs = '+',
  range = true,
  bang = true,
  desc = 'Spec-driven agent runs',
  complete = function(_, line)
    return require('kata.commands').complete(line)
  end,
})

for _, name in ipairs({ 'draft', 'refine', 'run', 'runs', 'cancel', 'show', 'diff', 'apply', 'discard' }) do
  local options = { desc = 'kata: ' .. name }
  vim.keymap.set('n', ('<Plug>(kata-%s)'):format(name), ('<Cmd>Kata %s<CR>'):format(name), options)
  vim.keymap.set('x', ('<Plug>(kata-%s)'):format(name), (':Kata %s<CR>'):format(name), options)
end
