namespace Skerry.Accounts;

/// <summary>What an object answers: a value, or why there is none. Exceptions would lose their type between nodes.</summary>
/// <param name="Value">The value; null if there is none.</param>
/// <param name="Fault">Why there is none.</param>
/// <param name="Message">The same as a sentence: what was wrong, and what is accepted.</param>
/// <param name="RetryAfter">How long to wait before asking again; null where waiting does not help.</param>
public sealed record Answer<T>(T? Value, AccountsFault Fault = AccountsFault.None, string? Message = null, TimeSpan? RetryAfter = null)
    where T : class
{
    /// <summary>A value.</summary>
    public static implicit operator Answer<T>(T value) => new(value);
}
