using Skerry.Accounts.Founding;
using Skerry.Objects;
using Skerry.Server.Management.Requests;

namespace Skerry.Server.Credentials;

/// <summary>The account that the cluster began with, whose members are its operators. Thread-safe.</summary>
internal sealed class ClusterAccount(DurableObjectNamespace<IAccountDirectory> directory)
{
    /// <summary>Its name.</summary>
    public const string Name = "default";

    // Nobody has it: mail to it stays on the machine. The owner gives himself another.
    private const string OwnerEmail = "owner@localhost";

    private volatile DefaultAccount? _known;

    /// <summary>The account and its first member; made if they are not there.</summary>
    /// <exception cref="DurableObjectException">It cannot be found out now.</exception>
    /// <exception cref="RequestException">It is just being made.</exception>
    public async Task<DefaultAccount> OpenAsync()
    {
        if (_known is { } known)
        {
            return known;
        }

        var answer = await directory.GetByName(IAccountDirectory.Name).OpenDefault(Name, OwnerEmail);
        return _known = answer.OrRefuse();
    }
}
