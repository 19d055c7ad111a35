/** Zsh. It matches and quotes by itself; an option before `=` is taken off the word first. */
import { isOpenEnded, type ShellCompletion } from "../shell.ts";

const SCRIPT = `#compdef spknock
# Completions of spknock for zsh. To have them in every new shell, choose one:
#   source <(spknock completions zsh)    # a line in ~/.zshrc, below compinit
#   mkdir -p ~/.local/share/zsh/site-functions
#   spknock completions zsh >~/.local/share/zsh/site-functions/_spknock
# The second needs "fpath+=(~/.local/share/zsh/site-functions)" in ~/.zshrc, above compinit.
_spknock() {
  local -a lines closed open
  local line paths
  local -i ret=1
  lines=("\${(@f)$(print -rn -- "\${(j: :)words[1,CURRENT-1]} $QIPREFIX$PREFIX" |
    spknock complete zsh 2>/dev/null)}")
  paths=$lines[1]
  for line in "\${(@)lines[2,-1]}"; do
    if [[ $line == +* ]]; then open+=("\${line#+}"); else closed+=("\${line#-}"); fi
  done
  [[ $PREFIX != --*=* ]] || compset -P '--[^=]##='
  if (( $#closed )); then _describe -t values value closed && ret=0; fi
  if (( $#open )); then _describe -t values value open -S '' && ret=0; fi
  case $paths in
    files) _files && ret=0 ;;
    folders) _files -/ && ret=0 ;;
  esac
  return ret
}
if [[ \${funcstack[1]-} == _spknock ]]; then
  _spknock "$@"
elif (( $+functions[compdef] )); then
  compdef _spknock spknock
fi
`;

/** See the header. */
export const shell: ShellCompletion = {
  escape: "\\",
  script: SCRIPT,
  renderCandidate({ text, description }) {
    const value = text.replace(/^--[^=]+=/, "");
    const name = value.replaceAll(/[:\\]/g, "\\$&");
    return (isOpenEnded(value) ? "+" : "-") + name + (description === "" ? "" : `:${description}`);
  },
};
