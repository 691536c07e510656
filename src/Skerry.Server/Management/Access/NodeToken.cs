using System.Security.Cryptography;
using System.Text;
using Skerry.Accounts.Permissions;
using Skerry.Accounts.Policies;
using Skerry.Accounts.Tokens;
using Skerry.Server.Credentials;

namespace Skerry.Server.Management.Access;

/// <summary>
/// The token of this node alone. It may look at the nodes, and nothing else; it is known without asking any object, so
/// that an operator sees what is wrong with a fleet that confirms nothing.
/// </summary>
internal sealed class NodeToken
{
    /// <summary>The account to name where a node's token is used: it does not matter.</summary>
    public const string AnyAccount = "00000000000000000000000000000000";

    private readonly byte[] _expected;
    private readonly KnownToken _token;

    /// <summary>Takes it from the credentials.</summary>
    public NodeToken(NodeCredentials credentials)
    {
        _expected = Hash(credentials.NodeToken);
        var policy = new Policy(
            "node",
            PolicyEffect.Allow,
            [PermissionGroups.FindFor(new(Product.Nodes, AccessLevel.Read))!.Id],
            new Dictionary<string, string> { [ResourceName.Account(AnyAccount).ToString()] = "*" });
        _token = new(
            new(TokenKind.Account, AnyAccount, "node"),
            new("node", new("node_token of credentials.json", [policy]), 1, default, default, null));
    }

    /// <summary>The token, if the value is this one's; else null.</summary>
    public KnownToken? Find(ReadOnlySpan<char> text) => CryptographicOperations.FixedTimeEquals(Hash(text), _expected) ? _token : null;

    /// <summary>Whether a request's token is a node's.</summary>
    public static bool IsOne(KnownToken token) => token.Owner.OwnerId == AnyAccount;

    private static byte[] Hash(ReadOnlySpan<char> text)
    {
        var bytes = new byte[Encoding.UTF8.GetByteCount(text)];
        Encoding.UTF8.GetBytes(text, bytes);
        return SHA256.HashData(bytes);
    }
}
