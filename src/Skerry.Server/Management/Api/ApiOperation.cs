using Skerry.Accounts.Permissions;
using Skerry.Accounts.Policies;

namespace Skerry.Server.Management.Api;

/// <summary>One operation of the API, as its document describes it. Immutable.</summary>
/// <param name="Id">The operation's id.</param>
/// <param name="Method">The HTTP method, in capitals.</param>
/// <param name="Path">The path, with its parameters in braces.</param>
/// <param name="Needs">The permissions of which any one is enough; none: every token may.</param>
/// <param name="IsOpen">Whether it is answered without a token.</param>
/// <param name="IsOfCluster">Whether it is about the cluster, and so about its first account only.</param>
/// <param name="IsForSuperAdministrators">Whether it takes a token that may do everything in the account besides.</param>
/// <param name="IsForUsers">Whether it takes a user's token: one does for himself what it does.</param>
/// <param name="IsForWholeUser">Whether it takes a session besides, or a token that may do everything that its user may.</param>
internal sealed record ApiOperation(
    string Id,
    string Method,
    string Path,
    IReadOnlyList<Permission> Needs,
    bool IsOpen,
    bool IsOfCluster,
    bool IsForSuperAdministrators,
    bool IsForUsers,
    bool IsForWholeUser)
{
    /// <summary>The path's parameter for an account.</summary>
    public const string AccountParameter = "account_id";

    private const string Root = "/client/v4";

    /// <summary>Whether it is about the user whose token is sent, so that an account's token has no business here.</summary>
    public bool IsOfUser { get; } = Path.StartsWith($"{Root}/user", StringComparison.Ordinal) || Path.StartsWith($"{Root}/memberships", StringComparison.Ordinal);

    /// <summary>Whether it only says what a token is good for.</summary>
    public bool IsVerification { get; } = Path.EndsWith("/tokens/verify", StringComparison.Ordinal);

    /// <summary>Whether it makes or changes something of accounts and users, which an audit log keeps.</summary>
    public bool IsChange { get; } = Method != HttpMethods.Get && Method != HttpMethods.Delete
        && !Path.Contains("/workers/", StringComparison.Ordinal) && !Path.EndsWith("/audit/verify", StringComparison.Ordinal)
        && !Path.EndsWith("/explain", StringComparison.Ordinal) && !Path.EndsWith("/begin", StringComparison.Ordinal);

    /// <summary>What a call without an account in its path is about.</summary>
    /// <param name="ownerId">Whose token it carries.</param>
    public ResourceName ResourceOf(string ownerId) => IsOfUser ? ResourceName.User(ownerId) : ResourceName.AllAccounts;

    /// <summary>For people: what a token needs to call it.</summary>
    public string Wanted => (Needs.Count == 0 ? "any token" : string.Join(" or ", Needs.Select(static one => $"'{one}'")))
        + (IsOfCluster ? " in the first account of the cluster" : "")
        + (IsForSuperAdministrators ? ", and everything else that a super administrator may" : "")
        + (IsForWholeUser ? ", in a session or a token that may do everything that the user may, always and from everywhere" : "");
}
