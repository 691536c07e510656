namespace Skerry.Accounts.Users;

/// <summary>
/// One change at a time, of those that ask other objects on their way: one must not come into another's. Only for the code of
/// one object.
/// </summary>
internal sealed class ChangeTurn
{
    private long _begun;

    /// <summary>Whether a change is under way.</summary>
    public bool IsTaken { get; private set; }

    /// <summary>A mark of this moment for <see cref="IsQuietSince"/>.</summary>
    public long Mark() => _begun;

    /// <summary>Whether no change is under way, and none has begun since a mark, not even one that is over.</summary>
    public bool IsQuietSince(long mark) => !IsTaken && _begun == mark;

    /// <summary>Makes a change, unless one is under way.</summary>
    /// <returns>False: one is, and nothing was done.</returns>
    public async Task<bool> TryAsync(Func<Task> change)
    {
        if (IsTaken)
        {
            return false;
        }

        (IsTaken, _begun) = (true, _begun + 1);
        try
        {
            await change();
            return true;
        }
        finally
        {
            IsTaken = false;
        }
    }
}
