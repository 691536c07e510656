namespace Skerry.Server.Management.SignIn;

/// <summary>By what people can sign in here.</summary>
internal sealed record SignInMethodsResult(bool Password, bool Passkeys, OidcMethodResult? Oidc);

/// <summary>Sign-in by OpenID Connect.</summary>
internal sealed record OidcMethodResult(string Name);

/// <summary>An identity at another sign-in, as its user sees it; and which to remove.</summary>
internal sealed record LinkResult(string? Issuer, string? Subject);

/// <summary>Where to go to link an identity.</summary>
internal sealed record BegunLinkResult(string Url);
