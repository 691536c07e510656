using Skerry.Objects;

namespace Skerry.Accounts.Directory;

/// <summary>
/// Knows the account that a cluster begins with, so that all of its nodes have the same one. There is one of it; its
/// object's name is <see cref="Name"/>.
/// </summary>
public interface IAccountDirectory : IDurableObject
{
    /// <summary>The name of the one object.</summary>
    const string Name = "default";

    /// <summary>The account; whoever asks first makes it.</summary>
    /// <param name="name">Its name, if it has to be made.</param>
    Task<AccountInfo> OpenDefault(string name);
}
