using Skerry.Accounts;
using Skerry.Accounts.Audit;
using Skerry.Accounts.Tokens;

namespace Skerry.Server.Management.Tokens;

/// <summary>The tokens of an account or of a user; both have the same calls. See <see cref="IAccount"/>.</summary>
internal interface ITokenStore
{
    Task<Answer<CreatedToken>> CreateAsync(TokenSettings settings, Actor by);

    Task<TokenRecord?> FindAsync(string id);

    Task<TokenPage> ListAsync(int skip, int take);

    Task<Answer<TokenRecord>> UpdateAsync(string id, TokenSettings settings, long? version, Actor by);

    Task<Answer<CreatedToken>> RollAsync(string id, long? version, Actor by);

    Task<Answer<TokenRecord>> DeleteAsync(string id, long? version, Actor by);
}

/// <summary>An account's tokens.</summary>
internal sealed class AccountTokenStore(IAccount account) : ITokenStore
{
    public Task<Answer<CreatedToken>> CreateAsync(TokenSettings settings, Actor by) => account.CreateToken(settings, by);

    public Task<TokenRecord?> FindAsync(string id) => account.GetToken(id);

    public Task<TokenPage> ListAsync(int skip, int take) => account.ListTokens(skip, take);

    public Task<Answer<TokenRecord>> UpdateAsync(string id, TokenSettings settings, long? version, Actor by) => account.UpdateToken(id, settings, version, by);

    public Task<Answer<CreatedToken>> RollAsync(string id, long? version, Actor by) => account.RollToken(id, version, by);

    public Task<Answer<TokenRecord>> DeleteAsync(string id, long? version, Actor by) => account.DeleteToken(id, version, by);
}
