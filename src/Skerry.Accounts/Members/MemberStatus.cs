namespace Skerry.Accounts.Members;

/// <summary>How far a membership has come.</summary>
public enum MemberStatus
{
    /// <summary>Invited. It gives no rights, and belongs to whoever has the e-mail address when it is accepted.</summary>
    Pending,

    /// <summary>Accepted by a user.</summary>
    Accepted,
}
