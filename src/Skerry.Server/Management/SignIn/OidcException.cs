namespace Skerry.Server.Management.SignIn;

/// <summary>A sign-in by the provider that did not come to an end, with what people are told of it.</summary>
internal sealed class OidcException(string message, Exception? inner = null) : Exception(message, inner);
