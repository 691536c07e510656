using Skerry.Objects;

namespace Skerry.Accounts.Founding;

/// <summary>
/// Knows the account that a cluster begins with and its owner, so that all of its nodes have the same ones. There is one of
/// it; its object's name is <see cref="Name"/>.
/// </summary>
public interface IAccountDirectory : IDurableObject
{
    /// <summary>The name of the one object.</summary>
    const string Name = "default";

    /// <summary>The account; whoever asks first makes it, and its owner. Can be repeated, also if it has failed on its way.</summary>
    /// <param name="name">The account's name, if it has to be made.</param>
    /// <param name="email">The owner's e-mail address, likewise. He has no password until he sets one.</param>
    Task<Answer<DefaultAccount>> OpenDefault(string name, string email);
}
