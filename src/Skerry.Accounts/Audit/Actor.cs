namespace Skerry.Accounts.Audit;

/// <summary>Who changes something, and by what request. Immutable.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Id">The user's or account's id; null for the system.</param>
/// <param name="TokenId">The token that the request carried; null if it carried none.</param>
/// <param name="TokenName">That token's name at the time.</param>
/// <param name="Address">Where the request came from; null if it came from no request.</param>
/// <param name="Request">The request, such as <c>POST /client/v4/accounts/…/tokens</c>; null if there was none.</param>
/// <param name="RequestId">The request's id, as its answer has it; null if there was none.</param>
/// <param name="UserAgent">What the client calls itself; null if it does not.</param>
public sealed record Actor(
    ActorKind Kind,
    string? Id = null,
    string? TokenId = null,
    string? TokenName = null,
    string? Address = null,
    string? Request = null,
    string? RequestId = null,
    string? UserAgent = null)
{
    /// <summary>The node itself, at its start.</summary>
    public static Actor System { get; } = new(ActorKind.System);
}
