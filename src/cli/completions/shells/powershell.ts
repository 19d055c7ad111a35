/** PowerShell, 5.1 and later. Where nothing is returned it completes files; an empty text stops that. */
import type { ShellCompletion } from "../shell.ts";

const SCRIPT = `# Completions of spknock for PowerShell. To have them in every new shell:
#   spknock completions powershell | Out-String | Invoke-Expression    # a line in $PROFILE
Register-ArgumentCompleter -Native -CommandName 'spknock', 'spknock.exe' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $length = $cursorPosition - $commandAst.Extent.StartOffset
    $line = $commandAst.Extent.Text.PadRight($length).Substring(0, $length)
    $OutputEncoding = New-Object System.Text.UTF8Encoding $false
    $encoding = [Console]::OutputEncoding
    try {
        [Console]::OutputEncoding = $OutputEncoding
        $paths, $lines = @($line | spknock complete powershell 2>$null)
    } catch {
        $lines = @()
    } finally {
        [Console]::OutputEncoding = $encoding
    }
    foreach ($each in $lines) {
        $text, $shown, $help = $each -split "\`t"
        [System.Management.Automation.CompletionResult]::new($text, $shown, 'ParameterValue', $help)
    }
    if (-not $lines -and $paths -eq 'none') { '' }
}
`;

/** See the header. */
export const shell: ShellCompletion = {
  escape: "`",
  script: SCRIPT,
  renderCandidate({ text, description }, word) {
    if (!text.startsWith(word.text)) return undefined;
    const quoted = /^[\w.:=/-]+$/.test(text) ? text : `'${text.replaceAll("'", "''")}'`;
    return [quoted, text, description === "" ? text : description].join("\t");
  },
};
