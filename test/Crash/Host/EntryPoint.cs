using Skerry.Crash.Buckets;
using Xunit.Runner.InProc.SystemConsole;

namespace Skerry.Crash.Host;

/// <summary>Begins as the test runner, or, with the word <c>host</c> or <c>count</c>, as a process that tests put under load and kill.</summary>
internal static class EntryPoint
{
    public static Task<int> Main(string[] args)
    {
        if (args is ["host", .. var rest])
        {
            return NodeHost.RunAsync(rest);
        }

        if (args is ["count", var folder])
        {
            return CountingProcess.RunAsync(folder);
        }

        if (args is ["member", var settings])
        {
            return Fleet.MemberHost.RunAsync(settings);
        }

        return ConsoleRunner.Run(args);
    }
}
