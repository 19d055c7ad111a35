/** Fish. It matches and quotes by itself, and knows which words are not at their end. */
import type { ShellCompletion } from "../shell.ts";

const SCRIPT = `# Completions of spknock for fish. To have them in every new shell:
#   mkdir -p ~/.config/fish/completions
#   spknock completions fish >~/.config/fish/completions/spknock.fish
function __spknock_complete
    set -l lines (commandline -cp | spknock complete fish 2>/dev/null)
    set -l paths $lines[1]
    set -e lines[1]
    test -z "$lines" || string join \\n -- $lines
    set -l option (string match -r -- '^--[^=]*=' (commandline -ct))
    set -l path (string replace -- "$option" '' (commandline -ct))
    # Of a command that has no completions of its own: fish itself expands ~ and $HOME, and reads quotes.
    switch "$paths"
        case files
            string replace -r -- '^' "$option" (complete -C "'' $path")
        case folders
            string replace -r -- '^' "$option" (complete -C "'' $path" | string match -r '.*/$')
    end
end
complete -c spknock -f -a '(__spknock_complete)'
`;

/** See the header. */
export const shell: ShellCompletion = {
  escape: "\\",
  script: SCRIPT,
  renderCandidate({ text, description }) {
    return description === "" ? text : `${text}\t${description}`;
  },
};
