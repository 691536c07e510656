using System.Security.Cryptography;
using System.Text;

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
}
