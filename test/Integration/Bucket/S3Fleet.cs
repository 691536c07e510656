using Integration.Fleet;
using Skerry.Objects.Tests.Fleet;
using Skerry.Storage.Tests.Buckets;

namespace Integration.Bucket;

/// <summary>Six nodes over a real S3 server, and a switch on the way to it; started once for all tests of a class.</summary>
public sealed class S3Fleet(MembershipServers servers, S3Server s3) : IAsyncLifetime
{
    private readonly BucketSwitch _way = new(s3.Port);
    private SkerryFleet? _fleet;

    /// <summary>The way to the bucket.</summary>
    internal BucketSwitch Way => _way;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    /// <summary>The fleet, with all nodes well and the bucket there.</summary>
    internal async Task<SkerryFleet> ReadyAsync()
    {
        if (_fleet is null)
        {
            return _fleet = await SkerryFleet.StartAsync(
                servers,
                nodes: 6,
                settings:
                [
                    "--bucket-url", $"s3://skerry/run-{Guid.NewGuid():N}",
                    "--bucket-endpoint", $"http://127.0.0.1:{_way.Port}",
                    "--bucket-access-key", s3.Options().AccessKey!,
                    "--bucket-secret-key", s3.Options().SecretKey!,
                ]);
        }

        await _way.TurnAsync(BucketWay.Open);
        await _fleet.RestoreAsync();
        return _fleet;
    }

    public async ValueTask DisposeAsync()
    {
        if (_fleet is { } fleet)
        {
            await fleet.DisposeAsync();
        }

        await _way.DisposeAsync();
    }
}
