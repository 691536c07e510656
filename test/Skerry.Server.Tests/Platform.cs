using System.Runtime.Versioning;

// Signals, exit codes and file modes are what is tested here.
[assembly: SupportedOSPlatform("linux")]
