using System.Collections.Concurrent;
using Skerry.Accounts;
using Skerry.Accounts.Tokens;
using Skerry.Accounts.Users;
using Skerry.Objects;

namespace Skerry.Server.Management.Access;

/// <summary>Sees to it that a token's record says when it was last used, to about a minute. Nobody waits for it. Thread-safe.</summary>
internal sealed partial class TokenUses(
    DurableObjectNamespace<IAccount> accounts, DurableObjectNamespace<IUser> users, TimeProvider time, ILogger<TokenUses> logger)
{
    private const int NotedMax = 100_000;
    private static readonly TimeSpan Step = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<string, long> _noted = new();

    /// <summary>Notes that a token is used now.</summary>
    public void Note(KnownToken token)
    {
        var now = time.GetTimestamp();
        var id = token.Record.Id;
        if (_noted.TryGetValue(id, out var last) && time.GetElapsedTime(last, now) < Step)
        {
            return;
        }

        if (_noted.Count >= NotedMax)
        {
            _noted.Clear();
        }

        // Of several at once one records it.
        if (last == 0 ? _noted.TryAdd(id, now) : _noted.TryUpdate(id, now, last))
        {
            _ = RecordAsync(token);
        }
    }

    private async Task RecordAsync(KnownToken token)
    {
        try
        {
            ITokenHolder holder = token.Owner.Kind == TokenKind.Account ? accounts.GetByName(token.Owner.OwnerId) : users.GetByName(token.Owner.OwnerId);
            await holder.RecordTokenUse(token.Record.Id, time.GetUtcNow());
        }
        catch (Exception e)
        {
            // The next use, a minute later, tries again.
            LogNotRecorded(logger, e);
        }
    }

    [LoggerMessage(7002, LogLevel.Debug, "The use of a token could not be recorded.")]
    private static partial void LogNotRecorded(ILogger logger, Exception error);
}
