namespace Skerry.Accounts;

/// <summary>An account. Immutable.</summary>
/// <param name="Id">32 hexadecimal digits.</param>
/// <param name="Name">For people.</param>
/// <param name="CreatedOn">When it was made.</param>
public sealed record AccountInfo(string Id, string Name, DateTimeOffset CreatedOn);
