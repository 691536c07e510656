using System.Security.Cryptography;
using System.Text;

namespace Skerry.Server.Node;

/// <summary>One durable object namespace of the node.</summary>
/// <param name="Name">The namespace's name.</param>
/// <param name="ClassName">The class of its objects.</param>
/// <param name="ActiveObjects">How many of its objects are in memory now.</param>
internal sealed record NamespaceFacts(string Name, string ClassName, int ActiveObjects)
{
    /// <summary>
    /// The namespace's id in the management API: 32 hexadecimal digits made from the name, so that it needs no record
    /// of its own and is the same on every node.
    /// </summary>
    public string Id => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes("namespace:" + Name)).AsSpan(0, 16));
}
