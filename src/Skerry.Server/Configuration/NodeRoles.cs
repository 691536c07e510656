using System.Diagnostics.CodeAnalysis;

namespace Skerry.Server.Configuration;

/// <summary>What a node does.</summary>
[Flags]
public enum NodeRoles
{
    /// <summary>Nothing; no node is like this.</summary>
    None = 0,

    /// <summary>Has objects. Without it a node calls those of others, and follows other nodes' logs all the same.</summary>
    Objects = 1,

    /// <summary>Serves the objects' HTTP at the gateway; without it that listener is not opened.</summary>
    Gateway = 2,

    /// <summary>Serves the management API and the dashboard; without it that listener is not opened.</summary>
    Api = 4,

    /// <summary>All of it.</summary>
    All = Objects | Gateway | Api,
}

/// <summary>The text of <see cref="NodeRoles"/>.</summary>
internal static class NodeRolesText
{
    /// <summary>What <see cref="TryParse"/> accepts, for error messages.</summary>
    public const string Accepted = "one or more of objects, gateway and api, with commas between";

    /// <summary>Parses a comma-separated list.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out NodeRoles roles)
    {
        roles = NodeRoles.None;
        foreach (var name in text.Split(',', StringSplitOptions.TrimEntries))
        {
            NodeRoles role = name switch
            {
                "objects" => NodeRoles.Objects,
                "gateway" => NodeRoles.Gateway,
                "api" => NodeRoles.Api,
                _ => NodeRoles.None,
            };
            if (role == NodeRoles.None)
            {
                return false;
            }

            roles |= role;
        }

        return true;
    }
}
