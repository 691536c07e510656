using Skerry.Accounts;
using Skerry.Accounts.Audit;
using Skerry.Accounts.Directory;
using Skerry.Accounts.Policies;
using Skerry.Accounts.Roles;
using Skerry.Accounts.Tokens;
using Skerry.Objects;
using Skerry.Server.Configuration;

namespace Skerry.Server.Credentials;

/// <summary>
/// Sees to it that <c>credentials.json</c> has a token of the cluster's account that works: at the first start, and when the
/// one that is there was deleted or is another cluster's. Whoever may write in the data folder is the node's operator anyway.
/// </summary>
internal sealed partial class CredentialsIssuer(
    DurableObjectNamespace<IAccountDirectory> directory,
    DurableObjectNamespace<IAccount> accounts,
    Authorizer authorizer,
    SkerryServerOptions options,
    TimeProvider time,
    ILogger<CredentialsIssuer> logger)
{
    /// <summary>The name of the account that a cluster begins with.</summary>
    public const string AccountName = "default";

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
        var account = await directory.GetByName(IAccountDirectory.Name).OpenDefault(AccountName);
        if (credentials.AccountId == account.Id && credentials.ApiToken is { } value && await authorizer.FindAsync(value) is not null)
        {
            return credentials;
        }

        var name = options.IsFleet ? $"{CredentialsFile.Name} of {options.Node.Name}" : CredentialsFile.Name;
        var made = await accounts.GetByName(account.Id).CreateToken(new(name, [RoleTable.SuperAdministrator.ToPolicy(account.Id)]), Actor.System);
        return made.Value is { } token
            ? credentials with { AccountId = account.Id, ApiToken = token.Value }
            : throw new InvalidOperationException(made.Message);
    }

    [LoggerMessage(7100, LogLevel.Warning, "The account cannot be asked for a token yet, so credentials.json has none; it is tried again until it can: {Problem}")]
    private static partial void LogWaiting(ILogger logger, string problem);
}
