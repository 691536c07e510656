using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Skerry.Objects;

namespace Skerry.Accounts.Audit;

/// <summary>
/// An object's audit log, a table of its own database. Whoever changes something adds the entry in the same transaction,
/// so that there is never the one without the other.
/// </summary>
/// <remarks>
/// Entries are a hash chain: each one's hash is the SHA-256 of the hash before it, its number (8 bytes, big endian) and its
/// JSON. Who changes, removes or puts in an entry has to make all later hashes anew, and then they differ from what anybody
/// has noted of them.
/// </remarks>
internal sealed class AuditLog(SqlStorage sql)
{
    /// <summary>The most entries that <see cref="Verify"/> goes through at once: others wait for the object meanwhile.</summary>
    public const int VerifyMax = 10_000;

    /// <summary>Makes the table.</summary>
    public static void Create(SqlStorage sql) => sql.Exec(
        """
        CREATE TABLE audit (
            seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, action TEXT NOT NULL, resource_type TEXT NOT NULL, resource_id TEXT NOT NULL,
            token_id TEXT, entry TEXT NOT NULL, hash BLOB NOT NULL);
        CREATE INDEX audit_action ON audit (action, seq);
        CREATE INDEX audit_resource ON audit (resource_id, seq);
        CREATE INDEX audit_token ON audit (token_id, seq)
        """);

    /// <summary>Adds an entry.</summary>
    public void Add(AuditEntry entry)
    {
        var json = JsonSerializer.Serialize(entry, AccountsJson.Default.AuditEntry);
        var last = sql.Exec<Link>("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1").FirstOrDefault() ?? Link.Origin;
        sql.Exec(
            "INSERT INTO audit (seq, at, action, resource_type, resource_id, token_id, entry, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            last.Seq + 1, entry.At, entry.Action, entry.ResourceType, entry.ResourceId, entry.Actor.TokenId, json, HashOf(last.Hash, last.Seq + 1, json));
    }

    /// <summary>Whether anything was ever done to a thing.</summary>
    public bool Knows(string resourceId) => sql.Exec<long>("SELECT EXISTS (SELECT 1 FROM audit WHERE resource_id = ?)", resourceId).One() > 0;

    /// <summary>Reads a part.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The limit is not accepted.</exception>
    public AuditPage Read(AuditQuery query)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(query.Limit);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(query.Limit, AuditQuery.LimitMax);
        List<string> conditions = [];
        List<SqlValue> values = [];
        Where("at >= ?", query.Since);
        Where("at < ?", query.Before);
        Where("action = ?", query.Action);
        Where("resource_type = ?", query.ResourceType);
        Where("resource_id = ?", query.ResourceId);
        Where("token_id = ?", query.TokenId);
        Where(query.Ascending ? "seq > ?" : "seq < ?", query.After);

        // One more than asked for tells whether there is a next part.
        var found = sql.Exec<Filed>(
            $"""
            SELECT seq, entry FROM audit {(conditions.Count > 0 ? "WHERE " : "")}{string.Join(" AND ", conditions)}
            ORDER BY seq {(query.Ascending ? "ASC" : "DESC")} LIMIT ?
            """,
            [.. values, query.Limit + 1L]).ToList();
        var part = found.Take(query.Limit).ToList();
        return new([.. part.Select(static row => Parse(row.Entry))], found.Count > query.Limit ? part[^1].Seq : null);

        void Where(string condition, SqlValue value)
        {
            if (value.Type != SqlType.Null)
            {
                conditions.Add(condition);
                values.Add(value);
            }
        }
    }

    /// <summary>Goes through a part of the chain.</summary>
    public AuditProof Verify(AuditProof? after)
    {
        var (last, head) = (0L, Link.Origin.Hash);
        if (after is { Entries: > 0 })
        {
            (last, head) = (after.Entries, sql.Exec<byte[]>("SELECT hash FROM audit WHERE seq = ?", after.Entries).OneOrDefault() ?? []);
            if (Convert.ToHexStringLower(head) != after.Head)
            {
                return Broken($"entry {last} is not the one that was noted");
            }
        }

        var rows = sql.Exec<Row>(
            "SELECT seq, at, action, resource_type, resource_id, token_id, entry, hash FROM audit WHERE seq > ? ORDER BY seq LIMIT ?", last, VerifyMax).ToList();
        foreach (var row in rows)
        {
            if (row.Seq != last + 1)
            {
                return Broken($"entry {last + 1} is gone");
            }

            var hash = HashOf(head, row.Seq, row.Entry);
            if (!hash.AsSpan().SequenceEqual(row.Hash))
            {
                return Broken($"entry {row.Seq} does not match its hash, or the one before it was changed");
            }

            // What is looked for is beside the entry, and no part of what is hashed.
            var entry = Parse(row.Entry);
            if ((row.At, row.Action, row.ResourceType, row.ResourceId, row.TokenId)
                != (entry.At.ToUnixTimeMilliseconds(), entry.Action, entry.ResourceType, entry.ResourceId, entry.Actor.TokenId))
            {
                return Broken($"entry {row.Seq} is filed under something else than it says");
            }

            (last, head) = (row.Seq, hash);
        }

        return new(last, Convert.ToHexStringLower(head), rows.Count < VerifyMax, null);

        AuditProof Broken(string problem) => new(last, Convert.ToHexStringLower(head), true, problem);
    }

    private static AuditEntry Parse(string json) => JsonSerializer.Deserialize(json, AccountsJson.Default.AuditEntry)!;

    private static byte[] HashOf(byte[] before, long seq, string json)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> number = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(number, seq);
        hash.AppendData(before);
        hash.AppendData(number);
        hash.AppendData(Encoding.UTF8.GetBytes(json));
        return hash.GetHashAndReset();
    }

    private sealed record Link(long Seq, byte[] Hash)
    {
        public static Link Origin { get; } = new(0, new byte[SHA256.HashSizeInBytes]);
    }

    private sealed record Filed(long Seq, string Entry);

    private sealed record Row(long Seq, long At, string Action, string ResourceType, string ResourceId, string? TokenId, string Entry, byte[] Hash);
}
