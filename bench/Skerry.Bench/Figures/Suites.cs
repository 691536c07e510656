namespace Skerry.Bench.Figures;

/// <summary>The suites by name, each with its figures in the order they are taken.</summary>
internal static class Suites
{
    /// <summary>Every suite there is.</summary>
    public static IReadOnlyDictionary<string, IReadOnlyList<IFigure>> All { get; } =
        new Dictionary<string, IReadOnlyList<IFigure>>(StringComparer.Ordinal)
        {
            ["objects"] =
            [
                new SqlSelectPrimaryKey(),
                new NPlusOneAgainstJoin(),
                new NPlusOneAgainstPostgres(),
                new ObjectCall(),
                new ConfirmedWrites(),
                new HttpAssignSeat(),
                new HttpGetAvailable(),
                new ColdActivation(),
                new ActiveObjectBytes(),
            ],
            ["relay"] =
            [
                new ConfirmLatency(),
                new FollowerNetworkBytes(),
                new FollowerDiskBytes(),
                new FleetConfirmedWrites(),
                new BucketPuts(),
                new Failover(),
                new Recovery(),
                new Restore100Mb(),
            ],
            ["accounts"] =
            [
                new AuthorizeCached(),
                new AuthorizeCold(),
            ],
        };
}
