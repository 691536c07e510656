using Skerry.Accounts;
using Skerry.Accounts.Audit;
using Skerry.Accounts.Permissions;
using Skerry.Accounts.Policies;
using Skerry.Accounts.Roles;
using Skerry.Accounts.Users;
using Skerry.Objects;
using Skerry.Server.Configuration;

namespace Skerry.Server.Credentials;

/// <summary>
/// Sees to it that <c>credentials.json</c> has a token that works, of the owner of the cluster's account: at the first start, and when the
/// one that is there was deleted or is another cluster's. Whoever may write in the data folder is the node's operator anyway.
/// </summary>
internal sealed partial class CredentialsIssuer(
    ClusterAccount cluster,
    DurableObjectNamespace<IAccount> accounts,
    DurableObjectNamespace<IUser> users,
    Authorizer authorizer,
    SkerryServerOptions options,
    TimeProvider time,
    ILogger<CredentialsIssuer> logger)
{
    // A fleet that has just been started, of which too few nodes run to confirm anything, soon has more.
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    /// <summary>Writes the file with a token that works; as often as it takes.</summary>
    /// <param name="credentials">What is in the file.</param>
    /// <param name="cancel">Ends it.</param>
    public async Task<NodeCredentials> IssueAsync(NodeCredentials credentials, CancellationToken cancel)
    {
        // Asked for once: a disk that is full must not make a token for each attempt to write it.
        NodeCredentials? issued = null;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                issued ??= await FindAsync(credentials);
                if (issued != credentials)
                {
                    CredentialsFile.Save(options.DataFolder, issued);
                }

                return issued;
            }
            catch (Exception e) when (!cancel.IsCancellationRequested)
            {
                if (attempt == 1)
                {
                    LogWaiting(logger, e.Message.ReplaceLineEndings(" "));
                }
            }

            await Task.Delay(RetryAfter, time, cancel);
        }
    }

    private async Task<NodeCredentials> FindAsync(NodeCredentials credentials)
    {
        var known = await cluster.OpenAsync();
        if (credentials.AccountId == known.AccountId && credentials.ApiToken is { } value && await authorizer.FindAsync(value) is not null)
        {
            return credentials;
        }

        // The owner's own as long as he is one; a token of the account is what everybody else could be given.
        var owner = await accounts.GetByName(known.AccountId).FindMember(known.OwnerId);
        var name = options.IsFleet ? $"{CredentialsFile.Name} of {options.Node.Name}" : CredentialsFile.Name;
        var made = Need(owner is { IsSuperAdministrator: true }
            ? await users.GetByName(known.OwnerId).CreateToken(new(name, OfOwner(known.OwnerId)), Actor.System)
            : await accounts.GetByName(known.AccountId).CreateToken(new(name, [RoleTable.SuperAdministrator.ToPolicy(known.AccountId)]), Actor.System));
        return credentials with { AccountId = known.AccountId, ApiToken = made.Value };
    }

    // Everything that is his, here and in every account in which he is a member.
    private static IReadOnlyList<Policy> OfOwner(string id) =>
    [
        Everything("user", PermissionGroups.UserScope, ResourceName.User(id)),
        Everything("accounts", PermissionGroups.AccountScope, ResourceName.AllAccounts),
    ];

    private static Policy Everything(string id, string scope, ResourceName on) => new(
        id, PolicyEffect.Allow, [.. PermissionGroups.OfScope(scope).Select(static one => one.Id)], new Dictionary<string, string> { [on.ToString()] = "*" });

    private static T Need<T>(Answer<T> answer)
        where T : class => answer.Value ?? throw new InvalidOperationException(answer.Message);

    [LoggerMessage(7100, LogLevel.Warning, "The account cannot be asked for a token yet, so credentials.json has none; it is tried again until it can: {Problem}")]
    private static partial void LogWaiting(ILogger logger, string problem);
}
