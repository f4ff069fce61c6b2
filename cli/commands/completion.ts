// `cscli completion`: scripts that hook the hidden __complete command into the user's shell.

import type { CommandSpec } from '../command.js';

/** What each shell needs: ask `cscli __complete <words>`, drop the directive line and the descriptions. */
const scripts: Readonly<Record<string, string>> = {
  bash: `# bash completion for cscli
_cscli_complete() {
  local word reply
  COMPREPLY=()
  word="\${COMP_WORDS[COMP_CWORD]}"
  reply=$("\${COMP_WORDS[0]}" __complete "\${COMP_WORDS[@]:1:COMP_CWORD-1}" "$word" 2>/dev/null) || return
  local IFS=$'\\n'
  local candidates
  candidates=$(printf '%s\\n' "$reply" | sed -e '$d' -e 's/\\t.*//')
  [ -n "$candidates" ] && COMPREPLY=($(compgen -W "$candidates" -- "$word"))
  [ \${#COMPREPLY[@]} -eq 0 ] && [ "$(printf '%s\\n' "$reply" | tail -n 1)" = ":0" ] && COMPREPLY=($(compgen -f -- "$word"))
}
complete -F _cscli_complete cscli
`,
  zsh: `#compdef cscli
_cscli() {
  local -a lines candidates
  lines=("\${(@f)$(\${words[1]} __complete \${words[2,CURRENT-1]} "\${words[CURRENT]}" 2>/dev/null)}")
  local line
  for line in "\${lines[@]}"; do
    [[ $line == :* ]] && continue
    candidates+=("\${line/$'\\t'/:}")
  done
  _describe 'cscli' candidates || _files
}
compdef _cscli cscli
`,
  fish: `# fish completion for cscli
function __cscli_complete
  set -l words (commandline -opc) (commandline -ct)
  set -l reply ($words[1] __complete $words[2..-1] 2>/dev/null)
  for line in $reply
    string match -q -r '^:' -- $line; and continue
    echo $line
  end
end
complete -c cscli -f -a '(__cscli_complete)'
`,
  powershell: `# PowerShell completion for cscli
Register-ArgumentCompleter -CommandName 'cscli' -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $words = @($commandAst.CommandElements | Select-Object -Skip 1 | ForEach-Object { $_.Extent.Text })
  if ($wordToComplete -eq '') { $words += '""' }
  & cscli __complete @words 2>$null | Where-Object { $_ -notmatch '^:' } | ForEach-Object {
    $name, $text = $_ -split "\`t", 2
    [System.Management.Automation.CompletionResult]::new($name, $name, 'ParameterValue', "$(if ($text) { $text } else { $name })")
  }
}
`,
};

/** `cscli completion`. */
export const completionSpec: CommandSpec = {
  use: 'completion [bash|zsh|powershell|fish]', text: 'Print the completion script of a shell', needsNoConfig: true,
  hidesFlagsInUse: true, args: { kind: 'exact', count: 1 },
  longText: 'Prints the script that lets a shell complete cscli commands.\n\n  bash:  source <(cscli completion bash)\n'
    + '  zsh:   cscli completion zsh > "${fpath[1]}/_cscli"\n  fish:  cscli completion fish | source\n'
    + '  pwsh:  cscli completion powershell | Out-String | Invoke-Expression',
  complete: () => ({ words: Object.keys(scripts) }),
  run: ({ context, args }) => {
    const script = Object.hasOwn(scripts, args[0]) ? scripts[args[0]] : undefined;
    if (script === undefined) throw new Error(`invalid argument "${args[0]}" for "cscli completion"`);
    context.io.stdout.write(script);
  },
};
