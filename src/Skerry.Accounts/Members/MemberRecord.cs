using System.Text.Json.Serialization;

namespace Skerry.Accounts.Members;

/// <summary>A member of an account, or somebody who was invited. Immutable.</summary>
/// <param name="Id">32 hexadecimal digits; also the id of the user's membership.</param>
/// <param name="UserId">The user; null while it is pending, for then it is whoever has the e-mail address.</param>
/// <param name="Email">The e-mail address: that of the invitation, and then the user's.</param>
/// <param name="Status">Pending or accepted.</param>
/// <param name="Settings">The roles and policies.</param>
/// <param name="Version">Counts its changes.</param>
/// <param name="CreatedOn">When it was invited.</param>
/// <param name="ModifiedOn">When it was last changed, the acceptance included.</param>
public sealed record MemberRecord(
    string Id,
    string? UserId,
    string Email,
    MemberStatus Status,
    MemberSettings Settings,
    long Version,
    DateTimeOffset CreatedOn,
    DateTimeOffset ModifiedOn)
{
    /// <summary>Whether it can do everything in the account.</summary>
    [JsonIgnore]
    public bool IsSuperAdministrator => Status == MemberStatus.Accepted && Settings.IsSuperAdministrator;
}
