/** Where ssh logs in. */

/** Characters that a shell reads: ssh puts user and host into a ProxyCommand (CVE-2023-51385). */
// deno-lint-ignore no-control-regex
const PART = /^[^\s\u0000-\u001f\u007f@'"`$\\;&<>|(){}-][^\s\u0000-\u001f\u007f@'"`$\\;&<>|(){}]*$/;

/** Whether a text is `[USER@]HOST`, which ssh cannot take for an option, nor a shell for more than a word. */
export function isSshPlace(text: string): boolean {
  const parts = text.split("@");
  return parts.length <= 2 && parts.every((part) => PART.test(part));
}
