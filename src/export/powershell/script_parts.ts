/** The parts of the script that `--as powershell` writes. */

/** One address for all knocks. */
export const ADDRESS = `$Address = [Net.Dns]::GetHostAddresses($Target) |
  Where-Object { $Families -contains $_.AddressFamily.ToString() } |
  Select-Object -First 1
if ($null -eq $Address) { throw "$Target has no address of this family; nothing was sent" }
$Local = $null
if ($null -ne $Source) { $Local = New-Object Net.IPEndPoint $Source, 0 }`;

/** Asks without showing what is typed. */
export const READ_HASH = `
function Read-Secret([string]$Question) {
  $Secure = Read-Host -Prompt $Question -AsSecureString
  $Pointer = [Runtime.InteropServices.Marshal]::SecureStringToBSTR($Secure)
  try {
    $Text = [Runtime.InteropServices.Marshal]::PtrToStringBSTR($Pointer)
  } finally {
    [Runtime.InteropServices.Marshal]::ZeroFreeBSTR($Pointer)
  }
  if ($Text.Length -eq 0) { throw 'the secret is empty; nothing was sent' }
  $Text
}

function Read-Hash([string]$Question) {
  $Text = Read-Secret $Question
  if ($Text -cnotmatch '^[0-9a-f]{64}$') { throw 'a hash has 64 hex digits; nothing was sent' }
  $Text
}`;

/** Makes the payload of a passphrase: SHA-256 of its UTF-8 bytes, in hex digits. */
export const READ_PASSPHRASE = `
function Read-Passphrase([string]$Question) {
  $Bytes = [Text.Encoding]::UTF8.GetBytes((Read-Secret $Question))
  $Sha = [Security.Cryptography.SHA256]::Create()
  try {
    -join ($Sha.ComputeHash($Bytes) | ForEach-Object { $_.ToString('x2') })
  } finally {
    $Sha.Dispose()
  }
}`;

/** Sends a datagram. */
export const SEND_UDP = `
function Send-Udp([int]$Port, [byte[]]$Payload) {
  $Client = New-Object Net.Sockets.UdpClient $Address.AddressFamily
  try {
    if ($null -ne $Local) { $Client.Client.Bind($Local) }
    $Place = New-Object Net.IPEndPoint $Address, $Port
    [void]$Client.Send($Payload, $Payload.Length, $Place)
  } finally {
    $Client.Close()
  }
}`;

/** Sends a SYN, and gives up before TCP repeats it. */
export const SEND_TCP = `
function Send-Tcp([int]$Port) {
  $Client = New-Object Net.Sockets.TcpClient $Address.AddressFamily
  try {
    if ($null -ne $Local) { $Client.Client.Bind($Local) }
    $Begun = $Client.BeginConnect($Address, $Port, $null, $null)
    [void]$Begun.AsyncWaitHandle.WaitOne(100)
  } finally {
    $Client.Close()
  }
}`;

/** Sends an echo request. */
export const SEND_ECHO = `
function Send-Echo([int]$Size) {
  $Ping = New-Object Net.NetworkInformation.Ping
  try {
    [void]$Ping.Send($Address, 500, (New-Object byte[] $Size))
  } finally {
    $Ping.Dispose()
  }
}`;

/** Says whether a tcp port can be reached; the script ends with 1 where not. */
export const CHECK = `
function Test-Door([int]$Port) {
  $Client = New-Object Net.Sockets.TcpClient $Address.AddressFamily
  try {
    if ($null -ne $Local) { $Client.Client.Bind($Local) }
    $Begun = $Client.BeginConnect($Address, $Port, $null, $null)
    $IsOpen = $Begun.AsyncWaitHandle.WaitOne(3000) -and $Client.Connected
  } finally {
    $Client.Close()
  }
  if (-not $IsOpen) {
    Write-Warning "$Target\`: $Port/tcp is closed"
    exit 1
  }
  Write-Output "$Target\`: $Port/tcp is open"
}`;
