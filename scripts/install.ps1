# Installs a released alertctl on Windows: downloads it, holds it against its checksum, and puts it in place.
#
#   powershell -ExecutionPolicy Bypass -File install.ps1 [-Version 1.2.3] [-To DIRECTORY] [-Verify]
#
#   -Version   the release; the newest without it
#   -To        where the binary goes (default: %LOCALAPPDATA%\alertctl)
#   -Verify    also asks GitHub who built it, by `gh attestation verify`
param(
    [string]$Version = '',
    [string]$To = (Join-Path $env:LOCALAPPDATA 'alertctl'),
    [switch]$Verify
)

$ErrorActionPreference = 'Stop'
Set-StrictMode -Version Latest
# Windows PowerShell 5 offers older versions first.
[Net.ServicePointManager]::SecurityProtocol = [Net.SecurityProtocolType]::Tls12

$repository = 'https://github.com/OWNER/alertctl'
if ($env:ALERTCTL_REPOSITORY) { $repository = $env:ALERTCTL_REPOSITORY }
$target = 'x86_64-pc-windows-msvc'
$archive = "alertctl-$target.zip"
$downloads = "$repository/releases/latest/download"
if ($Version) { $downloads = "$repository/releases/download/v$($Version.TrimStart('v'))" }

$work = Join-Path ([IO.Path]::GetTempPath()) ([Guid]::NewGuid())
New-Item -ItemType Directory -Path $work | Out-Null
try {
    foreach ($file in 'SHA256SUMS', $archive) {
        Invoke-WebRequest -UseBasicParsing -Uri "$downloads/$file" -OutFile (Join-Path $work $file)
    }
    $line = Get-Content (Join-Path $work 'SHA256SUMS') | Where-Object { ($_ -split '\s+\*?')[1] -eq $archive }
    if (-not $line) { throw "SHA256SUMS does not name $archive" }
    $wanted = ($line -split '\s+')[0]
    $found = (Get-FileHash -Algorithm SHA256 (Join-Path $work $archive)).Hash
    if ($found -ne $wanted) {
        throw "$archive has the checksum $found, and its release says $wanted; nothing was installed"
    }
    if ($Verify) {
        & gh attestation verify (Join-Path $work $archive) --repo $repository.Substring('https://github.com/'.Length)
        if ($LASTEXITCODE -ne 0) {
            throw "$archive was not built by the release workflow of $repository; nothing was installed"
        }
    }
    Expand-Archive -Path (Join-Path $work $archive) -DestinationPath $work
    New-Item -ItemType Directory -Force -Path $To | Out-Null
    Copy-Item -Force (Join-Path $work "alertctl-$target\alertctl.exe") $To
}
finally {
    Remove-Item -Recurse -Force $work
}

Write-Output "installed $(& (Join-Path $To 'alertctl.exe') --version) to $To"
if (($env:Path -split ';') -notcontains $To) {
    Write-Output "$To is not on the PATH; add it in the settings of your account"
}
