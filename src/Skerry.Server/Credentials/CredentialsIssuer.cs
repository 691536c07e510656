using System.Net;
using Skerry.Accounts;
using Skerry.Accounts.Audit;
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
        if (credentials.AccountId == known.AccountId && credentials.ApiToken is { } value && await authorizer.FindAsync(value) is { } token
            && authorizer.DecideUse(token, IPAddress.Loopback).IsAllowed)
        {
            return credentials;
        }

        // The owner's own as long as he is one; a token of the account is what everybody else could be given.
        var owner = await accounts.GetByName(known.AccountId).FindMember(known.OwnerId);
        var name = options.IsFleet ? $"{CredentialsFile.Name} of {options.Node.Name}" : CredentialsFile.Name;
        ITokenHolder holder = owner is { IsSuperAdministrator: true } ? users.GetByName(known.OwnerId) : accounts.GetByName(known.AccountId);
        await EndOthersAsync(holder, name);
        var made = Need(await holder.CreateToken(
            new(name, owner is { IsSuperAdministrator: true } ? UserRights.EverythingOf(known.OwnerId) : [RoleTable.SuperAdministrator.ToPolicy(known.AccountId)]), Actor.System));
        return credentials with { AccountId = known.AccountId, ApiToken = made.Value };
    }

    // Of whoever has moved the file away or lost it, the one that was in it is nobody's any more.
    private static async Task EndOthersAsync(ITokenHolder holder, string name)
    {
        foreach (var old in (await holder.ListTokens(0, ITokenHolder.ListMax)).Tokens.Where(one => one.Settings.Name == name))
        {
            await holder.DeleteToken(old.Id, old.Version, Actor.System);
        }
    }

    private static T Need<T>(Answer<T> answer)
        where T : class => answer.Value ?? throw new InvalidOperationException(answer.Message);

    [LoggerMessage(7100, LogLevel.Warning, "The account cannot be asked for a token yet, so credentials.json has none; it is tried again until it can: {Problem}")]
    private static partial void LogWaiting(ILogger logger, string problem);
}
