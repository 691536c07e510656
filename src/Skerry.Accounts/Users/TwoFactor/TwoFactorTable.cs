using System.Security.Cryptography;
using System.Text;
using OtpNet;
using Skerry.Objects;

namespace Skerry.Accounts.Users.TwoFactor;

/// <summary>
/// A user's second factor, tables of his object's database: codes by time (RFC 6238, six digits, 30 s, SHA-1, as all apps have
/// them) and recovery codes. The secret is stored as it is, for codes are computed from it: who can read the database can
/// compute them. Of recovery codes only hashes are stored; with 80 random bits each a fast hash is enough.
/// </summary>
/// <param name="parts">The user's object.</param>
internal sealed class TwoFactorTable(ObjectParts parts)
{
    /// <summary>The longest code, blanks and dashes of recovery codes included.</summary>
    public const int CodeCharsMax = 64;

    private const string Issuer = "Skerry";
    private const int SecretBytes = 20; // As long as SHA-1's output, RFC 4226, 4.
    private const int RecoveryCodesCount = 10;
    private const int RecoveryCodeBytes = 10;
    private const int RecoveryGroupChars = 4;

    // Whoever begins an enrolment and leaves it must not find it open much later.
    private static readonly TimeSpan EnrolmentTime = TimeSpan.FromMinutes(15);

    public static void Create(SqlStorage sql) => sql.Exec(
        """
        CREATE TABLE two_factor (secret BLOB NOT NULL, begun_on INTEGER NOT NULL, is_enabled INTEGER NOT NULL, last_step INTEGER NOT NULL);
        CREATE TABLE recovery_codes (hash BLOB PRIMARY KEY) WITHOUT ROWID
        """);

    public bool IsEnabled => Find() is { IsEnabled: true };

    /// <summary>Begins an enrolment in place of any that was begun. Codes are not asked for before it is confirmed.</summary>
    public Answer<TwoFactorEnrolment> Begin(UserRow user)
    {
        if (user.PasswordHash is null)
        {
            return new(null, AccountsFault.Invalid, "There is no password that a code could be asked for besides; set one first.");
        }

        if (IsEnabled)
        {
            return new(null, AccountsFault.Taken, "The second factor is enabled already; disable it first.");
        }

        var secret = new byte[SecretBytes];
        parts.Random.GetBytes(secret);
        parts.Storage.TransactionSync(() =>
        {
            Remove();
            parts.Sql.Exec("INSERT INTO two_factor (secret, begun_on, is_enabled, last_step) VALUES (?, ?, 0, 0)", secret, parts.Now());
        });
        var text = Base32Encoding.ToString(secret);
        return new TwoFactorEnrolment(text, new OtpUri(OtpType.Totp, text, user.Email, Issuer).ToString());
    }

    /// <summary>Enables it, if a code proves that the app has the secret that was begun with. The code is used up by that.</summary>
    /// <param name="code">The code.</param>
    /// <param name="log">Adds the entry that says so.</param>
    public Answer<RecoveryCodes> Confirm(string code, Action log)
    {
        if (code is null or { Length: > CodeCharsMax }
            || Find() is not { IsEnabled: false } begun || begun.BegunOn <= parts.Now() - EnrolmentTime || StepOf(begun, code) is not { } step)
        {
            return new(null, AccountsFault.NotProved, "The code is wrong, or the enrolment was not begun within 15 minutes.");
        }

        string[] codes = [.. Enumerable.Range(0, RecoveryCodesCount).Select(_ => NewRecoveryCode())];
        parts.Storage.TransactionSync(() =>
        {
            parts.Sql.Exec("UPDATE two_factor SET is_enabled = 1, last_step = ?", step);
            foreach (var one in codes)
            {
                parts.Sql.Exec("INSERT INTO recovery_codes (hash) VALUES (?)", HashOf(one));
            }

            log();
        });
        return new RecoveryCodes(codes);
    }

    /// <summary>Takes it away, begun or enabled.</summary>
    public void Remove()
    {
        parts.Sql.Exec("DELETE FROM two_factor");
        parts.Sql.Exec("DELETE FROM recovery_codes");
    }

    /// <summary>Uses up a code or a recovery code; false if it is none, or none any more.</summary>
    public bool TryUse(string code)
    {
        if (Find() is not { IsEnabled: true } factor)
        {
            return false;
        }

        if (StepOf(factor, code) is { } step)
        {
            parts.Sql.Exec("UPDATE two_factor SET last_step = ?", step);
            return true;
        }

        return parts.Sql.Exec<byte[]>("DELETE FROM recovery_codes WHERE hash = ? RETURNING hash", HashOf(code)).OneOrDefault() is not null;
    }

    // The 30 s of a code that is good now: those of the clock, or the ones before or after, later than the last that was used.
    private long? StepOf(Row factor, string code) =>
        new Totp(factor.Secret).VerifyTotp(parts.Now().UtcDateTime, Plain(code), out var step, VerificationWindow.RfcSpecifiedNetworkDelay) && step > factor.LastStep
            ? step
            : null;

    private string NewRecoveryCode()
    {
        Span<byte> bytes = stackalloc byte[RecoveryCodeBytes];
        parts.Random.GetBytes(bytes);
        return string.Join('-', Base32Encoding.ToString(bytes.ToArray()).ToLowerInvariant().Chunk(RecoveryGroupChars).Select(static group => new string(group)));
    }

    private static byte[] HashOf(string code) => SHA256.HashData(Encoding.UTF8.GetBytes(Plain(code)));

    // People copy codes with blanks, dashes and capitals.
    private static string Plain(string code) => code.Replace("-", "", StringComparison.Ordinal).Replace(" ", "", StringComparison.Ordinal).ToLowerInvariant();

    private Row? Find() => parts.Sql.Exec<Row>("SELECT secret, begun_on, is_enabled, last_step FROM two_factor").OneOrDefault();

    private sealed record Row(byte[] Secret, DateTimeOffset BegunOn, bool IsEnabled, long LastStep);
}
