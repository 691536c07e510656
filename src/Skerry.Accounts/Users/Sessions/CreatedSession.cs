namespace Skerry.Accounts.Users.Sessions;

/// <summary>A session just begun, with its value, which is kept nowhere.</summary>
/// <param name="UserId">Whose.</param>
/// <param name="Session">What is stored of it.</param>
/// <param name="Value">A user's token (<c>sku_…</c>), to be shown to the client once.</param>
public sealed record CreatedSession(string UserId, SessionRecord Session, string Value)
{
    /// <summary>Without the value.</summary>
    public override string ToString() => $"session {Session.Id} of {UserId}";
}
