namespace Skerry.Accounts.Users;

/// <summary>What is accepted as a person's names: anything, within bounds.</summary>
internal static class UserNames
{
    private const int CharsMax = 60;

    /// <summary>Why they are refused, as a sentence with the fields' names; null if they are not.</summary>
    public static string? Problem(string? firstName, string? lastName) => IsAccepted(firstName) && IsAccepted(lastName)
        ? null
        : $"first_name, last_name: one of them is too long or has control characters; accepted: up to {CharsMax} characters.";

    private static bool IsAccepted(string? name) => name is null || (name.Length <= CharsMax && !name.Any(char.IsControl));
}
