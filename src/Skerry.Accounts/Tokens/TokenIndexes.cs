using Skerry.Objects;

namespace Skerry.Accounts.Tokens;

/// <summary>Which of the indexes of tokens is whose.</summary>
internal static class TokenIndexes
{
    /// <summary>The index that has a value's hash, if any has it.</summary>
    public static ITokenIndex Of(this DurableObjectNamespace<ITokenIndex> indexes, TokenHash hash) => indexes.GetByName($"{hash.Shard:x2}");
}
