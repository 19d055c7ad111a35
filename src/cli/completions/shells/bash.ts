/**
 * Bash. The line goes to the program as it is: readline's own words end at `=` and `:` too, which depends on
 * COMP_WORDBREAKS. What comes back is what readline puts in place of its word, quoted as that word is.
 */
import type { ShellCompletion } from "../shell.ts";

const SCRIPT = `# Completions of spknock for bash. To have them in every new shell, choose one:
#   spknock completions bash >~/.local/share/bash-completion/completions/spknock
#   echo 'source <(spknock completions bash)' >>~/.bashrc
# The first needs the package bash-completion (and the folder: mkdir -p).
_spknock() {
  local line paths=
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ -z $paths ]]; then paths=$line; else COMPREPLY+=("$line"); fi
  done < <(printf '%s' "\${COMP_LINE:0:COMP_POINT}" |
    spknock complete bash "$COMP_WORDBREAKS" 2>/dev/null)
  [[ \${#COMPREPLY[@]} -gt 1 || \${COMPREPLY-} != *[:=/,] ]] || compopt -o nospace 2>/dev/null
  case $paths in
    files) compopt -o default 2>/dev/null ;;
    folders) compopt -o dirnames 2>/dev/null ;;
  esac
}
complete -F _spknock spknock
`;

/** See the header. */
export const shell: ShellCompletion = {
  escape: "\\",
  script: SCRIPT,
  renderCandidate({ text }, word) {
    if (!text.startsWith(word.text)) return undefined;
    const rest = text.slice(word.start);
    if (word.quote === "'") return rest.includes("'") ? undefined : rest;
    if (word.quote === '"') return rest.replaceAll(/["$\`\\]/g, "\\$&");
    return rest.replaceAll(/[^\w.,:=@%+/-]/gu, "\\$&");
  },
};
