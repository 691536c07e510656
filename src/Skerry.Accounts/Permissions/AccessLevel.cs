namespace Skerry.Accounts.Permissions;

/// <summary>Whether a permission lets one look or change.</summary>
public enum AccessLevel
{
    /// <summary>Look.</summary>
    Read,

    /// <summary>Make, change and delete. Who is allowed that is allowed <see cref="Read"/>.</summary>
    Write,
}
