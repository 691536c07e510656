using System.Net;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Skerry.Objects;

namespace Skerry.Crash.Fleet;

/// <summary>How a member is started.</summary>
internal sealed record MemberSettings(string Folder, string Redis, string Cluster, int Port);

/// <summary>
/// A node of a fleet, driven by lines: an object's name is answered by the id of the process that it is in, or by
/// <c>error</c> and what went wrong; <c>members</c> by the number of nodes that are alive. The end of input stops it in
/// good order.
/// </summary>
internal static class MemberHost
{
    public static async Task<int> RunAsync(string json)
    {
        var settings = JsonSerializer.Deserialize<MemberSettings>(json)!;
        var builder = Microsoft.Extensions.Hosting.Host.CreateEmptyApplicationBuilder(new());
        builder.Logging.AddConsole(static o => o.LogToStandardErrorThreshold = LogLevel.Trace).SetMinimumLevel(LogLevel.Warning);
        builder.AddSkerry(o =>
        {
            o.DataFolder = settings.Folder;
            o.Cluster = new SkerryClusterOptions
            {
                Name = settings.Cluster,
                HasHomeOfItsOwn = true,
                Redis = settings.Redis,
                Listen = new IPEndPoint(IPAddress.Loopback, settings.Port),
            };
        }).AddDurableObject<IWhereabouts, Whereabouts>();
        using var host = builder.Build();
        await host.StartAsync();
        await Console.Out.WriteLineAsync("ready");
        var objects = host.Services.GetRequiredService<DurableObjectNamespace<IWhereabouts>>();
        var members = host.Services.GetRequiredService<IClusterMembershipService>();
        while (await Console.In.ReadLineAsync() is { } line)
        {
            string answer;
            try
            {
                answer = line == "members"
                    ? $"{members.CurrentSnapshot.Members.Values.Count(static m => m.Status == SiloStatus.Active)}"
                    : $"{await objects.GetByName(line).Process()}";
            }
            catch (DurableObjectException e)
            {
                answer = $"error {e.Code} {e.Message}";
            }

            await Console.Out.WriteLineAsync(answer);
        }

        await host.StopAsync();
        return 0;
    }
}
