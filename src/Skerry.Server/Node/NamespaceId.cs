using System.Security.Cryptography;
using System.Text;
using Skerry.Accounts;
using Skerry.Objects;
using Skerry.Server.Management.Api;
using Skerry.Server.Management.Requests;

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

    /// <summary>The name of the namespace with an id.</summary>
    /// <exception cref="RequestException">There is none.</exception>
    public static string Find(NodeStatus node, string id) =>
        node.PublicNamespaces().Select(static one => one.Name).FirstOrDefault(one => Of(one) == id)
        ?? throw new RequestException(StatusCodes.Status404NotFound, ErrorCodes.NoSuchResource, $"There is no namespace {id}; list the namespaces to see their ids.");

    /// <summary>
    /// The namespaces that users see. Those of accounts are none of them: going back in time there would give back rights
    /// that were taken, and cut the audit log.
    /// </summary>
    public static IEnumerable<(string Name, string Class)> PublicNamespaces(this NodeStatus node) =>
        node.Namespaces.Where(static one => !one.Name.StartsWith(AccountsHostingExtensions.NamespacePrefix, StringComparison.Ordinal));
}
