namespace Skerry.Bench;

/// <summary>First arguments that make this program a part of a figure, in a child process of its own.</summary>
internal static class ChildTasks
{
    /// <summary>Serves our flights; further arguments are port and data folder.</summary>
    public const string ServeFlights = "serve-flights";

    /// <summary>Makes or activates objects and says what they weigh; further arguments are task and data folder.</summary>
    public const string HoldObjects = "hold-objects";

    /// <summary>Is one node of a fleet; further arguments are <see cref="Fleet.FleetNodeArguments"/>.</summary>
    public const string FleetNode = "fleet-node";

    /// <summary>Stores frames for a leader; further arguments are port, cluster key, data folder.</summary>
    public const string Follower = "follower";
}
