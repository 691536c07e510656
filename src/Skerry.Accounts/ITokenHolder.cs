using Skerry.Accounts.Audit;
using Skerry.Accounts.Tokens;
using Skerry.Objects;

namespace Skerry.Accounts;

/// <summary>
/// What an account and a user have in common: tokens that it owns, and the log of everything that was changed in it. Its
/// object's name is its id. Whether somebody may do something is not asked here: the authorizer has said so before.
/// </summary>
/// <remarks>
/// <para>Whoever was allowed to change a token because of what it was names its version, so that nothing else is changed:
/// else a token could be made stronger between the authorizer's look at it and the roll that reveals its value.</para>
/// <para>One that was never made has no tokens and no log, and asking for it leaves nothing behind.</para>
/// <para>Going back to an earlier state, as any object can, would give back rights that were taken since then, and cut the
/// log; whoever offers that to operators must leave these objects out.</para>
/// </remarks>
public interface ITokenHolder : IDurableObject
{
    /// <summary>The most tokens of one holder.</summary>
    const int TokensMax = 10_000;

    /// <summary>The most entries of one part of a list.</summary>
    const int ListMax = 1_000;

    /// <summary>Makes a token.</summary>
    /// <param name="settings">What can be chosen of it.</param>
    /// <param name="by">Who does it.</param>
    /// <param name="id">
    /// The id that it is to have, 32 hexadecimal digits, so that a request that is sent twice makes one; refused if there is
    /// or was one with it. Null: a new one.
    /// </param>
    Task<Answer<CreatedToken>> CreateToken(TokenSettings settings, Actor by, string? id = null);

    /// <summary>A token; null if there is none with this id.</summary>
    Task<TokenRecord?> GetToken(string id);

    /// <summary>Tokens, the newest first.</summary>
    /// <param name="skip">How many to leave out.</param>
    /// <param name="take">How many at most, 1 to <see cref="ListMax"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">One of them is not accepted.</exception>
    Task<TokenPage> ListTokens(int skip, int take);

    /// <summary>Changes what can be chosen of a token.</summary>
    /// <param name="id">The token.</param>
    /// <param name="settings">All of it.</param>
    /// <param name="version">Only if it is this version; null: whatever it is.</param>
    /// <param name="by">Who does it.</param>
    Task<Answer<TokenRecord>> UpdateToken(string id, TokenSettings settings, long? version, Actor by);

    /// <summary>Gives a token another value. The old one ends here at once, and on every node within a second.</summary>
    /// <inheritdoc cref="UpdateToken"/>
    Task<Answer<CreatedToken>> RollToken(string id, long? version, Actor by);

    /// <summary>Ends a token, here at once, and on every node within a second.</summary>
    /// <inheritdoc cref="UpdateToken"/>
    Task<Answer<TokenRecord>> DeleteToken(string id, long? version, Actor by);

    /// <summary>The token or session, if its value still has this hash; else null.</summary>
    Task<TokenRecord?> CheckToken(string id, byte[] hash);

    /// <summary>Records that a token or session was used, unless that was recorded for the last minute.</summary>
    Task RecordTokenUse(string id, DateTimeOffset at);

    /// <summary>A part of the audit log.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The limit is not accepted.</exception>
    Task<AuditPage> ReadAudit(AuditQuery query);

    /// <summary>Goes through a part of the audit log, to prove that nothing in it was changed.</summary>
    /// <param name="after">What was proved before, the last part or a note of long ago; null to begin at the first entry.</param>
    Task<AuditProof> VerifyAudit(AuditProof? after);
}
