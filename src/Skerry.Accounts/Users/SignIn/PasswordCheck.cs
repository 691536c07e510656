namespace Skerry.Accounts.Users.SignIn;

/// <summary>What came of comparing a password with its hash.</summary>
internal enum PasswordCheck
{
    /// <summary>It is another. The default.</summary>
    Wrong,

    /// <summary>It is the one.</summary>
    Right,

    /// <summary>It is the one, and its hash is weaker than hashes are made now.</summary>
    RightButWeak,

    /// <summary>Too many others are being compared; nothing was.</summary>
    Busy,
}
