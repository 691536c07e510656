using System.Buffers.Binary;
using System.Security.Cryptography;
using Skerry.Objects;

namespace Skerry.Accounts.Users.Passkeys;

/// <summary>
/// The challenges that a user's authenticators are asked to sign. Anybody may ask for one, so they are not stored: each has
/// its own end in it and a code by a key that the user's object keeps, and only those that were answered are noted, until they
/// end. So nobody can push out anybody's.
/// </summary>
/// <param name="parts">The user's object.</param>
internal sealed class PasskeyChallenges(ObjectParts parts)
{
    /// <summary>How long a challenge can be answered.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(5);

    private const int EndBytes = sizeof(long);
    private const int RandomBytes = 24;
    private const int KeyBytes = 32;

    public static void Create(SqlStorage sql) => sql.Exec(
        """
        CREATE TABLE passkey_key (key BLOB NOT NULL);
        CREATE TABLE answered_challenges (challenge BLOB PRIMARY KEY, ends_on INTEGER NOT NULL) WITHOUT ROWID
        """);

    /// <summary>Makes the key of a new user.</summary>
    public void MakeKey()
    {
        var key = new byte[KeyBytes];
        parts.Random.GetBytes(key);
        parts.Sql.Exec("INSERT INTO passkey_key (key) VALUES (?)", key);
    }

    /// <summary>A challenge; of a user who is not there it looks the same, and is good for nothing.</summary>
    public byte[] Ask(PasskeyPurpose purpose, bool userExists)
    {
        var challenge = new byte[EndBytes + RandomBytes + HMACSHA256.HashSizeInBytes];
        BinaryPrimitives.WriteInt64BigEndian(challenge, (parts.Now() + Lifetime).ToUnixTimeMilliseconds());
        parts.Random.GetBytes(challenge.AsSpan(EndBytes));
        if (userExists)
        {
            CodeOf(challenge, purpose).CopyTo(challenge, EndBytes + RandomBytes);
        }

        return challenge;
    }

    /// <summary>Whether a challenge was asked for, has not ended and was not answered before.</summary>
    public bool IsGood(byte[] challenge, PasskeyPurpose purpose) =>
        challenge.Length == EndBytes + RandomBytes + HMACSHA256.HashSizeInBytes
        && CryptographicOperations.FixedTimeEquals(challenge.AsSpan(EndBytes + RandomBytes), CodeOf(challenge, purpose))
        && EndOf(challenge) > parts.Now().ToUnixTimeMilliseconds()
        && parts.Sql.Exec<long>("SELECT count(*) FROM answered_challenges WHERE challenge = ?", challenge).One() == 0;

    /// <summary>Notes that a challenge was answered, in the transaction of what that does.</summary>
    public void Answer(byte[] challenge)
    {
        parts.Sql.Exec("DELETE FROM answered_challenges WHERE ends_on <= ?", parts.Now());
        parts.Sql.Exec("INSERT INTO answered_challenges (challenge, ends_on) VALUES (?, ?)", challenge, EndOf(challenge));
    }

    public void DeleteAll() => parts.Sql.Exec("DELETE FROM answered_challenges");

    private byte[] CodeOf(byte[] challenge, PasskeyPurpose purpose)
    {
        var key = parts.Sql.Exec<byte[]>("SELECT key FROM passkey_key").One();
        byte[] coded = [(byte)purpose, .. challenge.AsSpan(0, EndBytes + RandomBytes)];
        return HMACSHA256.HashData(key, coded);
    }

    private static long EndOf(byte[] challenge) => BinaryPrimitives.ReadInt64BigEndian(challenge);
}
