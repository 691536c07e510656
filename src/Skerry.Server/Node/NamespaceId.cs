using System.Security.Cryptography;
using System.Text;
using Skerry.Accounts;
using Skerry.Objects;

namespace Skerry.Server.Node;

/// <summary>The ids that namespaces have in the management API.</summary>
internal static class NamespaceId
{
    /// <summary>
    /// 32 hexadecimal digits made from the namespace's name, so that the id needs no record of its own and is the same
    /// on every node.
    /// </summary>
    public static string Of(string name) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes("namespace:" + name)).AsSpan(0, 16));

    /// <summary>
    /// The namespaces that users see. Those of accounts are none of them: going back in time there would give back rights
    /// that were taken, and cut the audit log.
    /// </summary>
    public static IEnumerable<(string Name, string Class)> PublicNamespaces(this NodeStatus node) =>
        node.Namespaces.Where(static one => !one.Name.StartsWith(AccountsHostingExtensions.NamespacePrefix, StringComparison.Ordinal));
}
