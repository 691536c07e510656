using Skerry.Accounts.Permissions;
using Skerry.Accounts.Policies;

namespace Skerry.Server.Management.Api;

/// <summary>One operation of the API, as its document describes it. Immutable.</summary>
/// <param name="Id">The operation's id.</param>
/// <param name="Method">The HTTP method, in capitals.</param>
/// <param name="Path">The path, with its parameters in braces.</param>
/// <param name="Needs">The permissions of which any one is enough; none: every token may.</param>
/// <param name="IsOpen">Whether it is answered without a token.</param>
internal sealed record ApiOperation(string Id, string Method, string Path, IReadOnlyList<Permission> Needs, bool IsOpen)
{
    /// <summary>The path's parameter for an account.</summary>
    public const string AccountParameter = "account_id";

    private const string Root = "/client/v4";

    /// <summary>Whether it is about the user whose token is sent, so that an account's token has no business here.</summary>
    public bool IsOfUser { get; } = Path.StartsWith($"{Root}/user", StringComparison.Ordinal) || Path.StartsWith($"{Root}/memberships", StringComparison.Ordinal);

    /// <summary>What a call is about.</summary>
    /// <param name="accountId">The account in its path; null if its path has none.</param>
    /// <param name="ownerId">Whose token it carries.</param>
    public ResourceName ResourceOf(string? accountId, string ownerId) =>
        accountId is not null ? ResourceName.Account(accountId)
        : IsOfUser ? ResourceName.User(ownerId)
        : ResourceName.AllAccounts;

    /// <summary>For people: what a token needs to call it.</summary>
    public string Wanted => Needs.Count == 0 ? "any token" : string.Join(" or ", Needs.Select(static one => $"'{one}'"));
}
