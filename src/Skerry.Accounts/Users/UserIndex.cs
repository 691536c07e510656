using Skerry.Objects;

namespace Skerry.Accounts.Users;

/// <inheritdoc cref="IUserIndex"/>
public sealed class UserIndex : DurableObject, IUserIndex
{
    private static readonly TimeSpan ClaimTime = TimeSpan.FromMinutes(1);

    private readonly TimeProvider _time;

    /// <summary>Opens it.</summary>
    /// <param name="time">The clock.</param>
    public UserIndex(TimeProvider time)
    {
        _time = time;
        Sql.Exec(
            """
            CREATE TABLE IF NOT EXISTS users (
                key BLOB PRIMARY KEY, user_id TEXT NOT NULL, claimed_on INTEGER NOT NULL, is_confirmed INTEGER NOT NULL) WITHOUT ROWID;
            CREATE TABLE IF NOT EXISTS invitations (seq INTEGER PRIMARY KEY, key BLOB NOT NULL, account_id TEXT NOT NULL, member_id TEXT NOT NULL UNIQUE, filed_on INTEGER NOT NULL);
            CREATE INDEX IF NOT EXISTS invitations_key ON invitations (key, seq)
            """);
    }

    /// <inheritdoc/>
    public Task<string?> Find(byte[] key) =>
        Task.FromResult(Sql.Exec<string>("SELECT user_id FROM users WHERE key = ? AND is_confirmed = 1", key).OneOrDefault());

    /// <inheritdoc/>
    public Task<bool> Claim(byte[] key, string userId)
    {
        var now = _time.GetUtcNow();
        var claimed = Sql.Exec<string>(
            """
            INSERT INTO users (key, user_id, claimed_on, is_confirmed) VALUES (?1, ?2, ?3, 0)
            ON CONFLICT (key) DO UPDATE SET user_id = ?2, claimed_on = ?3
                WHERE user_id = ?2 OR (is_confirmed = 0 AND claimed_on <= ?4)
            RETURNING user_id
            """,
            key, userId, now, now - ClaimTime).OneOrDefault();
        return Task.FromResult(claimed is not null);
    }

    /// <inheritdoc/>
    public Task<bool> Confirm(byte[] key, string userId) =>
        Task.FromResult(Sql.Exec<string>("UPDATE users SET is_confirmed = 1 WHERE key = ? AND user_id = ? RETURNING user_id", key, userId).OneOrDefault() is not null);

    /// <inheritdoc/>
    public Task Release(byte[] key, string userId)
    {
        Sql.Exec("DELETE FROM users WHERE key = ? AND user_id = ?", key, userId);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<bool> AddInvitation(byte[] key, Invitation invitation)
    {
        if (Sql.Exec<long>("SELECT count(*) FROM invitations WHERE key = ?", key).One() >= IUserIndex.InvitationsMax)
        {
            return Task.FromResult(false);
        }

        Sql.Exec("INSERT OR IGNORE INTO invitations (key, account_id, member_id, filed_on) VALUES (?, ?, ?, ?)", key, invitation.AccountId, invitation.MemberId, invitation.FiledOn);
        return Task.FromResult(true);
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<Invitation>> ListInvitations(byte[] key) =>
        Task.FromResult<IReadOnlyList<Invitation>>(Sql.Exec<Invitation>("SELECT account_id, member_id, filed_on FROM invitations WHERE key = ? ORDER BY seq", key).ToList());

    /// <inheritdoc/>
    public Task RemoveInvitation(byte[] key, string memberId)
    {
        Sql.Exec("DELETE FROM invitations WHERE key = ? AND member_id = ?", key, memberId);
        return Task.CompletedTask;
    }
}
