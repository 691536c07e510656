using System.Security.Cryptography;
using Skerry.Accounts.Audit;
using Skerry.Accounts.Tokens;
using Skerry.Objects;

namespace Skerry.Accounts.Tests.Tokens;

/// <summary>An object with nothing but tokens, which ends them all while one is being made.</summary>
public interface ITokenKeeper : IDurableObject
{
    Task<Answer<CreatedToken>> CreateWhileAllAreEnded(TokenSettings settings);

    Task<TokenPage> List();
}

/// <inheritdoc cref="ITokenKeeper"/>
public sealed class TokenKeeper : DurableObject, ITokenKeeper
{
    private readonly TokenTable _tokens;

    public TokenKeeper(DurableObjectNamespace<ITokenIndex> index, RandomNumberGenerator random, TimeProvider time)
    {
        if (Sql.Exec<long>("SELECT count(*) FROM sqlite_schema WHERE name = 'tokens'").One() == 0)
        {
            TokenTable.Create(Sql);
            AuditLog.Create(Sql);
        }

        _tokens = new(TokenKind.User, Id.Name!, new(Sql, Storage, Context, random, time), new(Sql), index, static () => true);
    }

    public async Task<Answer<CreatedToken>> CreateWhileAllAreEnded(TokenSettings settings)
    {
        // The index answers only when this turn is over.
        var made = _tokens.CreateAsync(settings, Actor.System, null);
        _tokens.DeleteAll();
        return await made;
    }

    public Task<TokenPage> List() => Task.FromResult(_tokens.List(0, 10));
}
