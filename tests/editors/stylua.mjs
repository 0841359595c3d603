// Formats Lua files in place, or with --check says which are not; the options are those of the
// .stylua.toml in the working directory.
// StyLua comes as WebAssembly because its command line is only published as a download.
//
// usage: node stylua.mjs STYLUA_FOLDER [--check] FILE...
import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

const [folder, ...rest] = process.argv.slice(2)
const library = pathToFileURL(join(resolve(folder), 'stylua_lib_node.mjs'))
const stylua = await import(library)
const check = rest[0] === '--check'

/** Return the options as a config; every call of the formatter consumes one. */
function config() {
  const options = stylua.Config.new()
  for (const line of readFileSync('.stylua.toml', 'utf8').trim().split('\n')) {
    const [name, value] = line.split(' = ').map((part) => part.replaceAll('"', ''))
    const kinds = {
      syntax: 'LuaVersion',
      indent_type: 'IndentType',
      quote_style: 'QuoteStyle',
      collapse_simple_statement: 'CollapseSimpleStatement',
    }
    options[name] = kinds[name] ? stylua[kinds[name]][value] : Number(value)
  }
  return options
}

let wrong = 0
for (const path of check ? rest.slice(1) : rest) {
  const before = readFileSync(path, 'utf8')
  const after = stylua.formatCode(before, config(), undefined, stylua.OutputVerification.Full)
  if (before === after) continue
  wrong += 1
  if (check) console.error(`${path}: not formatted`)
  else writeFileSync(path, after)
}
process.exitCode = check && wrong > 0 ? 1 : 0
