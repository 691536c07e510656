using Skerry.Accounts.Audit;
using Skerry.Accounts.Tokens;
using Skerry.Objects;

namespace Skerry.Accounts;

/// <summary>
/// An account: the tokens that it owns, and the log of everything that was changed in it. Its object's name is its id.
/// Whether somebody may do something is not asked here: the authorizer has said so before.
/// </summary>
public interface IAccount : IDurableObject
{
    /// <summary>The most tokens of one account.</summary>
    const int TokensMax = 10_000;

    /// <summary>Makes the account, if it is not there.</summary>
    Task<AccountInfo> Create(string name, Actor by);

    /// <summary>The account; null if it was never made.</summary>
    Task<AccountInfo?> Get();

    /// <summary>Makes a token that the account owns.</summary>
    Task<Answer<CreatedToken>> CreateToken(TokenSettings settings, Actor by);

    /// <summary>A token of the account; null if there is none with this id.</summary>
    Task<TokenRecord?> GetToken(string id);

    /// <summary>Tokens of the account, the newest first.</summary>
    /// <param name="skip">How many to leave out.</param>
    /// <param name="take">How many at most.</param>
    Task<TokenPage> ListTokens(int skip, int take);

    /// <summary>Changes what can be chosen of a token.</summary>
    Task<Answer<TokenRecord>> UpdateToken(string id, TokenSettings settings, Actor by);

    /// <summary>Gives a token another value. The old one ends at once.</summary>
    Task<Answer<CreatedToken>> RollToken(string id, Actor by);

    /// <summary>Ends a token.</summary>
    Task<Answer<TokenRecord>> DeleteToken(string id, Actor by);

    /// <summary>The token, if its value still has this hash; else null.</summary>
    Task<TokenRecord?> CheckToken(string id, byte[] hash);

    /// <summary>A token was used. Kept to about a minute.</summary>
    Task TokenUsed(string id, DateTimeOffset at);

    /// <summary>A part of the audit log.</summary>
    Task<AuditPage> ReadAudit(AuditQuery query);

    /// <summary>Goes through the whole audit log, to prove that nothing in it was changed.</summary>
    Task<AuditProof> VerifyAudit();
}
