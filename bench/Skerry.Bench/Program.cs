using System.Globalization;
using System.Runtime.InteropServices;
using Skerry.Bench;
using Skerry.Bench.Figures;
using Skerry.Bench.Fleet;
using Skerry.Bench.Ours;

using var stop = new CancellationTokenSource();
void Cancel(PosixSignalContext context)
{
    // Peers are child processes; they are ended by their ids on the way out.
    context.Cancel = true;
    stop.Cancel();
}

using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Cancel);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Cancel);

try
{
    switch (args)
    {
        case [ChildTasks.ServeFlights, var port, var folder] when Subject.Current is { } subject:
            await subject.ServeFlights(int.Parse(port, CultureInfo.InvariantCulture), folder, stop.Token);
            return 0;
        case [ChildTasks.HoldObjects, var task, var folder] when Subject.Current is { } subject:
            await ActiveObjectBytes.Hold(subject, task, folder, stop.Token);
            return 0;
        case [ChildTasks.FleetNode, .. var node] when node.Length == 9:
            await FleetNode.Serve(FleetNodeArguments.Parse(node), stop.Token);
            return 0;
        case [ChildTasks.Follower, var port, var key, var folder]:
            await FollowerServer.Serve(int.Parse(port, CultureInfo.InvariantCulture), key, folder, stop.Token);
            return 0;
    }

    var repository = RepositoryFolder();
    if (BenchArguments.Parse(args, Path.Combine(repository, "bench/results"), out var error) is not { } arguments)
    {
        await Console.Error.WriteLineAsync(error);
        await Console.Error.WriteLineAsync(BenchArguments.Usage);
        return 2;
    }

    return await SuiteRunner.Run(arguments, args, repository, stop.Token);
}
catch (OperationCanceledException) when (stop.IsCancellationRequested)
{
    await Console.Error.WriteLineAsync("Stopped.");
    return 130;
}

static string RepositoryFolder()
{
    for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
    {
        if (File.Exists(Path.Combine(folder.FullName, "Skerry.slnx")))
        {
            return folder.FullName;
        }
    }

    return Environment.CurrentDirectory;
}
