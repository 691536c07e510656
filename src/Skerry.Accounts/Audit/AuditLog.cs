using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Skerry.Objects;

namespace Skerry.Accounts.Audit;

/// <summary>
/// An object's audit log, a table of its own database: an entry is written in the transaction of the change that it tells
/// of, so there is never the one without the other.
/// </summary>
/// <remarks>
/// Entries are a hash chain: each one's hash is the SHA-256 of the hash before it, its number (8 bytes, big endian) and its
/// JSON. Who changes, removes or puts in an entry has to make all later hashes anew, and then the last one differs from
/// what anybody has noted of it.
/// </remarks>
internal sealed class AuditLog
{
    private static readonly byte[] Origin = new byte[SHA256.HashSizeInBytes];

    private readonly SqlStorage _sql;
    private long _last;
    private byte[] _head = Origin;

    public AuditLog(SqlStorage sql)
    {
        _sql = sql;
        sql.Exec(
            """
            CREATE TABLE IF NOT EXISTS audit (
                seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, action TEXT NOT NULL, resource_type TEXT NOT NULL, resource_id TEXT NOT NULL,
                token_id TEXT, entry TEXT NOT NULL, hash BLOB NOT NULL);
            CREATE INDEX IF NOT EXISTS audit_at ON audit (at)
            """);
        if (sql.Exec<Link>("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1").FirstOrDefault() is { } link)
        {
            (_last, _head) = (link.Seq, link.Hash);
        }
    }

    /// <summary>Writes an entry.</summary>
    public void Add(AuditEntry entry)
    {
        var json = JsonSerializer.Serialize(entry, AccountsJson.Default.AuditEntry);
        var hash = Hash(_head, _last + 1, json);
        _sql.Exec(
            "INSERT INTO audit (seq, at, action, resource_type, resource_id, token_id, entry, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            _last + 1, entry.At, entry.Action, entry.ResourceType, entry.ResourceId, entry.Actor.TokenId, json, hash);
        (_last, _head) = (_last + 1, hash);
    }

    /// <summary>Reads a part.</summary>
    public AuditPage Read(AuditQuery query)
    {
        var order = query.Ascending ? "ASC" : "DESC";
        var beyond = query.Ascending ? ">" : "<";
        var found = _sql.Exec<Row>(
            $"""
            SELECT seq, entry FROM audit
            WHERE (?1 IS NULL OR at >= ?1) AND (?2 IS NULL OR at < ?2) AND (?3 IS NULL OR action = ?3) AND (?4 IS NULL OR resource_type = ?4)
                AND (?5 IS NULL OR resource_id = ?5) AND (?6 IS NULL OR token_id = ?6) AND (?7 IS NULL OR seq {beyond} ?7)
            ORDER BY seq {order} LIMIT ?8
            """,
            query.Since, query.Before, query.Action, query.ResourceType, query.ResourceId, query.TokenId, query.After, query.Limit + 1L).ToList();
        var part = found.Take(query.Limit).ToList();
        return new([.. part.Select(static row => Parse(row.Entry))], found.Count > query.Limit ? part[^1].Seq : null);
    }

    /// <summary>Goes through the chain.</summary>
    public AuditProof Verify()
    {
        var (last, head) = (0L, Origin);
        foreach (var row in _sql.Exec<Whole>("SELECT seq, at, action, resource_type, resource_id, token_id, entry, hash FROM audit ORDER BY seq"))
        {
            if (row.Seq != last + 1)
            {
                return Broken($"entry {last + 1} is gone");
            }

            var hash = Hash(head, row.Seq, row.Entry);
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

        return new(last, Convert.ToHexStringLower(head), null);

        AuditProof Broken(string problem) => new(last, Convert.ToHexStringLower(head), problem);
    }

    private static AuditEntry Parse(string json) => JsonSerializer.Deserialize(json, AccountsJson.Default.AuditEntry)!;

    private static byte[] Hash(byte[] before, long seq, string json)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> number = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(number, seq);
        hash.AppendData(before);
        hash.AppendData(number);
        hash.AppendData(Encoding.UTF8.GetBytes(json));
        return hash.GetHashAndReset();
    }

    private sealed record Link(long Seq, byte[] Hash);

    private sealed record Row(long Seq, string Entry);

    private sealed record Whole(long Seq, long At, string Action, string ResourceType, string ResourceId, string? TokenId, string Entry, byte[] Hash);
}
