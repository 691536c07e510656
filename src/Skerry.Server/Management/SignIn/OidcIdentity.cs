using Skerry.Accounts.Users;

namespace Skerry.Server.Management.SignIn;

/// <summary>Who somebody is, as the provider's checked token says.</summary>
/// <param name="Link">Who it is there.</param>
/// <param name="VerifiedEmail">The e-mail address that the provider has verified; null if it says of none that it has.</param>
internal sealed record OidcIdentity(UserLink Link, string? VerifiedEmail);
